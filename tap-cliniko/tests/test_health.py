"""``tap-cliniko --test``: whether the key works, and what it shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tap_cliniko.streams import STREAMS

testing = pytest.importorskip("sandbox.testing")

ADMINISTRATOR, RECEPTIONIST = "sandbox-key-au1", "sandbox-receptionist-au1"


@pytest.fixture(scope="module")
def sandbox():
    with testing.running(patients=20) as running:
        running.call("POST", "/limits", {"cliniko_per_minute": 100_000})
        yield running


@pytest.fixture
def check(sandbox, tmp_path):
    """Run the test with some settings; the log of the sandbox then tells what it asked."""

    def run(*arguments, **settings):
        config = {
            "api_key": ADMINISTRATOR,
            "api_url": sandbox.cliniko,
            "contact_email": "tests@example.com",
            **settings,
        }
        (tmp_path / "config.json").write_text(json.dumps(config))
        sandbox.call("DELETE", "/log")
        done = subprocess.run(
            [sys.executable, "-m", "tap_cliniko", "--config=config.json", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert config["api_key"] not in done.stdout + done.stderr
        return done

    return run


def table(text: str) -> dict[str, tuple[str, str]]:
    """Streams with rows and remark."""
    rows = re.findall(r"(?m)^(\w+) +([\d,]+|–)(?:  (.*))?$", text)
    return {stream: (count.replace(",", ""), remark.strip()) for stream, count, remark in rows}


def test_it_says_what_the_key_can_see(sandbox, check):
    done = check("--test")
    assert done.returncode == 0
    told = table(done.stdout)
    assert list(told) == [stream.name for stream in STREAMS]
    lists = sandbox.dump()["cliniko"]["streams"]
    for name, (rows, remark) in told.items():
        assert (int(rows), remark) == (len(lists.get(name, "1")), ""), name
    assert "Role     administrator" in done.stdout
    assert f"{len(STREAMS)} of {len(STREAMS)} selected streams can be read." in done.stdout
    assert "Beware" not in done.stdout
    for row in lists["users"] + lists["practitioners"]:
        assert row.get("email", row["last_name"]) not in done.stdout
    asked = sandbox.log()
    assert len(asked) <= len(STREAMS) + 3
    assert all("per_page=1" in (entry["query"] or "per_page=1") for entry in asked)


def test_it_says_what_the_key_cannot_see(check):
    done = check("--test", api_key=RECEPTIONIST)
    assert done.returncode == 0
    told = table(done.stdout)
    refused = ("–", "not visible to this key (HTTP 403, role receptionist)")
    assert told["users"] == told["treatment_notes"] == refused
    assert told["patients"] == ("20", "")
    invisible = sum(remark != "" for _, remark in told.values())
    assert invisible >= 4
    said = f"{len(STREAMS) - invisible} of {len(STREAMS)} selected streams can be read."
    assert said in done.stdout
    assert "Beware: the key's user has the role receptionist" in done.stdout


def test_what_a_run_would_stop_at_fails_the_test(check):
    done = check("--test", api_key=RECEPTIONIST, when_not_visible="stop")
    assert done.returncode == 3
    assert table(done.stdout)["users"][0] == "–"
    assert "users (HTTP 403)" in done.stderr
    assert check("--test", when_not_visible="stop").returncode == 0


@pytest.mark.parametrize(
    "order", [("--catalog=chosen.json", "--test"), ("--test", "--catalog=chosen.json")]
)
def test_only_what_is_selected_is_asked(sandbox, check, tmp_path, order):
    catalog = json.loads(check("--discover").stdout)
    chosen = {"patients", "taxes"}
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if entry["breadcrumb"] == []:
                entry["metadata"]["selected"] = stream["stream"] in chosen
    (tmp_path / "chosen.json").write_text(json.dumps(catalog))
    done = check(*order, api_key=RECEPTIONIST, when_not_visible="stop")
    assert done.returncode == 0, done.stderr
    assert table(done.stdout).keys() == chosen
    asked = {entry["path"] for entry in sandbox.log()}
    assert asked == {"/v1/user", "/v1/settings/public", "/v1/patients", "/v1/taxes"}


@pytest.mark.parametrize(
    ("settings", "code", "line"),
    [
        ({"api_key": "another-au1"}, 3, "the API key is refused by"),
        ({"contact_email": "nobody"}, 2, "contact_email is malformed"),
        ({"attachments_dir": "/proc/nowhere"}, 2, "attachments_dir /proc/nowhere cannot be"),
    ],
)
def test_what_is_wrong_is_one_line(check, settings, code, line):
    done = check("--test", **settings)
    assert done.returncode == code
    assert [text for text in done.stderr.splitlines() if "| ERROR" in text and line in text]


def test_schemas_can_be_tested_alone(sandbox, check):
    done = check("--test=schema")
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["stream"] for line in lines] == [stream.name for stream in STREAMS]
    assert {line["type"] for line in lines} == {"SCHEMA"}
    assert sandbox.log() == []


def test_the_help_names_the_inventory(check):
    assert "tap-cliniko inventory --help" in check("--help").stdout
