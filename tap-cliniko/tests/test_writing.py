"""Lines on standard output: the SDK's very lines, in order, a state never before its records."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from singer_sdk.singerlib import RecordMessage, SchemaMessage, StateMessage
from singer_sdk.singerlib.encoding import SimpleSingerWriter

from tap_cliniko.writing import RECORDS_AT_ONCE, Writer

NOW = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)


@pytest.mark.parametrize(
    "message",
    [
        RecordMessage("s", {"id": "1", "name": 'Zoë "x" \n\u2028', "none": None, "list": [1, {}]}),
        RecordMessage("s", {"id": "1"}, version=3, time_extracted=NOW),
        RecordMessage("s", {"id": "1", "lone": "\ud83d"}, time_extracted=NOW),
        RecordMessage("s", {"mapped": Decimal("0.10"), "at": NOW, "nan": float("nan")}),
        SchemaMessage("s", {"properties": {}}, ["id"]),
        StateMessage({"bookmarks": {"s": {"version": None}}}),
    ],
)
def test_a_line_says_what_the_sdk_says(message):
    ours, theirs = Writer(), SimpleSingerWriter()
    assert json.loads(ours.format_message(message)) == json.loads(theirs.format_message(message))


def test_records_wait_for_each_other_and_a_state_for_all(capsys):
    writer = Writer()
    for number in range(RECORDS_AT_ONCE + 3):
        writer.write_message(RecordMessage("s", {"id": str(number)}))
    assert len(capsys.readouterr().out.splitlines()) == RECORDS_AT_ONCE
    writer.write_message(StateMessage({"a": 1}))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["type"] for line in lines] == ["RECORD"] * 3 + ["STATE"]
    assert lines[0]["record"] == {"id": str(RECORDS_AT_ONCE)}
