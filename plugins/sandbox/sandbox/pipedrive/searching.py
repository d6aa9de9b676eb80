"""Search (API v2): dear, slow to notice what was written, and reduced in what it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.pipedrive import query
from sandbox.pipedrive.checks import stamp
from sandbox.pipedrive.errors import refused
from sandbox.pipedrive.values import SEARCHABLE, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sandbox.pipedrive.call import Call, Handler
    from sandbox.pipedrive.query import Parameters
    from sandbox.pipedrive.state import PipedriveState
    from sandbox.pipedrive.table import Row

MOST_ITEMS = 100
_KINDS = {
    "deal": "deals",
    "person": "persons",
    "organization": "organizations",
    "product": "products",
}
_UNSEARCHED = ("lead", "file", "mail_attachment", "project")
_FIELDS = {
    "deals": ("title", "custom_fields", "notes"),
    "persons": ("name", "email", "phone", "custom_fields", "notes"),
    "organizations": ("name", "address", "custom_fields", "notes"),
    "products": ("name", "code", "custom_fields"),
}
_NOTE_LINKS = {"deals": "deal_id", "persons": "person_id", "organizations": "org_id"}
_CLASSIC = {
    "term": query.plain,
    "exact_match": query.boolean,
    "limit": query.limit(MOST_ITEMS),
    "cursor": query.plain,
}


def parameters(kind: str) -> Parameters:
    """Return the parameters of the search of one kind."""
    known: dict[str, query.Parameter] = {**_CLASSIC, "fields": query.some_of(*_FIELDS[kind])}
    if kind != "organizations":
        known["include_fields"] = query.unsimulated("optional fields of search")
    if kind in {"persons", "deals"}:
        known["organization_id"] = query.integer
    if kind == "deals":
        known |= {"person_id": query.integer, "status": query.one_of("open", "won", "lost")}
    return known


ITEM_PARAMETERS: Parameters = {
    **_CLASSIC,
    "item_types": query.some_of(*_KINDS, unsimulated=_UNSEARCHED),
    "fields": query.some_of(
        "address",
        "code",
        "custom_fields",
        "email",
        "name",
        "notes",
        "phone",
        "title",
        "description",
    ),
    "search_for_related_items": query.boolean,
    "include_fields": query.unsimulated("optional fields of search"),
}
FIELD_PARAMETERS: Parameters = {
    "term": query.plain,
    "entity_type": query.one_of(*_KINDS),
    "match": query.one_of("exact", "beginning", "middle"),
    "field": query.plain,
    "limit": query.limit(),
    "cursor": query.plain,
}


def searcher(kind: str) -> Handler:
    """Return the handler of the search of one kind."""
    item_type = next(name for name, other in _KINDS.items() if other == kind)

    def get(call: Call) -> Mapping[str, Any]:
        return _answer(call, [item_type])

    return get


def search_items(call: Call) -> Mapping[str, Any]:
    """Search several kinds at once, regardless of case."""
    return _answer(call, call.query.get("item_types", tuple(_KINDS)))


def search_field(call: Call) -> Mapping[str, Any]:
    """Search one field of one kind, minding case; answers ids and values."""
    asked = call.query
    for name in ("term", "entity_type", "field"):
        if name not in asked:
            raise refused([(name, "is required")])
    how, term, code = asked.get("match", "exact"), asked["term"], asked["field"]
    _demand_length(term, exact=how == "exact")
    kind = _KINDS[asked["entity_type"]]
    field = call.state.fields[kind].get(code)
    if field is None or field.type not in SEARCHABLE:
        raise refused([("field", "must be the code of a searchable field")])
    found = []
    for row in _indexed(call.state, kind):
        value = row["custom_fields"].get(code) if field.custom else row.get(code)
        text = words(field, value)
        if _FITS[how](text, term):
            found.append({"id": row["id"], code: value})
    page, cursor = query.offset_page(found, asked)
    return {"data": page, "additional_data": {"next_cursor": cursor}}


_FITS: dict[str, Callable[[str, str], bool]] = {
    "exact": lambda text, term: text == term,
    "beginning": lambda text, term: text.startswith(term),
    "middle": lambda text, term: term in text,
}


def _answer(call: Call, item_types: Any) -> Mapping[str, Any]:
    asked = call.query
    if "term" not in asked:
        raise refused([("term", "is required")])
    exact = asked.get("exact_match", False)
    _demand_length(asked["term"], exact=exact)
    term = asked["term"].casefold()
    found = []
    for item_type in item_types:
        kind = _KINDS[item_type]
        chosen = [name for name in _FIELDS[kind] if name in asked.get("fields", _FIELDS[kind])]
        for row in _indexed(call.state, kind):
            if not _wanted(row, asked):
                continue
            texts = [text.casefold() for text in _texts(call.state, kind, row, chosen)]
            if term in texts or (not exact and any(term in text for text in texts)):
                found.append((item_type, row))
    page, cursor = query.offset_page(found, asked)
    items = [
        {"result_score": 0.5, "item": _item(call.state, item_type, row)} for item_type, row in page
    ]
    return {"data": {"items": items}, "additional_data": {"next_cursor": cursor}}


def _demand_length(term: str, *, exact: bool) -> None:
    if len(term) < (1 if exact else 2):
        raise refused([("term", "must be at least 2 characters, 1 for an exact match")])


def _indexed(state: PipedriveState, kind: str) -> Iterator[Row]:
    horizon = stamp(datetime.now(UTC) - timedelta(seconds=state.search_lag))
    for row in state.tables[kind]:
        if not row["is_deleted"] and row["update_time"] <= horizon:
            yield row


def _wanted(row: Row, asked: Mapping[str, Any]) -> bool:
    links = {"organization_id": "org_id", "person_id": "person_id", "status": "status"}
    return all(row[column] == asked[name] for name, column in links.items() if name in asked)


def _texts(state: PipedriveState, kind: str, row: Row, chosen: list[str]) -> Iterator[str]:
    for name in chosen:
        if name in {"email", "phone"}:
            yield from (contact["value"] for contact in row[f"{name}s"])
        elif name == "custom_fields":
            yield from _custom_texts(state, kind, row)
        elif name == "notes":
            yield from _notes(state, kind, row)
        elif name == "address":
            yield (row["address"] or {}).get("value") or ""
        else:
            yield row[name] or ""


def _custom_texts(state: PipedriveState, kind: str, row: Row) -> list[str]:
    fields = state.fields[kind].custom
    texts = (words(fields[code], value) for code, value in row["custom_fields"].items())
    return [text for text in texts if text]


def _notes(state: PipedriveState, kind: str, row: Row) -> list[str]:
    linked = state.tables["notes"].linked(_NOTE_LINKS[kind], row["id"])
    return [note["content"] for note in linked if note["active_flag"]]


def _item(state: PipedriveState, item_type: str, row: Row) -> Row:
    kind = _KINDS[item_type]
    item: Row = {
        "id": row["id"],
        "type": item_type,
        "visible_to": row["visible_to"],
        "owner": {"id": row["owner_id"]},
        "custom_fields": _custom_texts(state, kind, row),
    }
    if kind in _NOTE_LINKS:
        item["notes"] = _notes(state, kind, row)
    if kind == "persons":
        item |= {
            "name": row["name"],
            "emails": [contact["value"] for contact in row["emails"]],
            "phones": [contact["value"] for contact in row["phones"]],
            "organization": _organization(state, row),
        }
    elif kind == "deals":
        item |= {
            name: row[name] for name in ("title", "value", "currency", "status", "is_archived")
        }
        stage = state.tables["stages"].rows[row["stage_id"]]
        person = state.tables["persons"].get(row["person_id"]) if row["person_id"] else None
        item |= {
            "stage": {"id": stage["id"], "name": stage["name"]},
            "person": {"id": person["id"], "name": person["name"]} if person else None,
            "organization": _organization(state, row),
        }
    elif kind == "organizations":
        item |= {"name": row["name"], "address": (row["address"] or {}).get("value")}
    else:
        item |= {"name": row["name"], "code": row["code"]}
    return item


def _organization(state: PipedriveState, row: Row) -> Row | None:
    organization = state.tables["organizations"].get(row["org_id"]) if row["org_id"] else None
    if organization is None:
        return None
    address = (organization["address"] or {}).get("value")
    return {"id": organization["id"], "name": organization["name"], "address": address}
