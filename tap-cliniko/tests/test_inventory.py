"""The inventory against the simulated clinic: exact, in three forms, and silent on patients."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from datetime import datetime
from typing import ClassVar

import pytest

from tap_cliniko.errors import NotVisibleError, RefusedQueryError
from tap_cliniko.inventory.custom_fields import described, is_filled
from tap_cliniko.inventory.gather import _resource
from tap_cliniko.inventory.model import Resource
from tap_cliniko.paging import Page
from tap_cliniko.streams import STREAMS
from tap_cliniko.tables import Table

testing = pytest.importorskip("sandbox.testing")

ADMINISTRATOR, RECEPTIONIST = "sandbox-key-au1", "sandbox-receptionist-au1"
SINGLE = {"public_settings", "settings", "user"}

INTEGER, TEXT, FLAG = "integer", "text", "flag"
SHAPE = {
    "version": INTEGER,
    "taken_at": TEXT,
    "account_id": TEXT,
    "subdomain": TEXT,
    "country_code": TEXT,
    "role": TEXT,
    "warning": TEXT,
    "resources": {
        "stream": TEXT,
        "rows": INTEGER,
        "hidden": INTEGER,
        "hidden_by": "counts",
        "oldest": TEXT,
        "newest": TEXT,
        "problem": TEXT,
    },
    "practitioners": {
        "id": TEXT,
        "name": TEXT,
        "email": TEXT,
        "active": FLAG,
        "user_id": TEXT,
        "user_active": FLAG,
    },
    "users": {"role": TEXT, "active": INTEGER, "inactive": INTEGER},
    "custom_fields": {
        "patients_sampled": INTEGER,
        "patients": INTEGER,
        "fields": {
            "section": TEXT,
            "name": TEXT,
            "token": TEXT,
            "type": TEXT,
            "options": "texts",
            "archived": FLAG,
            "defined": FLAG,
            "filled": INTEGER,
        },
    },
    "attachments": {
        "files": INTEGER,
        "bytes": INTEGER,
        "exact": FLAG,
        "files_sampled": INTEGER,
        "largest": INTEGER,
        "large": INTEGER,
        "large_bytes": INTEGER,
    },
    "efforts": {"work": TEXT, "requests": INTEGER, "minutes": "number"},
    "requests_per_minute": INTEGER,
    "requests": INTEGER,
}
"""The JSON form, version 1: a change of it is a change for those who read it."""


@pytest.fixture(scope="module")
def sandbox():
    with testing.running(patients=60) as running:
        yield running


@pytest.fixture(scope="module")
def clinic(sandbox):
    return sandbox.dump()["cliniko"]


def tap(sandbox, *arguments, key=ADMINISTRATOR, **variables):
    settings = {
        "TAP_CLINIKO_API_KEY": key,
        "TAP_CLINIKO_API_URL": sandbox.cliniko,
        "TAP_CLINIKO_CONTACT_EMAIL": "tests@example.com",
        "TAP_CLINIKO_REQUESTS_PER_MINUTE": "200",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tap_cliniko", *arguments],
        env=os.environ | settings | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert key not in done.stdout + done.stderr
    return done


def taken(sandbox, *arguments, **variables):
    """The inventory as JSON."""
    done = tap(sandbox, "inventory", "--format=json", *arguments, **variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(autouse=True)
def _fast(sandbox):
    """The limit is real; each test begins a minute of its own."""
    sandbox.call("POST", "/limits", {"cliniko_per_minute": 100_000})


@pytest.fixture(scope="module")
def reports(sandbox):
    """Each form, and what was logged meanwhile."""
    sandbox.call("POST", "/limits", {"cliniko_per_minute": 100_000})
    return {form: tap(sandbox, "inventory", f"--format={form}") for form in FORMS}


FORMS = ("json", "table", "markdown")


@pytest.fixture(scope="module")
def inventory(reports):
    assert reports["json"].returncode == 0, reports["json"].stderr
    return json.loads(reports["json"].stdout)


def by_stream(inventory):
    return {resource["stream"]: resource for resource in inventory["resources"]}


# What it says


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_counts_and_dates_are_the_clinics(stream, inventory, clinic):
    told = by_stream(inventory)[stream.name]
    assert told["problem"] is None
    if stream.name in SINGLE:
        assert told["rows"] == 1
        return
    rows = clinic["streams"][stream.name]
    assert told["rows"] == len(rows)
    if stream.name == "practitioners":
        inactive = sum(not row["active"] for row in rows)
        assert (told["hidden"], told["hidden_by"]) == (inactive, {"inactive": inactive})
    else:
        hidden = {stamp: sum(row.get(stamp) is not None for row in rows) for stamp in stream.hidden}
        assert told["hidden_by"] == (hidden if rows else {})
        assert told["hidden"] == sum(any(row.get(stamp) for stamp in stream.hidden) for row in rows)
    if "created_at" in stream.schema["properties"]:
        assert told["oldest"] == min((row["created_at"] for row in rows), default=None)
        assert told["newest"] == max((row["updated_at"] for row in rows), default=None)


def test_some_rows_are_hidden_more_than_once_or_the_test_shows_nothing(inventory):
    attendees = by_stream(inventory)["attendees"]
    assert 0 < attendees["hidden"] < sum(attendees["hidden_by"].values())


def test_the_roster_names_each_practitioner_with_the_mail_of_their_user(inventory, clinic):
    users = {user["id"]: user for user in clinic["streams"]["users"]}
    roster = {person["id"]: person for person in inventory["practitioners"]}
    assert len(roster) == len(clinic["streams"]["practitioners"]) == len(inventory["practitioners"])
    for row in clinic["streams"]["practitioners"]:
        user = users[row["user"]["links"]["self"].rpartition("/")[2]]
        person = roster[row["id"]]
        assert person["email"] == user["email"]
        assert person["name"] == row["display_name"]
        assert (person["active"], person["user_active"]) == (row["active"], user["active"])
    counted = sum(group["active"] + group["inactive"] for group in inventory["users"])
    assert counted == len(users)


def test_custom_fields_are_counted_by_token(inventory, clinic):
    told = inventory["custom_fields"]
    patients = clinic["streams"]["patients"]
    assert told["patients_sampled"] == told["patients"] == len(patients)
    sections = clinic["settings"]["patient_custom_fields_definition"]["sections"]
    defined = [field["token"] for section in sections for field in section["fields"]]
    assert [field["token"] for field in told["fields"] if field["defined"]] == defined
    for field in told["fields"]:
        assert field["filled"] == sum(
            is_filled(held)
            for patient in patients
            for section in (patient["custom_fields"] or {}).get("sections", [])
            for held in section["fields"]
            if held["token"] == field["token"]
        )
    assert any(field["filled"] for field in told["fields"])


def test_attachments_are_added_up(inventory, clinic):
    rows = [row for row in clinic["streams"]["patient_attachments"] if row["archived_at"] is None]
    sizes = [row["size"] for row in rows]
    assert inventory["attachments"] == {
        "files": len(rows),
        "bytes": sum(sizes),
        "exact": True,
        "files_sampled": len(rows),
        "largest": max(sizes),
        "large": sum(size > 50_000_000 for size in sizes),
        "large_bytes": 50_000_000,
    }


def test_a_long_list_is_sampled_and_says_so():
    with testing.running(patients=420) as big:
        big.call("POST", "/limits", {"cliniko_per_minute": 100_000})
        told = taken(big, "--sample-pages=1")
        clinic = big.dump()["cliniko"]["streams"]
    assert told["custom_fields"]["patients"] == len(clinic["patients"])
    assert told["custom_fields"]["patients_sampled"] == 100
    files = [row["size"] for row in clinic["patient_attachments"] if row["archived_at"] is None]
    assert len(files) > 100
    attachments = told["attachments"]
    assert (attachments["files"], attachments["files_sampled"]) == (len(files), 100)
    assert attachments["exact"] is False
    assert attachments["largest"] == max(files)
    assert attachments["bytes"] > 0


def test_requests_are_few_and_counted(sandbox, inventory):
    sandbox.call("DELETE", "/log")
    again = taken(sandbox)
    asked = [entry for entry in sandbox.log() if entry["api"] == "cliniko"]
    assert again["requests"] == len(asked) == inventory["requests"]
    stamps = sum(len(stream.hidden) for stream in STREAMS)
    assert len(asked) <= 3 * len(STREAMS) + stamps + 20
    assert all(entry["method"] == "GET" for entry in asked)


def test_the_effort_is_what_a_run_then_takes(sandbox, inventory, tmp_path):
    told = {effort["work"]: effort for effort in inventory["efforts"]}
    variables = {
        "TAP_CLINIKO_REQUESTS_PER_MINUTE": "200",
        "TAP_CLINIKO_ATTACHMENTS_DIR": str(tmp_path / "spool"),
    }
    sandbox.call("DELETE", "/log")
    first = tap(sandbox, "--config=ENV", **variables)
    assert first.returncode == 0, first.stderr[-2000:]
    paths = [entry["path"] for entry in sandbox.log() if entry["api"] == "cliniko"]
    downloads = [path for path in paths if path.endswith("/content")]
    assert len(downloads) <= told["attachments"]["requests"] <= len(downloads) + 3
    full = len(paths) - len(downloads)
    assert full == pytest.approx(told["full_read"]["requests"], rel=0.1)
    state = [line for line in first.stdout.splitlines() if '"type":"STATE"' in line][-1]
    (tmp_path / "state.json").write_text(json.dumps(json.loads(state)["value"]))
    sandbox.call("DELETE", "/log")
    tap(sandbox, "--config=ENV", f"--state={tmp_path / 'state.json'}", **variables)
    delta = [entry for entry in sandbox.log() if not entry["path"].endswith("/content")]
    assert len(delta) == pytest.approx(told["delta"]["requests"], rel=0.15)
    for effort in told.values():
        assert effort["minutes"] == round(effort["requests"] / 200, 1)


# What the key cannot see


def test_what_is_not_visible_is_said_and_the_rest_is_counted(sandbox, clinic):
    told = taken(sandbox, key=RECEPTIONIST)
    resources = by_stream(told)
    problems = {name: entry["problem"] for name, entry in resources.items() if entry["problem"]}
    refused = {"users", "settings", "treatment_notes", "patient_attachments"}
    assert {*problems} >= refused | {"appointment_types"}
    for name in refused:
        assert problems[name] == "not visible to this key (HTTP 403, role receptionist)"
    assert "HTTP 404" in problems["appointment_types"]
    assert all(resources[name]["rows"] is None for name in problems)
    assert resources["patients"]["rows"] == len(clinic["streams"]["patients"])
    assert told["users"] is told["attachments"] is None
    assert all(person["email"] is None for person in told["practitioners"])
    assert "role receptionist" in told["warning"]
    text = tap(sandbox, "inventory", key=RECEPTIONIST).stdout
    assert "not visible to this key (HTTP 403, role receptionist)" in text
    assert "Beware: the key's user has the role receptionist" in text


# How it is told


def test_the_json_form_is_stable(inventory):
    def check(value, shape, where):
        if value is None:
            return
        if isinstance(shape, dict):
            for entry in value if isinstance(value, list) else [value]:
                assert list(entry) == list(shape), where
                for name, inner in shape.items():
                    check(entry[name], inner, f"{where}.{name}")
            return
        assert {
            INTEGER: lambda: type(value) is int,
            TEXT: lambda: isinstance(value, str),
            FLAG: lambda: isinstance(value, bool),
            "number": lambda: isinstance(value, float),
            "texts": lambda: all(isinstance(entry, str) for entry in value),
            "counts": lambda: all(type(count) is int for count in value.values()),
        }[shape](), where

    assert inventory["version"] == 1
    check(inventory, SHAPE, "inventory")
    datetime.fromisoformat(inventory["taken_at"])


def test_text_and_markdown_say_the_same(reports, inventory):
    for form in ("table", "markdown"):
        assert reports[form].returncode == 0
        for resource in inventory["resources"]:
            assert resource["stream"] in reports[form].stdout
        for person in inventory["practitioners"]:
            assert person["email"] in reports[form].stdout
    assert "\n## Practitioners\n" in reports["markdown"].stdout
    assert "\nPRACTITIONERS\n" in reports["table"].stdout


@pytest.mark.parametrize("form", FORMS)
def test_nothing_of_a_patient_is_told_and_nobody_is_logged(form, reports, clinic, inventory):
    report, log = reports[form].stdout, reports[form].stderr
    patients = clinic["streams"]["patients"]
    staff = {person["email"].lower() for person in inventory["practitioners"]}
    secrets = {row["email"] for row in patients if row["email"]}
    secrets |= {phone["number"] for row in patients for phone in row["patient_phone_numbers"]}
    secrets |= {row["label"] for row in patients if len(row["label"] or "") > 8}
    secrets |= {row["filename"] for row in clinic["streams"]["patient_attachments"]}
    secrets |= {
        field["value"]
        for row in patients
        for section in (row["custom_fields"] or {}).get("sections", [])
        for field in section["fields"]
        if len(field.get("value") or "") > 10
    }
    secrets = {text for text in secrets if len(text or "") > 5 and text.lower() not in staff}
    assert len(secrets) > 100
    assert not {secret for secret in secrets if secret in report}
    assert not {secret for secret in secrets if secret in log}
    for person in inventory["practitioners"]:
        assert person["email"] not in log
        assert person["name"] not in log


def test_a_file_of_its_own_is_private(sandbox, tmp_path):
    path = tmp_path / "inventory.md"
    done = tap(sandbox, "inventory", "--format=markdown", "--output", str(path))
    assert (done.returncode, done.stdout) == (0, "")
    assert path.read_text(encoding="utf-8").startswith("# Inventory of ")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "line"),
    [
        (["--output", "nowhere/at/all.md"], {}, 2, "the folder of --output"),
        (["--format=pdf"], {}, 2, "'pdf' is not one of"),
        ([], {"TAP_CLINIKO_CONTACT_EMAIL": "nobody"}, 2, "contact_email is malformed"),
        ([], {"TAP_CLINIKO_API_KEY": "another-au1"}, 3, "the API key is refused by"),
    ],
)
def test_faults_are_one_line(sandbox, arguments, variables, code, line):
    sandbox.call("DELETE", "/log")
    done = tap(sandbox, "inventory", *arguments, **variables)
    assert done.returncode == code
    assert line in done.stderr
    assert done.stdout == ""
    assert len(sandbox.log()) <= (code == 3)


def test_settings_may_come_from_files(sandbox, tmp_path):
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(json.dumps({"api_key": ADMINISTRATOR, "api_url": "https://wrong.test"}))
    second.write_text(
        json.dumps({"api_url": sandbox.cliniko, "contact_email": "tests@example.com"})
    )
    configs = [f"--config={first}", f"--config={second}"]
    told = taken(sandbox, *configs, TAP_CLINIKO_API_KEY="other-au1")
    assert told["role"] == "administrator"


# Rules


class Stubborn:
    """A stream whose list knows no filters and no order."""

    name = "recalls"
    hidden = ("archived_at",)
    not_everywhere = True
    schema: ClassVar = {"properties": {"id": {}, "created_at": {}}}

    def lifted(self, but=None):
        return tuple(f"{stamp}:*" for stamp in self.hidden if stamp != but)

    def peek(self, sort="", filters=None):
        if sort or filters != ():
            raise RefusedQueryError("HTTP 400")
        return Page([{"id": "1", "created_at": "2026-01-01T00:00:00Z"}], more=True, total=7)


def test_a_list_that_knows_no_filters_is_counted_nevertheless():
    told = _resource(Stubborn(), "administrator")
    assert (told.rows, told.hidden, told.hidden_by, told.newest) == (7, None, None, None)


def test_a_list_that_an_account_lacks():
    class Absent(Stubborn):
        def peek(self, sort="", filters=None):
            raise NotVisibleError("/recalls", 404)

    assert _resource(Absent(), "administrator") == Resource(
        "recalls", problem="this account does not have it (HTTP 404)"
    )


@pytest.mark.parametrize(
    ("field", "filled"),
    [
        ({"type": "text"}, False),
        ({"type": "text", "value": ""}, False),
        ({"type": "date", "value": "2020-01-01"}, True),
        ({"options": [{"name": "A"}, {"name": "B", "selected": False}]}, False),
        ({"options": [{"name": "A"}, {"name": "B", "selected": True}]}, True),
        ({"options": [], "other": {"enabled": True, "selected": True, "value": "x"}}, True),
        ({"options": None, "other": None}, False),
    ],
)
def test_what_counts_as_filled_in(field, filled):
    assert is_filled(field) is filled


def test_fields_that_patients_hold_though_nothing_defines_them_any_more():
    gone = {"sections": [{"name": "Old", "fields": [{"token": "t", "name": "F", "value": "x"}]}]}
    (field,) = described({}, [gone, gone, {"sections": None}])
    assert (field.section, field.name, field.filled, field.defined) == ("Old", "F", 2, False)


def test_tables_are_even_and_harmless():
    table = Table(("Name", "Rows"), [("a|b", 1234567), ("\x1b[31mred\nline", None)])
    assert table.text().splitlines() == [
        "Name               Rows",
        "a|b           1,234,567",
        "[31mred line          –",
    ]
    assert table.markdown().splitlines() == [
        "| Name | Rows |",
        "| --- | ---: |",
        "| a\\|b | 1,234,567 |",
        "| \\[31mred line | – |",
    ]
