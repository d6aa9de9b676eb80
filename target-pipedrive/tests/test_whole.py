"""Which streams come whole, by the messages of a tap."""

from __future__ import annotations

import pytest

from target_pipedrive.whole import Whole

SCHEMA: dict[str, object] = {}
BOOKMARKED = {"bookmark_properties": ["updated_at"]}
ROW = {"version": 5}


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([SCHEMA, ROW, ROW, "end"], ["whole True", "gone"]),
        ([SCHEMA, "end"], ["whole True", "gone"]),  # an empty list
        ([SCHEMA, ROW], ["whole True"]),  # cut off
        ([SCHEMA, {}, {}], []),  # a tap that knows no versions
        ([SCHEMA, ROW, "filtered", ROW, "end"], ["whole True", "whole False"]),
        ([SCHEMA, "filtered", ROW, "end"], ["whole False"]),
        ([BOOKMARKED, ROW, "end"], []),
        ([SCHEMA, ROW, SCHEMA, ROW, "end"], ["whole True", "gone"]),
        ([SCHEMA, ROW, BOOKMARKED, ROW, "end"], ["whole True"]),
        (["end"], []),
    ],
)
def test_only_what_surely_came_whole_is_told(messages, told):
    heard: list[str] = []
    whole = Whole(
        lambda message: heard.append(
            " ".join(str(word) for word in message if word != "s" and word is not None)
        )
    )
    for message in messages:
        if message == "end":
            whole.end("s")
        elif message == "filtered":
            whole.record("s", ROW, passed_on=False)
        elif "version" in message or (message == {} and message is not SCHEMA):
            whole.record("s", message, passed_on=True)
        else:
            whole.schema("s", message)
    assert heard == told
