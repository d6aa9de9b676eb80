"""Whatever arrives is answered: nothing that a client can send is a fault of the server."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.pipedrive.objects import ENTITIES
from sandbox.pipedrive.operations import OPERATIONS

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "2025-01-01", "10:30", "2025-01-01T00:00:00Z", "AUD", "open", "\ud800"])
    | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
OTHER_NAMES = """
value primary label person_id currency price content user_id merge_with_id icon_key color
pinned_to_person_flag order_nr field_name field_type options id file description
"""
NAMES = sorted({*OTHER_NAMES.split(), *(key for one in ENTITIES.values() for key in one.keys)})
OBJECT = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6)
PATCHY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
WRITES = [operation for operation in OPERATIONS if operation.method != "GET"]
READS = [operation for operation in OPERATIONS if operation.method == "GET"]


def address(api, operation) -> str:
    kind = operation.path.split("/")[1]
    ids = api.state.tables[kind].ids if kind in api.state.tables else [*api.state.users]
    path = operation.path.replace("{id}", str(ids[0] if ids else 1))
    return f"/{operation.version}{path.replace('{field_code}', 'label_ids')}"


@pytest.fixture
def furnished(connect):
    """An account with no wall, for clients that are often refused."""
    api = connect(burst=10**9, daily_tokens=10**9, search_lag=0)
    person = api.person(phones=[{"value": "1"}])
    for kind, body in (
        ("v2/organizations", {"name": "x"}),
        ("v2/deals", {"title": "x"}),
        ("v2/activities", {"participants": [{"person_id": person}]}),
        ("v2/products", {"name": "x"}),
        ("v1/notes", {"content": "x", "person_id": person}),
    ):
        api("POST", f"/{kind}", body)
    api.upload("a.txt", b"x", person_id=person)
    return api


@pytest.mark.parametrize("operation", WRITES, ids=lambda operation: operation.name)
def test_any_body_is_answered(furnished, operation):
    @PATCHY
    @given(OBJECT | st.lists(OBJECT, max_size=2) | JSON)
    def probe(body):
        answer = furnished(operation.method, address(furnished, operation), body)
        assert answer.status in {200, 201, 400, 403, 404}
        assert answer.json["success"] is (answer.status < 300)

    probe()
    json.dumps(furnished.state.dump(), allow_nan=False).encode()


@pytest.mark.parametrize("operation", READS, ids=lambda operation: operation.name)
def test_any_query_is_answered(furnished, operation):
    values = st.sampled_from(
        ["", "0", "1", "-1", "9" * 30, "true", "id", "asc", "id DESC", "é", "call"]
    )
    parameters = sorted({*operation.query, "colour"})

    @PATCHY
    @given(st.dictionaries(st.sampled_from(parameters), values, max_size=4))
    def probe(asked):
        furnished.state.configure()  # an empty search window
        answer = furnished("GET", address(furnished, operation), **asked)
        assert answer.status in {200, 400, 404, 501}

    probe()
