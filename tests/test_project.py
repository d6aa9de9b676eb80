"""The repository itself: what its files say of each other is true."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from singer_sdk import Tap, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PLUGINS = {"tap-cliniko": ("extractors", Tap), "target-pipedrive": ("loaders", Target)}
MELTANO = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
IGNORED = {
    ".git",
    "output",
    *(ROOT / ".gitignore").read_text(encoding="utf-8").replace("/", "").split(),
}


def project_files(suffix: str = "") -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in IGNORED]
        yield from (Path(folder, name) for name in names if name.endswith(suffix))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


MARKDOWN = sorted(map(relative, project_files(".md")))


def plugin(kind: str, name: str) -> dict[str, Any]:
    return next(entry for entry in MELTANO["plugins"][kind] if entry["name"] == name)


def environment(name: str) -> dict[str, Any]:
    return next(entry for entry in MELTANO["environments"] if entry["name"] == name)


def pyproject(folder: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))


def run(
    *command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=env, check=False, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def docs() -> Any:
    loader = importlib.machinery.SourceFileLoader("docs_script", str(ROOT / "scripts/docs"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def own_settings(docs: Any) -> dict[str, dict[str, Any]]:
    return {name: docs.settings(name, base) for name, (_, base) in PLUGINS.items()}


# Files


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        (r"/(?:home|root|Users|workspace)/[A-Za-z]", "a folder of somebody's own machine"),
        (r"https?://\S+/simple\b", "the address of a package index"),
    ],
)
def test_nothing_of_the_place_where_it_was_written(pattern: str, what: str):
    found = [
        f"{relative(path)}: {match[0]}"
        for path in project_files()
        if path.name not in {"uv.lock", Path(__file__).name}
        for match in re.finditer(pattern, path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert not found, f"{what} stands in the project"


@pytest.mark.parametrize("page", MARKDOWN)
def test_links_lead_somewhere(page: str):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (ROOT / page).parent / name if name else ROOT / page
        assert file.exists(), f"{page} links to {target}, which is not there"
        if anchor:
            headings = re.findall(r"(?m)^#+ (.+)$", file.read_text(encoding="utf-8"))
            slugs = [re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings]
            assert anchor in slugs, f"{page} links to {target}: no such heading"


def test_one_version_and_the_changelog_knows_it():
    versions = {
        folder: pyproject(folder)["project"]["version"]
        for folder in (".", "tap-cliniko", "target-pipedrive", "plugins/sandbox")
    }
    assert len(set(versions.values())) == 1, versions
    assert f"## [{versions['.']}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


# Commands that the pages tell people to type


@pytest.mark.parametrize("page", MARKDOWN)
def test_scripts_that_pages_name_can_be_run(page: str):
    text = (ROOT / page).read_text(encoding="utf-8")
    for name in re.findall(r"(?<![\w/.])(scripts/[a-z]+|\.ci/run)\b", text):
        assert os.access(ROOT / name, os.X_OK), f"{page} names {name}"


@pytest.mark.parametrize("page", MARKDOWN)
def test_meltano_commands_that_pages_name_exist(page: str):
    text = (ROOT / page).read_text(encoding="utf-8")
    own = (ROOT / page).with_name("meltano.yml")  # an example is a project of its own
    project = yaml.safe_load(own.read_text(encoding="utf-8")) if own.exists() else MELTANO
    names = {entry["name"] for kind in project["plugins"].values() for entry in kind}
    jobs = {job["name"] for job in project.get("jobs", ())}
    for line in re.findall(r"\bmeltano (?:--?\S+ )*run ([^#\n`>:]+)", text):
        blocks = {word for word in line.split() if not word.startswith("-")}
        assert blocks <= names | jobs, f"{page}: meltano run {line}"
    for name, command in re.findall(r"meltano invoke ([\w-]+):([\w-]+)", text):
        commands = next(
            entry.get("commands", {})
            for kind in MELTANO["plugins"].values()
            for entry in kind
            if entry["name"] == name
        )
        assert command in commands, f"{page}: meltano invoke {name}:{command}"
    for name in re.findall(r"meltano [^#\n`]*schedule run ([\w-]+)", text):
        assert name in {schedule["name"] for schedule in MELTANO["schedules"]}, page


@pytest.mark.parametrize(
    "name", ["scripts/setup", "scripts/demo", "scripts/test", "scripts/constraints", ".ci/run"]
)
def test_scripts_are_sound_shell(name: str):
    shell = (ROOT / name).read_text(encoding="utf-8").splitlines()[0].rpartition("/")[2].split()
    outcome = run(shell[-1], "-n", ROOT / name)
    assert outcome.returncode == 0, outcome.stderr


def test_setup_says_which_python_it_needs(tmp_path: Path):
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\necho Python 3.9.1\nexit 1\n")
    old.chmod(0o755)
    outcome = run(tmp_path / "scripts/setup", env={"PATH": os.environ["PATH"], "PYTHON": str(old)})
    assert outcome.returncode == 2
    assert "Python 3.11, 3.12 or 3.13 is needed" in outcome.stderr
    assert "3.9.1" in outcome.stderr
    assert not (tmp_path / ".venv").exists()


def test_setup_asks_for_the_pythons_that_pyproject_allows():
    low, high = re.search(
        r"\(3, (\d+)\) <= .* < \(3, (\d+)\)", (ROOT / "scripts/setup").read_text(encoding="utf-8")
    ).groups()
    assert pyproject(".")["project"]["requires-python"] == f">=3.{low},<3.{high}"


# Generated files


def test_lock_is_in_step():
    outcome = run(BIN / "uv", "lock", "--check", "--offline")
    assert outcome.returncode == 0, outcome.stderr


def test_constraints_are_in_step(tmp_path: Path):
    outcome = run(ROOT / "scripts/constraints", tmp_path / "constraints.txt")
    assert outcome.returncode == 0, outcome.stderr
    fresh = (tmp_path / "constraints.txt").read_text(encoding="utf-8")
    assert "singer-sdk==" in fresh
    kept = (ROOT / "plugins/constraints.txt").read_text(encoding="utf-8")
    assert kept == fresh, "write them with: scripts/constraints"


def test_tables_are_in_step():
    outcome = run(sys.executable, ROOT / "scripts/docs", "--check")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_tables_are_written_between_their_marks(docs: Any):
    text = "a\n<!-- BEGIN reject codes -->\nstale\n<!-- END reject codes -->\nb\n"
    fresh = docs.rewrite(text)
    assert fresh.startswith("a\n<!-- BEGIN reject codes -->\n| Code | Meaning |")
    assert fresh.endswith("|\n<!-- END reject codes -->\nb\n")
    assert "stale" not in fresh
    assert "`parent_missing`" in fresh
    with pytest.raises(KeyError):
        docs.rewrite("<!-- BEGIN nonsense -->\n<!-- END nonsense -->")


def test_exit_codes_of_the_readme_are_those_of_the_target():
    from target_pipedrive import errors

    rows = re.findall(r"(?m)^\| (\d) \| ", (ROOT / "README.md").read_text(encoding="utf-8"))
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.TargetError)
    ]
    assert sorted({0, *(kind.exit_code for kind in kinds)}) == [int(row) for row in rows]


# meltano.yml


@pytest.mark.parametrize("name", PLUGINS)
def test_meltano_knows_the_settings_of_the_plugin(name: str, own_settings: Any):
    told = {entry["name"]: entry for entry in plugin(PLUGINS[name][0], name)["settings"]}
    own = own_settings[name]
    assert set(told) == set(own)
    for setting, spec in own.items():
        entry = told[setting]
        assert bool(entry.get("sensitive")) == bool(spec.get("secret")), setting
        kinds = {kind: {kind} for kind in ("integer", "boolean", "object")}
        kinds["number"] = {"decimal"}
        types = set(spec["type"]) - {"null"} if isinstance(spec["type"], list) else {spec["type"]}
        expected = kinds.get(types.pop(), {"string", "options", "date_iso8601"})
        assert entry["kind"] in expected, setting
        if entry["kind"] == "options":
            assert {option["value"] for option in entry["options"]} == set(spec["enum"]), setting
        assert entry.get("description"), setting


@pytest.mark.parametrize("name", PLUGINS)
def test_meltano_asks_for_what_the_plugin_requires(name: str, own_settings: Any):
    groups = plugin(PLUGINS[name][0], name)["settings_group_validation"]
    required = {setting for setting, spec in own_settings[name].items() if spec["required"]}
    assert all(required <= set(group) for group in groups)


def test_only_demo_holds_demo_values():
    elsewhere = json.dumps(
        {key: value for key, value in MELTANO.items() if key != "environments"}
        | {"prod": environment("prod")}
    )
    for value in environment("demo")["env"].values():
        if value and not value.startswith("$") and value != "ultimate":
            assert value not in elsewhere
    assert environment("prod") == {"name": "prod"}


def test_demo_cannot_reach_real_accounts(tmp_path: Path):
    """Whatever the shell and .env say, `demo` reads, writes and remembers in the sandbox alone."""
    shutil.copy(ROOT / "meltano.yml", tmp_path)
    pinned = environment("demo")["env"]
    (tmp_path / ".env").write_text("".join(f"{name}=https://real.test\n" for name in pinned))
    env = os.environ | dict.fromkeys(pinned, "https://also-real.test")
    shown = ""
    for name in PLUGINS:
        command = ["--environment=demo", "invoke", "--no-install", "--dump=config", name]
        outcome = run(BIN / "meltano", *command, cwd=tmp_path, env=env)
        assert outcome.returncode == 0, outcome.stderr
        config = json.loads(outcome.stdout)
        prefix = name.upper().replace("-", "_") + "_"
        for variable, value in pinned.items():
            if variable.startswith(prefix):
                expected = value.replace("$MELTANO_PROJECT_ROOT", str(tmp_path))
                assert config[variable.removeprefix(prefix).lower()] == expected
        shown += outcome.stdout
    assert "real.test" not in shown
    assert "127.0.0.1:8931" in shown
    assert "127.0.0.1:8932" in shown


def test_demo_pins_every_credential_and_place(own_settings: Any):
    pinned = environment("demo")["env"]
    for name, settings in own_settings.items():
        for setting, spec in settings.items():
            is_place = setting.endswith(("_url", "_dir")) or setting == "ledger"
            if spec.get("secret") or is_place:
                assert f"{name.upper().replace('-', '_')}_{setting.upper()}" in pinned


def test_every_plugin_is_known_without_meltano_hub():
    for kind, plugins in MELTANO["plugins"].items():
        for entry in plugins:
            if "inherit_from" in entry:
                assert plugin(kind, entry["inherit_from"])
                continue
            if "namespace" in entry:
                assert entry["pip_url"].endswith(" -c plugins/constraints.txt")
                continue
            lock = ROOT / "plugins" / kind / f"{entry['name']}--{entry['variant']}.lock"
            assert json.loads(lock.read_text(encoding="utf-8"))["pip_url"] == entry["pip_url"]
