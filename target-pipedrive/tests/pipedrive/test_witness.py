from __future__ import annotations

import pytest

from target_pipedrive.pipedrive import OPERATIONS
from target_pipedrive.pipedrive.registry import FIELDS
from target_pipedrive.pipedrive.witness import done

WRITES = [operation for operation in OPERATIONS.values() if operation.writes]


@pytest.mark.parametrize("operation", WRITES, ids=lambda operation: operation.name)
def test_each_write_has_a_name(operation):
    ids = dict.fromkeys(("id", "code", "product_attachment_id"), "7")
    assert list(done(operation, ids, {"id": 7, "ids": [7]})), "nobody would know of it"


def test_custom_fields_are_called_by_their_object():
    """The ledger makes this name of the object's."""
    for operations in FIELDS.values():
        home = operations.create.kind.removesuffix("Fields")
        assert operations.create.kind == f"{home}Fields"
        assert home in FIELDS


@pytest.mark.parametrize(
    ("name", "ids", "data", "told"),
    [
        ("person.create", None, {"id": 5}, [("person", "5", "created")]),
        ("file.create", None, {"id": 5, "deal_id": 9, "product_id": 8}, [("file", "5", "created")]),
        ("person.update", {"id": 5}, {"id": 5}, [("person", "5", "updated")]),
        ("lead.delete", {"id": "a-b"}, {}, [("lead", "a-b", "removed")]),
        ("person.merge", {"id": 5}, {"id": 6}, [("person", "5", "merged")]),
        ("deal_product.create", {"id": 9}, {"id": 5}, [("deal_product", "9/5", "created")]),
        (
            "deal_product.create_many",
            {"id": 9},
            [{"id": 5}, {"id": 6}],
            [("deal_product", "9/5", "created"), ("deal_product", "9/6", "created")],
        ),
        (
            "deal_product.delete",
            {"id": 9, "product_attachment_id": 5},
            None,
            [("deal_product", "9/5", "removed")],
        ),
        (
            "personFields.create",
            None,
            {"field_code": "abc", "options": [{"id": 7, "label": "Spy"}]},
            [("personFields", "abc", "created"), ("personFields", "7", "created")],
        ),
        (
            "personFields.add_options",
            {"code": "abc"},
            [{"id": 8, "label": "Baker"}],
            [("personFields", "8", "created")],
        ),
    ],
)
def test_what_was_written_is_told(name, ids, data, told):
    assert list(done(OPERATIONS[name], ids, data)) == told
