"""What single streams do that others do not, through the whole tap against a small server."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout

import pytest
from fake_cliniko import link
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_cliniko.errors import ServerFaultError
from tap_cliniko.paging import Page, by_number
from tap_cliniko.tap import TapCliniko


def records(server, tmp_path, *names, **config):
    """Records of some streams, as they are written, and their schemas."""
    tap = TapCliniko(config=server.config(attachments_dir=str(tmp_path), **config))
    catalog = tap.catalog_dict
    for entry in catalog["streams"]:
        for part in entry["metadata"]:
            if part["breadcrumb"] == []:
                part["metadata"]["selected"] = entry["tap_stream_id"] in names
    tap = TapCliniko(config=server.config(attachments_dir=str(tmp_path), **config), catalog=catalog)
    out = io.StringIO()
    with redirect_stdout(out):
        tap.sync_all()
    messages = [json.loads(line) for line in out.getvalue().splitlines()]
    found = [(m["stream"], m["record"]) for m in messages if m["type"] == "RECORD"]
    assert {stream for stream, _ in found} <= set(names)
    schemas = {m["stream"]: m["schema"] for m in messages if m["type"] == "SCHEMA"}
    return [record for _, record in found], schemas


def test_a_field_that_cliniko_adds_tomorrow_arrives(server, tmp_path):
    new = {"new_object": {"a": [1, {"b": None}]}, "new_amount": 0.10, "new_list": [1.5, 2]}
    server.clinic.lists["taxes"][0] |= {**new, "new_thing": link("things/7"), "new_ids": [9]}
    (record,), _ = records(server, tmp_path, "taxes")
    assert record["new_object"] == {"a": [1, {"b": None}]}
    assert record["new_amount"] == "0.1"  # digits as they came, which a float would not keep
    assert record["new_list"] == ["1.5", 2]
    assert record["new_thing_id"] == "7"
    assert record["new_ids"] == ["9"]


def test_sensitive_fields_come_with_their_schema_when_asked_for(server, tmp_path):
    (record,), schemas = records(server, tmp_path, "individual_appointments")
    assert "telehealth_url" not in record.keys() | schemas["individual_appointments"]["properties"]
    (record,), schemas = records(
        server, tmp_path, "individual_appointments", keep_sensitive_links=True
    )
    assert record["telehealth_url"] == "https://example.com/secret"
    assert "telehealth_url" in schemas["individual_appointments"]["properties"]


def test_services_have_a_key_of_two_links(server, tmp_path):
    server.clinic.lists["services"] = [
        {
            "appointment_type": link(f"appointment_types/{number}"),
            "business": link("businesses/1"),
            "practitioners": [link("practitioners/1"), link("practitioners/2")],
            "id": str(number),
            "created_at": f"{number:03}",
        }
        for number in range(250)
    ]
    found, schemas = records(server, tmp_path, "services")
    assert {row["appointment_type_id"] for row in found} == {str(n) for n in range(250)}
    assert len(found) == 250
    assert found[0]["practitioner_ids"] == ["1", "2"]
    assert set(schemas["services"]["required"]) == {"appointment_type_id", "business_id"}
    asked = [request.query for request in server.paths("/v1/services")]
    assert all({name for name, _ in query} <= {"page", "per_page"} for query in asked)


def test_a_list_that_refuses_filters_is_read_by_page_numbers(server, tmp_path):
    for number in range(120):
        server.clinic.add("recalls", number, recall_at="2026-01-01", archived_at=None)
    server.faults.append(("recalls", "400", 1))
    found, _ = records(server, tmp_path, "recalls")
    assert len({row["id"] for row in found}) == len(found) == 120


@pytest.mark.parametrize("name", ["public_settings", "settings"])
def test_settings_without_an_account_are_a_fault_and_no_record(server, tmp_path, name):
    path = {"public_settings": "settings/public"}.get(name, name)
    server.faults.append((path, "nolist", 1))
    with pytest.raises(ServerFaultError, match="without the account's id"):
        records(server, tmp_path, name)


class Moving:
    """A list; rows leave from its front while it is read for the first time."""

    def __init__(self, size, leaving, per_page):
        self.rows = [{"id": number} for number in range(size)]
        self.leaving, self.per_page, self.asked, self.readings = list(leaving), per_page, 0, 0

    def fetch(self, query):
        self.asked += 1
        self.readings += query.page == 1
        if self.readings == 1 and self.leaving and self.rows and self.leaving.pop(0):
            self.rows.pop(0)
        begin = (query.page - 1) * self.per_page
        rows = self.rows[begin : begin + self.per_page]
        more = begin + self.per_page < len(self.rows)
        return Page(rows, more, len(self.rows))


@settings(deadline=None)
@given(st.integers(0, 30), st.lists(st.booleans(), max_size=8), st.integers(1, 7))
def test_a_list_read_by_numbers_is_whole_once_it_stands_still(size, leaving, per_page):
    moving = Moving(size, leaving, per_page)
    found = [row["id"] for rows in by_number(moving.fetch, lambda row: row["id"]) for row in rows]
    assert {row["id"] for row in moving.rows} <= set(found)
    assert len(found) == len(set(found))


def test_a_quiet_list_is_read_once():
    quiet = Moving(21, [], 5)
    assert sum(len(rows) for rows in by_number(quiet.fetch, lambda row: row["id"])) == 21
    assert quiet.asked == 5


def test_a_row_that_changed_between_two_readings_comes_again():
    first = [Page([{"id": 1, "n": 1}], more=True, total=3), Page([{"id": 2}], more=False, total=3)]
    second = [Page([{"id": 1, "n": 2}], more=True, total=3), Page([{"id": 3}], more=False, total=3)]
    pages = iter([*first, *second, *second])
    got = [row for rows in by_number(lambda _: next(pages), lambda row: row["id"]) for row in rows]
    assert got == [{"id": 1, "n": 1}, {"id": 2}, {"id": 1, "n": 2}, {"id": 3}]
