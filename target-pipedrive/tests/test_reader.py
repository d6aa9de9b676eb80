"""Lines that are no Singer message: told by their number, never by their content."""

from __future__ import annotations

import io
import json

import pytest

from target_pipedrive import reader
from target_pipedrive.errors import BadInput
from target_pipedrive.reader import Reader

GOOD = json.dumps({"type": "STATE", "value": {}}) + "\n"
RECORD = '{"type": "RECORD", "stream": "s", "record": %s}\n'


def read(*lines):
    taken = []
    file = io.TextIOWrapper(io.BytesIO(b"".join(lines)), encoding="utf-8", newline="\n")
    callbacks = dict.fromkeys(["RECORD", "STATE", "SCHEMA"], taken.append)
    Reader().process_lines(file, callbacks)
    return taken


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "line",
    [
        RECORD % ('{"a": ' * 50_000 + "1" + "}" * 50_000),
        RECORD % ("[" * 200_000),
        RECORD % '{"secret": NaN}',
        RECORD % '{"secret": Infinity}',
        RECORD % '{"secret": -Infinity}',
        RECORD % ('{"secret": ' + "9" * 5_000 + "}"),
        RECORD % '{"secret": 1',
        RECORD % '["secret"]',
        RECORD % '"secret"',
        '{"type": ["secret"]}\n',
        '{"type": "secret"}\n',
        "secret\n",
        "\n",
        "[]\n",
        "null\n",
    ],
    ids=lambda line: line[:60],
)
def test_it_ends_the_run_and_quotes_nothing(line, caplog):
    caplog.set_level("DEBUG")
    with pytest.raises(BadInput, match=r"^Line 2 of the input ") as caught:
        read(GOOD.encode(), line.encode())
    assert "secret" not in str(caught.value) + caplog.text
    assert caught.value.__cause__ is None


def test_bytes_that_are_no_text_end_it_too():
    with pytest.raises(BadInput, match="no UTF-8") as caught:
        read(GOOD.encode(), b'{"type": "RECORD", "secret": "\xff\xfe"}\n')
    assert "secret" not in str(caught.value)


def test_a_line_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(reader, "MAX_LINE", 1_000)
    with pytest.raises(BadInput, match="longer than 1,000 characters"):
        read((RECORD % json.dumps({"a": "x" * 2_000})).encode())


def test_of_a_key_that_stands_twice_the_last_counts():
    (message,) = read((RECORD % '{"a": 1, "a": 2}').encode())
    assert message["record"] == {"a": 2}
