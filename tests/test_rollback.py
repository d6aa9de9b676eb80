"""What was loaded is taken back: the account is as it was, and loads anew, exactly once."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import urllib.request
from typing import Any

import pytest

from tests.test_optional import NAMES, switched_on

STANDS = ("persons", "organizations", "deals", "activities", "products", "notes", "files", "leads")
EVERYTHING = (
    *STANDS,
    *("dealProducts", "activityTypes", "leadLabels"),
    *("personFields", "organizationFields", "dealFields", "productFields"),
)
PASSED_OVER = {"update_time", "add_time", "order_nr"}


def standing(sandbox: Any, *kinds: str) -> dict[str, list[dict[str, Any]]]:
    """Return what stands in Pipedrive, without stamps; custom fields where they hold something."""
    dump = sandbox.dump()["pipedrive"]
    return {kind: [_plain(row) for row in dump[kind] if _stands(row)] for kind in kinds or STANDS}


def _stands(row: dict[str, Any]) -> bool:
    return not row.get("is_deleted") and row.get("active_flag") is not False


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in row.items() if key not in PASSED_OVER}
    if isinstance(custom := row.get("custom_fields"), dict):
        plain["custom_fields"] = {code: one for code, one in custom.items() if one is not None}
    return plain


def roll_back(
    pipe: Any,
    *words: str,
    code: int = 0,
    kill_after: int | None = None,
    signum: int = signal.SIGKILL,
) -> str:
    """Run the command; return what it printed."""
    target = pipe.target()
    command = [target[0], "rollback", *target[1:], *words]
    out = pipe.folder / "rollback.out"
    with out.open("w") as written:
        process = subprocess.Popen(command, stdout=written, stderr=written, cwd=pipe.folder)
        if kill_after is not None:
            pipe.sandbox.clear_log()
            while process.poll() is None and _deletes(pipe) < kill_after:
                time.sleep(0.01)
            process.send_signal(signum)
        ended = process.wait(120)
    text = out.read_text()
    if kill_after is None:
        assert ended == code, text
    return text


def _deletes(pipe: Any) -> int:
    return sum(row["method"] == "DELETE" for row in pipe.sandbox.log())


def told(pipe: Any) -> dict[str, Any]:
    return json.loads((pipe.folder / "output" / "rollback.json").read_text())


def by_hand(pipe: Any, method: str, path: str, body: Any = None) -> Any:
    """Send a request as somebody would by hand."""
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{pipe.sandbox.pipedrive}/api/{path}",
        None if body is None else json.dumps(body).encode(),
        {"x-api-token": "sandbox-token", "content-type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        return json.load(answer)["data"]


def loaded(pipe: Any) -> None:
    result = pipe.run()
    assert (result.tap, result.target) == (0, 0), result.target_log + result.tap_log


@pytest.fixture
def clinic(pipeline):
    """A small clinic, moved with all that is optional, and what stood in Pipedrive before."""
    pipe = pipeline(patients=12)
    pipe.target_config["mapping"] = switched_on(pipe.folder, *NAMES)
    pipe.before = standing(pipe.sandbox, *EVERYTHING)
    loaded(pipe)
    return pipe


def test_the_account_is_as_it_was_and_loads_anew_exactly_once(clinic):
    loaded_state = standing(clinic.sandbox)
    clinic.sandbox.clear_log()
    dry = roll_back(clinic, "--schema")
    foreseen = told(clinic)
    assert clinic.writes() == []
    assert "Nothing was changed" in dry
    assert "rollback --schema --yes" in dry

    clinic.sandbox.clear_log()
    text = roll_back(clinic, "--schema", "--yes")
    done = told(clinic)
    assert standing(clinic.sandbox, *EVERYTHING) == clinic.before, text
    assert done["objects"] == foreseen["objects"]
    assert done["kept"] == []
    spent = sum(row["tokens"] for row in clinic.writes())
    assert spent == done["price"]["tokens"]

    clinic.state = None
    loaded(clinic)
    now = standing(clinic.sandbox)
    assert {kind: len(rows) for kind, rows in now.items()} == {
        kind: len(rows) for kind, rows in loaded_state.items()
    }
    assert clinic.sandbox.check(optional_files=NAMES)["ok"]


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_stopped_at_any_point_it_ends_the_same(pipeline, signum):
    pipe = pipeline(patients=12)
    before = standing(pipe.sandbox)
    loaded(pipe)
    for deletes in (1, 20, 45):
        roll_back(pipe, "--yes", kill_after=deletes, signum=signum)
    roll_back(pipe, "--yes")
    assert standing(pipe.sandbox) == before
    assert [one for one in told(pipe)["kept"] if one["reason"] != "schema"] == []
    pipe.state = None
    loaded(pipe)
    assert pipe.check()["ok"]


@pytest.mark.slow
def test_fields_in_use_stay_and_a_create_that_nobody_knows_of_goes(pipeline):
    pipe = pipeline(patients=3)
    messages = pipe.record()
    before = standing(pipe.sandbox, *EVERYTHING)
    pipe.load(messages, kill_after=110)  # some creates have no link
    walk_in = before["persons"][0]
    loaded_fields = standing(pipe.sandbox, "personFields")["personFields"]
    used = next(row for row in loaded_fields if row["field_name"] == "Occupation")
    body = {"custom_fields": {used["field_code"]: "Baker"}}
    by_hand(pipe, "PATCH", f"v2/persons/{walk_in['id']}", body)
    roll_back(pipe, "--yes", "--schema")
    assert [(one["reason"], one["id"]) for one in told(pipe)["kept"]] == [("in_use", "Occupation")]

    by_hand(
        pipe,
        "PATCH",
        f"v2/persons/{walk_in['id']}",
        {"custom_fields": {used["field_code"]: None}},
    )
    roll_back(pipe, "--yes", "--schema")
    assert standing(pipe.sandbox, *EVERYTHING) == before


def test_without_a_ledger_there_is_nothing_to_take_back(idle):
    assert "There is no ledger" in roll_back(idle, code=2)
