"""Whatever is wrong: one clear line that says what to do, an exit code, nothing half done."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SECRETS = ("sandbox-key", "sandbox-token", "wrong-secret")


def last_error(log: str) -> str:
    """Return the error lines of a log, joined."""
    return "\n".join(line for line in log.splitlines() if "ERROR" in line)


def assert_clear(code: int, expected: int, log: str, *told: str) -> None:
    assert code == expected, log
    assert "Traceback" not in log
    error = last_error(log)
    for text in told:
        assert text in error, log
    for secret in SECRETS:
        assert secret not in log


def tap(pipe, **config) -> tuple[int, str]:
    found = {key: value for key, value in (pipe.tap_config | config).items() if value is not None}
    pipe.tap_config = found
    done = subprocess.run(
        pipe.tap(), capture_output=True, text=True, timeout=60, cwd=pipe.folder, check=False
    )
    assert '"type":"RECORD"' not in done.stdout.replace(" ", "")
    return done.returncode, done.stderr


MESSAGES = """\
{"type": "SCHEMA", "stream": "weather", "schema": {"properties": {"id": {"type": "string"}}}, \
"key_properties": ["id"]}
{"type": "STATE", "value": {"seen": 1}}
"""


def target(pipe, **config) -> tuple[int, str, str]:
    done = subprocess.run(
        pipe.target(**config),
        input=MESSAGES,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=pipe.folder,
        check=False,
    )
    assert pipe.writes() == []
    return done.returncode, done.stderr, done.stdout


@pytest.mark.parametrize(
    ("config", "code", "told"),
    [
        pytest.param({"api_key": "wrong-secret-au1"}, 3, ["au1"], id="wrong key"),
        pytest.param({"contact_email": None}, 2, ["contact_email"], id="no contact e-mail"),
        pytest.param({"contact_email": "nobody"}, 2, ["contact_email"], id="no e-mail address"),
        pytest.param({"api_key": None}, 2, ["api_key"], id="no key"),
        pytest.param({"api_url": "http://api.au1.cliniko.com"}, 2, ["https://"], id="plain http"),
        pytest.param({"api_url": "http://127.0.0.1:9"}, 1, ["127.0.0.1"], id="nobody listens"),
        pytest.param(
            {"api_url": None, "api_key": "wrong-secret-zz9", "requests_per_minute": None},
            1,
            ["api.zz9.cliniko.com"],
            id="a shard that does not exist",
        ),
        pytest.param({"start_date": "yesterday"}, 2, ["start_date"], id="no date"),
        pytest.param({"attachments_dir": "/proc/nowhere"}, 2, ["attachments_dir"], id="no spool"),
    ],
)
def test_the_tap_says_what_is_wrong(idle, config, code, told):
    found, log = tap(idle, **config)
    assert_clear(found, code, log, *told)


def test_the_tap_tells_all_faults_at_once(idle):
    code, log = tap(idle, contact_email=None, api_url="http://x.example", start_date="soon")
    assert_clear(code, 2, log, "contact_email", "https://", "start_date")


@pytest.mark.parametrize(
    ("config", "code", "told"),
    [
        pytest.param({"api_token": "wrong-secret"}, 3, ["TARGET_PIPEDRIVE_API_TOKEN"], id="token"),
        pytest.param({"api_token": " "}, 2, ["api_token"], id="no token"),
        pytest.param({"api_url": "http://x.pipedrive.com"}, 2, ["https://"], id="plain http"),
        pytest.param({"api_url": "x"}, 2, ["https://COMPANY.pipedrive.com"], id="no address"),
        pytest.param({"api_url": "http://127.0.0.1:9"}, 1, ["127.0.0.1:9"], id="nobody listens"),
        pytest.param({"mapping": "nowhere"}, 2, ["nowhere"], id="no mapping"),
        pytest.param({"output_dir": "/proc/nowhere"}, 2, ["output_dir"], id="no output folder"),
        pytest.param({"ledger": "sqlite:////proc/no/l.db"}, 2, ["ledger"], id="no ledger"),
        pytest.param({"ledger": "nonsense"}, 2, ["sqlite:///"], id="no ledger URL"),
        pytest.param({"subscription": "gold"}, 2, ["subscription"], id="no such plan"),
        pytest.param({"default_owner": "x@y.example"}, 2, ["x@y.example"], id="no such owner"),
        pytest.param({"currency": "dollars"}, 2, ["currency"], id="no currency"),
    ],
)
def test_the_target_says_what_is_wrong(idle, config, code, told):
    found, log, out = target(idle, **config)
    assert_clear(found, code, log, *told)
    assert out == ""


def test_a_mapping_is_refused_with_all_its_faults(idle, tmp_path):
    pipe = idle
    folder = tmp_path / "transforms"
    shutil.copytree(ROOT / "transforms", folder)
    patients = folder / "patients.yml"
    text = patients.read_text()
    assert "key: id" in text
    patients.write_text(text.replace("object: person", "object: persn"))
    products = folder / "products.yml"
    products.write_text(
        products.read_text().replace("stream: products", "stream: products\nkye: 1")
    )
    code, log, _ = target(pipe, mapping=str(folder))
    assert_clear(code, 2, log, "patients.yml:", "persn", "products.yml:", "kye")
    assert pipe.sandbox.log() == []


def test_a_ledger_of_a_newer_release_is_left_alone(idle):
    pipe = idle
    assert target(pipe)[0] == 0
    with sqlite3.connect(pipe.folder / "ledger.db") as ledger:
        ledger.execute("update meta set value = '99' where name = 'version'")
    ledger.close()
    code, log, _ = target(pipe)
    assert_clear(code, 2, log, "version 99", "Install the release that wrote it")


def test_a_ledger_of_another_account_is_left_alone(idle):
    pipe = idle
    assert target(pipe)[0] == 0
    with sqlite3.connect(pipe.folder / "ledger.db") as ledger:
        ledger.execute("update meta set value = '1' where name = 'company'")
    ledger.close()
    code, log, _ = target(pipe)
    assert_clear(code, 2, log, "belongs to Pipedrive company 1")


def test_a_firewall_page_stops_the_run_at_once(idle):
    pipe = idle
    pipe.sandbox.fault(api="pipedrive", kind="html_403")
    code, log, _ = target(pipe)
    assert_clear(code, 5, log)
    assert len(pipe.sandbox.log()) == 1


def test_a_spent_budget_stops_the_run_so_that_it_can_go_on(pipeline):
    pipe = pipeline(patients=10)
    result = pipe.run(daily_tokens=400)
    assert_clear(result.target, 4, result.target_log, "tokens are spent")
    spent = pipe.sandbox.stats()["tokens"]["total"]
    assert 350 < spent <= 400
    with sqlite3.connect(pipe.folder / "ledger.db") as ledger:
        ledger.execute("delete from tokens")
    ledger.close()
    assert pipe.run().target == 0
    report = pipe.check()
    assert report["ok"], "\n".join(report["lines"])
