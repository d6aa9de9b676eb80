"""The commands of the README, on a copy of the project that was never set up."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parent.parent
LEFT_BY_RUNS = shutil.ignore_patterns(
    ".git", ".venv", ".meltano", ".*_cache", "__pycache__", ".env"
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy without git, environment, caches or output, and an empty home beside it."""
    folder = tmp_path_factory.mktemp("machine")
    shutil.copytree(ROOT, folder / "project", ignore=LEFT_BY_RUNS)
    for path in (folder / "project/output").iterdir():
        if path.name != ".gitignore":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / "home").mkdir()
    return folder / "project"


def type_in(
    project: Path, command: str, *words: str, folder: Path = Path("/")
) -> subprocess.CompletedProcess[str]:
    """Type a command as a newcomer would, by default from another folder."""
    not_theirs = ("VIRTUAL_ENV", "UV_", "MELTANO_", "TAP_", "TARGET_", "PYTEST_", "PYTHON")
    env = {name: value for name, value in os.environ.items() if not name.startswith(not_theirs)}
    env |= {"HOME": str(project.parent / "home"), "TAP_CLINIKO_API_URL": "https://real.test"}
    return subprocess.run(
        [project / command, *words],
        cwd=folder,
        env=env,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
    )


def tree(project: Path) -> set[str]:
    """What git would see."""
    ignored = {".venv", ".meltano", "output", "__pycache__"}
    files = (path for path in project.rglob("*") if path.is_file())
    paths: Iterable[Path] = (path.relative_to(project) for path in files)
    return {path.as_posix() for path in paths if not ignored.intersection(path.parts)}


def test_demo_on_a_machine_that_has_nothing(fresh: Path):
    before = tree(fresh)
    wiring = (fresh / "meltano.yml").read_bytes()
    for _ in ("first", "again"):
        outcome = type_in(fresh, "scripts/demo")
        assert outcome.returncode == 0, outcome.stdout[-4000:]
        assert "== Done" in outcome.stdout
        assert tree(fresh) == before
        assert (fresh / "meltano.yml").read_bytes() == wiring
        stopped = subprocess.run(
            [fresh / ".venv/bin/sandbox", "status"], cwd=fresh, check=False, capture_output=True
        )
        assert stopped.returncode != 0, "the demo left its sandbox running"


def told(text: str) -> str:
    """A line without what Meltano puts before it, and without figures that the clock bears on."""
    text = re.sub(r"^\S+Z \[\w+ *\] \S+ +", "", text.strip())
    return re.sub(r"[0-9a-f]{64}|\d[\d,.]*", "#", text)


def test_the_weekend_is_as_the_readme_tells_it(fresh: Path):
    weekend = (fresh / "README.md").read_text().partition("## A weekend")[2].partition("\n## ")[0]
    blocks = re.findall(r"```console\n(.+?)```", weekend, re.DOTALL)
    commands = [command for block in blocks for command in re.split(r"(?m)^\$ ", block)[1:]]
    assert len(commands) == 8
    assert type_in(fresh, "scripts/setup").returncode == 0
    shutil.rmtree(fresh / "output/demo", ignore_errors=True)
    assert type_in(fresh, ".venv/bin/sandbox", "start", "--fresh", folder=fresh).returncode == 0
    try:
        for each in commands:
            command, *expected = each.rstrip().splitlines()
            outcome = type_in(
                fresh, f".venv/bin/{command.split()[0]}", *command.split()[1:], folder=fresh
            )
            assert outcome.returncode == 0, outcome.stdout[-4000:]
            printed = [told(line) for line in outcome.stdout.splitlines()]
            for line in expected:
                assert told(line) in printed, f"{command} does not say: {line}\n{outcome.stdout}"
    finally:
        type_in(fresh, ".venv/bin/sandbox", "stop", folder=fresh)
