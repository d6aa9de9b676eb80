"""The pure rules: settings, links, stamps, pacing, bookmarks."""

from __future__ import annotations

import copy
import json

import pytest

from tap_cliniko.bookmark import Bookmark
from tap_cliniko.errors import SettingsError, StoppedError
from tap_cliniko.links import flatten
from tap_cliniko.resume import Run
from tap_cliniko.settings import Settings, is_safe, shard_of, unknown_settings
from tap_cliniko.stamps import normal
from tap_cliniko.stopping import Stopper
from tap_cliniko.versions import following

GOOD = {"api_key": "abc-au2", "contact_email": "a@example.com"}


@pytest.mark.parametrize(
    ("key", "shard"),
    [
        ("MS0xLWFi-au1", "au1"),
        ("a-b-c-UK2", "uk2"),
        ("nosuffix", "au1"),
        ("with-hyphen", "au1"),
        ("x-eu10", "eu10"),
        ("x-au100", "au1"),
    ],
)
def test_shard(key, shard):
    assert shard_of(key) == shard


@pytest.mark.parametrize(
    ("given_url", "url"),
    [
        (None, "https://api.au2.cliniko.com/v1"),
        ("https://api.uk1.cliniko.com", "https://api.uk1.cliniko.com/v1"),
        ("https://api.uk1.cliniko.com/v1/", "https://api.uk1.cliniko.com/v1"),
        ("http://127.0.0.1:8931", "http://127.0.0.1:8931/v1"),
    ],
)
def test_address(given_url, url):
    assert Settings.parse({**GOOD, "api_url": given_url}).api_url == url


@pytest.mark.parametrize(
    ("wrong", "say"),
    [
        ({"api_key": ""}, "api_key is missing: set TAP_CLINIKO_API_KEY"),
        ({"api_key": "a:b"}, "api_key is malformed"),
        ({"api_key": "a b"}, "api_key is malformed"),
        ({"api_key": 123456}, "api_key is not a text"),
        ({"contact_email": None}, "contact_email is missing"),
        ({"contact_email": "jo"}, "contact_email is malformed"),
        ({"contact_email": "a@b.c\r\nX: y"}, "contact_email is malformed"),
        ({"api_url": "http://api.au1.cliniko.com"}, "api_url is neither https"),
        ({"api_url": "http://127.0.0.1.example.com"}, "api_url is neither https"),
        ({"api_url": "ftp://x"}, "api_url is neither https"),
        ({"api_url": "https://u:p@x"}, "api_url carries more"),
        ({"start_date": "31/01/2024"}, "start_date is no date: type it as in 2024-01-31"),
        ({"start_date": 20240131}, "start_date is not a text"),
        ({"requests_per_minute": 0}, "requests_per_minute is not a whole number of at least 1"),
        ({"requests_per_minute": 1.5}, "requests_per_minute is not a whole number"),
        ({"requests_per_minute": True}, "requests_per_minute is not a whole number"),
        ({"requests_per_minute": 201}, "Cliniko allows 200 at most"),
        ({"max_attachment_mb": -1}, "max_attachment_mb is not a number of at least 0"),
        ({"attachments_dir": 5}, "attachments_dir is not a text"),
    ],
)
def test_each_wrong_setting_has_a_sentence(wrong, say):
    with pytest.raises(SettingsError) as caught:
        Settings.parse({**GOOD, **wrong})
    (fault,) = caught.value.faults
    assert fault.startswith(say) or say in fault
    assert "123456" not in fault


def test_all_faults_at_once():
    with pytest.raises(SettingsError) as caught:
        Settings.parse({"start_date": "x", "max_attachment_mb": "y"})
    assert len(caught.value.faults) == 4


def test_the_key_is_not_shown():
    assert "abc" not in repr(Settings.parse(GOOD))


def test_a_mistyped_setting_is_named():
    (sentence,) = unknown_settings(["api_keys"], ["api_key", "api_url"])
    assert sentence == "unknown setting api_keys is ignored; did you mean api_key?"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://s3.example.com/x", True),
        ("http://localhost:1/x", True),
        ("http://[::1]/x", True),
        ("http://10.0.0.1/x", False),
        ("file:///etc/passwd", False),
        ("https:///x", False),
        ("http://[bad", False),
    ],
)
def test_safe_addresses(url, safe):
    assert is_safe(url) is safe


def to(url):
    return {"links": {"self": url}}


@pytest.mark.parametrize(
    ("row", "record"),
    [
        ({"patient": to("https://h/v1/patients/12")}, {"patient_id": "12"}),
        ({"patient": to("http://h/patients/12/")}, {"patient_id": "12"}),
        ({"attendees": to("https://h/v1/attendees?q%5B%5D=patient_id%3A%3D1")}, {}),
        ({"attendees": to("https://h/v1/a?x=/12")}, {}),
        ({"conflicts": to("https://h/v1/x/1/conflicts")}, {}),
        ({"repeats": None, "links": {"self": "x"}}, {}),
        ({"telehealth_url": "u", "cancellation_url": "u"}, {}),
        ({"booking_ip_address": "1", "online_payment_url": "u"}, {}),
        (
            {"content": {"sections": []}, "new_field": [1]},
            {"content": {"sections": []}, "new_field": [1]},
        ),
        ({"links": {"self": "x"}, "notes": None}, {"notes": None}),
        ({"odd": {"links": {}}}, {}),
        ({"odd": {"links": None}}, {}),
    ],
)
def test_flatten(row, record):
    assert flatten(row) == record


