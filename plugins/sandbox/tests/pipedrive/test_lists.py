"""Lists, deleted rows and search."""

from __future__ import annotations

import pytest

KINDS = ["persons", "organizations", "deals", "activities", "products", "pipelines", "stages"]


def walk(api, path, **query):
    rows, cursor = [], None
    while True:
        answer = api("GET", path, **query, **({"cursor": cursor} if cursor else {}))
        rows += answer.data
        cursor = answer.json["additional_data"]["next_cursor"]
        if cursor is None:
            return rows


@pytest.fixture
def crowd(connect):
    api = connect(burst=100_000, search_lag=0, existing_persons=[])
    for index in range(7):
        api.person(f"P{index}")
    for index, row in enumerate(api.state.tables["persons"]):
        row["update_time"] = f"2025-01-01T00:00:0{(index * 3) % 5}Z"
    return api


@pytest.mark.parametrize("size", [1, 2, 3, 7, 500])
@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("column", ["id", "update_time", "add_time"])
def test_pages_hold_each_row_once_in_order(crowd, size, direction, column):
    rows = walk(crowd, "/v2/persons", limit=size, sort_by=column, sort_direction=direction)
    places = [(row[column], row["id"]) for row in rows]
    assert len(places) == 7
    assert places == sorted(places, reverse=direction == "desc")


def test_a_row_that_moves_during_a_walk_by_id_shifts_nothing(crowd):
    first = crowd("GET", "/v2/persons", limit=3)
    crowd("DELETE", f"/v2/persons/{first.data[0]['id']}")
    crowd("PATCH", f"/v2/persons/{first.data[1]['id']}", {"name": "moved"})
    cursor = first.json["additional_data"]["next_cursor"]
    rest = crowd("GET", "/v2/persons", limit=500, cursor=cursor).data
    assert [row["name"] for row in rest] == ["P3", "P4", "P5", "P6"]


def test_a_cursor_is_opaque_and_bound_to_its_sorting(crowd):
    cursor = crowd("GET", "/v2/persons", limit=1).json["additional_data"]["next_cursor"]
    assert crowd("GET", "/v2/persons", cursor=cursor, sort_direction="desc").status == 400
    for wrong in ("nonsense", "W10", "W251bGwsMSwyLDNd"):
        assert crowd("GET", "/v2/persons", cursor=wrong).status == 400


QUERIES = [
    ("persons", "limit", "500", 200),
    ("persons", "limit", "501", 400),
    ("persons", "limit", "0", 400),
    ("persons", "limit", "many", 400),
    ("persons", "user_id", "1", 400),
    ("persons", "start", "0", 400),
    ("persons", "sort_by", "name", 400),
    ("products", "sort_by", "name", 200),
    ("activities", "sort_by", "due_date", 200),
    ("persons", "sort_direction", "up", 400),
    ("persons", "updated_since", "2025-01-01T00:00:00Z", 200),
    ("persons", "updated_since", "2025-01-01T00:00:00.000Z", 400),
    ("persons", "updated_since", "2025-01-01T00:00:00+00:00", 400),
    ("persons", "updated_since", "2025-01-01 00:00:00", 400),
    ("persons", "updated_since", "2025-01-01", 400),
    ("persons", "updated_until", "2025-01-01T00:00:00Z", 200),
    ("products", "updated_since", "2025-01-01T00:00:00Z", 200),
    ("products", "updated_until", "2025-01-01T00:00:00Z", 400),
    ("persons", "ids", ",".join(map(str, range(100))), 200),
    ("persons", "ids", ",".join(map(str, range(101))), 400),
    ("persons", "ids", "1,x", 400),
    ("persons", "custom_fields", ",".join("abcdefghijklmno"), 200),
    ("persons", "custom_fields", ",".join("abcdefghijklmnop"), 400),
    ("activities", "custom_fields", "a", 400),
    ("activities", "include_fields", "attendees", 200),
    ("activities", "include_fields", "people", 400),
    ("persons", "include_fields", "notes_count", 501),
    ("persons", "filter_id", "1", 501),
    ("activities", "done", "true", 200),
    ("activities", "done", "1", 400),
    ("activities", "lead_id", "x", 200),
    ("activities", "type", "call", 400),
    ("deals", "status", "open,won", 200),
    ("deals", "status", "gone", 400),
    ("pipelines", "updated_since", "2025-01-01T00:00:00Z", 400),
    ("stages", "pipeline_id", "1", 200),
    ("stages", "sort_by", "order_nr", 200),
]


@pytest.mark.parametrize(("kind", "name", "value", "status"), QUERIES)
def test_list_parameters(api, kind, name, value, status):
    answer = api("GET", f"/v2/{kind}", **{name: value})
    assert answer.status == status
    if status == 400:
        assert answer.error.startswith(f"Validation failed: {name}: ")


def test_lists_are_filtered(crowd):
    everybody = crowd("GET", "/v2/persons").data
    since = crowd("GET", "/v2/persons", updated_since="2025-01-01T00:00:03Z").data
    until = crowd("GET", "/v2/persons", updated_until="2025-01-01T00:00:03Z").data
    assert len(since) + len(until) == len(everybody)
    assert {row["update_time"][-3:] for row in since} == {"03Z", "04Z"}
    wanted = [everybody[5]["id"], everybody[1]["id"], 1]
    found = crowd("GET", "/v2/persons", ids=",".join(map(str, wanted))).data
    assert [row["name"] for row in found] == ["P1", "P5"]
    other = list(crowd.state.users)[1]
    crowd("PATCH", f"/v2/persons/{wanted[0]}", {"owner_id": other})
    assert [row["name"] for row in crowd("GET", "/v2/persons", owner_id=other).data] == ["P5"]


