"""What is told of a run at one moment, and how."""

from __future__ import annotations

import json

import pytest
from rich.console import Console

from target_pipedrive.progress.pace import LATELY, Pace
from target_pipedrive.progress.picture import Picture, until_midnight
from target_pipedrive.progress.view import line, picture_of, span, tokens

NOON = 1_800_014_400.0 + 12 * 3600 - (1_800_014_400 % 86_400)
PICTURE = Picture(
    run="20270115T120000Z-abcdef",
    mode="apply",
    began=NOON - 750,
    at=NOON,
    read={"users": 4, "patients": 12_000, "individual_appointments": 30},
    left_out={"patients": 2},
    written={"person": 9_800, "activity": 20},
    stood={"person": 2_000},
    rejected={"person": 3, "": 1},
    requests=9_900,
    tokens=49_100,
    left=36_000,
    rate=13.14,
    burn=5.0,
)


def shown(picture, *, height=40, width=120):
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123 - a sink
    console.print(picture_of(picture, "goes on", height=height))
    console.file.close()
    return console.export_text()


def test_the_line_for_logs_has_all_of_it():
    assert line(PICTURE) == (
        "12 min 30 s: 12,034 records read, 9,820 objects written (13.1/s), 4 rejected; 49,100 "
        "tokens spent today, 36,000 left: until 14:00 UTC at this rate, in 2 h 00 min"
    )


@pytest.mark.parametrize(
    ("left", "burn", "told"),
    [
        (36_000, 0.0, "36,000 left"),  # nothing is spent
        (36_000, 0.1, "36,000 left"),  # enough for today
        (36_000, 5.0, "36,000 left: until 14:00 UTC at this rate, in 2 h 00 min"),
        (0, 5.0, "0 left: nothing is written until the next day begins, at 00:00 UTC"),
    ],
)
def test_how_long_the_days_tokens_last(left, burn, told):
    picture = Picture.loads(json.dumps(json.loads(PICTURE.dumps()) | {"left": left, "burn": burn}))
    assert tokens(picture) == f"49,100 tokens spent today, {told}"


def test_the_tables_have_streams_and_objects():
    text = shown(PICTURE)
    rows = [row.split() for row in text.splitlines()]
    assert ["apply", "20270115T120000Z-abcdef", "goes", "on", "12", "min", "30", "s"] in rows
    together = " ".join(" ".join(row) for row in rows)
    for part in (
        "patients 12,000 2",
        "person 9,800 2,000 3",
        "not kept · · 1",
        "all 12,034 2",
        "all 9,820 2,000 4",
        "13.1 objects a second, 9,900 requests",
    ):
        assert part in together, text


def test_a_low_terminal_shows_the_newest_streams():
    many = {f"stream_{number:02}": 10 for number in range(30)}
    picture = Picture(run="r", mode="apply", began=0, at=1, read=many)
    text = shown(picture, height=16)
    assert len(text.splitlines()) <= 16
    assert "stream_29" in text
    assert "stream_02" not in text
    assert "23 before" in text
    assert "300" in text
    assert "stream_00" in shown(picture, height=60)


def test_a_picture_is_read_as_it_was_written():
    assert Picture.loads(PICTURE.dumps()) == PICTURE
    newer = json.dumps(json.loads(PICTURE.dumps()) | {"unheard_of": 1})
    assert Picture.loads(newer) == PICTURE
    assert Picture.loads('{"run": "r", "mode": "apply", "began": 1, "at": 2}').tokens == 0


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-1, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 00 s"),
        (3_599, "59 min 59 s"),
        (3_600, "1 h 00 min"),
        (90_000, "1 d 01 h"),
    ],
)
def test_a_span_has_its_two_largest_units(seconds, told):
    assert span(seconds) == told


def test_the_day_ends_at_midnight_utc():
    assert until_midnight(NOON) == 12 * 3600


def test_the_pace_is_that_of_the_last_minute():
    pace = Pace(0.0, 0, 100)
    assert pace.at(0.0, 5, 100) == (0.0, 0.0)
    assert pace.at(10.0, 50, 150) == (5.0, 5.0)
    for second in range(11, 200):
        slow = pace.at(float(second), 50 + second, 150)
    assert slow == (1.0, 0.0)
    assert len(pace._seen) <= LATELY + 2


def test_the_pace_begins_anew_with_the_days_tokens():
    pace = Pace(0.0, 0, 29_000)
    pace.at(10.0, 10, 29_900)
    assert pace.at(11.0, 11, 5) == (0.0, 0.0)
    assert pace.at(12.0, 13, 10) == (2.0, 5.0)