def test_missing_links_become_null():
    assert flatten({"referrer": None}, {"referrer_id", "patient_id"}) == {
        "referrer_id": None,
        "patient_id": None,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-31", "2024-01-31T00:00:00Z"),
        ("2024-01-31T10:00:00+10:00", "2024-01-31T00:00:00Z"),
        ("2024-01-31T00:00:00.999999Z", "2024-01-31T00:00:00Z"),
    ],
)
def test_stamps(text, expected):
    assert normal(text) == expected


def test_a_wish_to_stop_ends_a_sleep():
    stopper = Stopper()
    stopper.signum = 15
    with pytest.raises(StoppedError) as caught:
        stopper.sleep(100)
    assert caught.value.exit_code == 143


CAP, EARLY, LATE = "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"


def test_first_read():
    state: dict = {}
    bookmark = Bookmark(state, CAP)
    assert (bookmark.since, bookmark.why_whole(0)) == (None, "first read")
    sweep = bookmark.sweep(7, ["created_at"])
    sweep.passed({"id": "5", "created_at": EARLY})
    sweep.passed({"id": "6", "created_at": LATE})
    assert Bookmark(state, LATE).why_whole(0) is not None
    assert Bookmark(state, LATE).sweep(8, []).after == 6
    assert Bookmark(state, LATE).sweep(8, []).version == 7
    bookmark.end_sweep(sweep)
    assert bookmark.is_current
    assert (bookmark.since, bookmark.removed_since) == (CAP, CAP)
    assert state["census"] == {"before": CAP, "counts": {"created_at": 1}}
    assert Bookmark(state, LATE).why_whole(0) is None


def test_what_is_over_is_null_and_not_gone():
    """Meltano lays the state of a run that failed over the one before."""
    before, after = {}, {}
    bookmark = Bookmark(before, EARLY)
    bookmark.end_sweep(bookmark.sweep(None, []))
    after = {**before, **json.loads(json.dumps(before))}
    bookmark = Bookmark(after, CAP)
    bookmark.advance(CAP)
    bookmark.finish({})
    assert {**before, **after} == after


def test_changes_move_the_position_up_to_the_cap():
    state = {"replication_key": "updated_at", "replication_key_value": EARLY}
    bookmark = Bookmark(state, CAP)
    bookmark.advance(LATE)
    assert state["replication_key_value"] == CAP
    assert state["hidden_since"] == EARLY
    bookmark.finish({"created_at": 3})
    assert state["hidden_since"] is None
    assert state["census"] == {"before": CAP, "counts": {"created_at": 3}}
    assert Bookmark(state, EARLY).since == CAP, "a clock set back moves nothing"


@pytest.mark.parametrize(
    ("swept", "days", "due"),
    [
        (EARLY, 0, False),
        (EARLY, 2, False),
        (EARLY, 1, True),
        (None, 1, True),
        (None, 0, False),
    ],
)
def test_a_sweep_is_due_after_so_many_days(swept, days, due):
    state = {"replication_key": "updated_at", "replication_key_value": CAP, "swept_at": swept}
    assert (Bookmark(state, CAP).why_whole(days) is not None) == due


@pytest.mark.parametrize(
    ("last", "clock", "version"),
    [(None, 100.9, 100), (99, 100.9, 100), (100, 100, 101), (500, 100, 501)],
)
def test_versions_rise_even_when_the_clock_goes_back(last, clock, version):
    assert following(last, clock) == version


@pytest.mark.parametrize(
    ("run", "finished", "passed_over"),
    [
        (None, EARLY, False),  # the last run came to its end
        (EARLY, EARLY, True),
        (EARLY, None, False),
        (LATE, EARLY, False),
    ],
)
def test_only_what_the_run_cut_off_has_read_is_passed_over(run, finished, passed_over):
    state = {"run": run, "bookmarks": {"taxes": {"finished_by": finished}}}
    assert Run(state, "2026-01-01T20:00:00Z", ["taxes", "users"]).has_read("taxes") == passed_over


def test_a_run_a_day_old_or_with_nothing_left_is_not_gone_on_with():
    state = {"run": EARLY, "bookmarks": {"taxes": {"finished_by": EARLY}}}
    assert not Run(copy.deepcopy(state), CAP, ["taxes", "users"]).has_read("taxes")
    assert not Run(copy.deepcopy(state), "2026-01-01T01:00:00Z", ["taxes"]).has_read("taxes")


def test_start_date_is_outlived_by_the_bookmark():
    state: dict = {}
    bookmark = Bookmark(state, LATE, EARLY)
    sweep = bookmark.sweep(None, [])
    bookmark.end_sweep(sweep)
    assert not bookmark.is_current, "removed rows are still to be looked for"
    assert (bookmark.since, bookmark.removed_since) == (LATE, EARLY)
    state = {"replication_key": "updated_at", "replication_key_value": CAP}
    assert Bookmark(state, LATE, EARLY).since == CAP


def test_a_whole_read_with_another_start_date_begins_anew():
    state: dict = {}
    Bookmark(state, CAP).sweep(7, []).passed({"id": "5"})
    assert Bookmark(state, CAP, EARLY).sweep(None, []).after == -1


def test_an_unfinished_read_keeps_its_lower_bound():
    state = {
        "replication_key": "updated_at",
        "replication_key_value": CAP,
        "hidden_since": EARLY,
    }
    bookmark = Bookmark(state, LATE)
    assert (bookmark.since, bookmark.removed_since) == (CAP, EARLY)
    bookmark.advance(CAP)
    assert state["hidden_since"] == EARLY