def test_activities_are_listed_by_their_primary_participant(api):
    ann, bob = api.person("Ann"), api.person("Bob")
    people = [{"person_id": ann, "primary": True}, {"person_id": bob}]
    api("POST", "/v2/activities", {"participants": people, "done": True})
    assert len(api("GET", "/v2/activities", person_id=ann).data) == 1
    assert api("GET", "/v2/activities", person_id=bob).data == []
    assert api("GET", "/v2/activities", person_id=ann, done="false").data == []


def test_persons_of_a_deal(api):
    ann = api.person("Ann")
    deal = api("POST", "/v2/deals", {"title": "x", "person_id": ann}).data["id"]
    assert [row["id"] for row in api("GET", "/v2/persons", deal_id=deal).data] == [ann]
    assert api("GET", "/v2/persons", deal_id=1).data == []


BODIES = {
    "persons": {"name": "x"},
    "organizations": {"name": "x"},
    "deals": {"title": "x"},
    "activities": {"subject": "x"},
    "products": {"name": "x"},
    "pipelines": {"name": "x"},
}


@pytest.mark.parametrize("kind", BODIES)
def test_deleting_marks(api, kind):
    made = api("POST", f"/v2/{kind}", BODIES[kind]).data["id"]
    path = f"/v2/{kind}/{made}"
    assert api("DELETE", path).data == {"id": made}
    assert made not in [row["id"] for row in api("GET", f"/v2/{kind}").data]
    assert api("GET", path).status == (200 if kind == "deals" else 404)
    assert api("PATCH", path, BODIES[kind]).status == 404
    assert api("DELETE", path).status == 404
    (row,) = [row for row in api.state.dump()[kind] if row["id"] == made]
    assert row["is_deleted"] is True


def test_deleted_deals_are_listed_when_asked_for(api):
    deal = api("POST", "/v2/deals", {"title": "x"}).data["id"]
    api("DELETE", f"/v2/deals/{deal}")
    assert api("GET", "/v2/deals").data == []
    assert [row["id"] for row in api("GET", "/v2/deals", status="deleted").data] == [deal]


def test_deleting_a_person_leaves_what_hangs_on_it(api):
    ann = api.person()
    activity = api("POST", "/v2/activities", {"participants": [{"person_id": ann}]}).data["id"]
    api("DELETE", f"/v2/persons/{ann}")
    assert api("GET", f"/v2/activities/{activity}").data["person_id"] == ann
    wanted = {"participants": [{"person_id": ann}]}
    assert api("POST", "/v2/activities", wanted).status == 400


def test_search_finds_persons_by_what_they_hold(api):
    code, day = api.field("person", "varchar"), api.field("person", "date")
    ann = api.person(
        "Ann Other",
        emails=[{"value": "Ann@X.example"}],
        phones=[{"value": "+61 400"}],
        custom_fields={code: "Patient 77", day: "2001-02-03"},
    )

    def found(term, **query):
        items = api("GET", "/v2/persons/search", term=term, **query).data["items"]
        return [hit["item"]["id"] for hit in items]

    assert found("ann@x.example", exact_match="true") == [ann]
    assert found("nn oth") == found("61 40") == found("patient 77", fields="custom_fields") == [ann]
    assert found("nn oth", exact_match="true") == found("2001-02-03") == []
    assert found("patient 77", fields="name,email") == []
    (hit,) = api("GET", "/v2/itemSearch", term="ann other", item_types="person").data["items"]
    assert hit["item"]["emails"] == ["Ann@X.example"]
    assert hit["item"]["custom_fields"] == ["Patient 77"]


def test_search_leaves_deleted_rows_out_and_wants_a_term(api):
    ann = api.person("Ann Other")
    api("DELETE", f"/v2/persons/{ann}")
    assert api("GET", "/v2/persons/search", term="Ann Other").data["items"] == []
    assert api("GET", "/v2/persons/search", term="a").status == 400
    assert api("GET", "/v2/persons/search").status == 400
    assert api("GET", "/v2/persons/search", term="a", exact_match="true").status == 200


def test_search_of_one_field_minds_case(api):
    code = api.field("person", "varchar")
    ann = api.person(custom_fields={code: "Patient 77"})

    def found(term, **query):
        query = {"entity_type": "person", "field": code, "term": term} | query
        return api("GET", "/v2/itemSearch/field", **query).data

    assert found("Patient 77") == [{"id": ann, code: "Patient 77"}]
    assert found("patient 77") == found("Patient 7") == []
    assert len(found("Patient 7", match="beginning")) == len(found("ent", match="middle")) == 1
    day = api.field("person", "date")
    assert (
        api("GET", "/v2/itemSearch/field", term="x", entity_type="person", field=day).status == 400
    )


def test_search_notices_late_what_was_written(connect):
    api = connect(burst=1000, search_lag=3600)
    api.person("Ann Other")
    assert api("GET", "/v2/persons/search", term="Ann Other").data["items"] == []
    api.state.configure(search_lag=0)
    assert api("GET", "/v2/persons/search", term="Ann Other").data["items"]
