"""Products of deals: lines with a price, added one by one or by the hundred (API v2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.pipedrive import checks, query, rules
from sandbox.pipedrive.call import read_body
from sandbox.pipedrive.checks import Key
from sandbox.pipedrive.crud import find
from sandbox.pipedrive.errors import ApiError, not_found, refused
from sandbox.pipedrive.objects import DEALS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.pipedrive.call import Call
    from sandbox.pipedrive.query import Parameters
    from sandbox.pipedrive.state import PipedriveState
    from sandbox.pipedrive.table import Row

MOST_AT_ONCE = 100
MOST_RECURRING = 20
KEYS = {
    "product_id": Key(checks.reference("products"), required=True),
    "item_price": Key(checks.number, required=True),
    "quantity": Key(checks.number, required=True),
    "tax": Key(checks.number),
    "comments": Key(checks.text()),
    "discount": Key(checks.number),
    "is_enabled": Key(checks.boolean),
    "tax_method": Key(checks.one_of("exclusive", "inclusive", "none")),
    "discount_type": Key(checks.one_of("percentage", "amount")),
    "product_variation_id": Key(checks.nothing_there("variations"), nullable=True),
    "billing_frequency": Key(rules.billing_frequency),
    "billing_frequency_cycles": Key(checks.integer, nullable=True),
    "billing_start_date": Key(checks.day, nullable=True),
}
_PAGES: dict[str, query.Parameter] = {
    "cursor": query.plain,
    "limit": query.limit(),
    "sort_by": query.one_of("id", "deal_id", "add_time", "update_time", "order_nr"),
    "sort_direction": query.one_of("asc", "desc"),
}
LIST_PARAMETERS: Parameters = _PAGES
ALL_PARAMETERS: Parameters = _PAGES | {"deal_ids": query.ids}
REMOVE_PARAMETERS: Parameters = {"ids": query.ids}


def list_lines(call: Call) -> Mapping[str, Any]:
    """Answer a page of the lines of one deal."""
    deal = find(call.state, DEALS, call.id())
    return _page(call, frozenset({deal["id"]}))


def list_all(call: Call) -> Mapping[str, Any]:
    """Answer a page of the lines of up to 100 deals."""
    if "deal_ids" not in call.query:
        raise refused([("deal_ids", "is required")])
    return _page(call, call.query["deal_ids"])


def add_line(call: Call) -> Mapping[str, Any]:
    """Add a product to a deal."""
    deal = find(call.state, DEALS, call.id())
    return {"data": _add(call, deal, [call.body])[0]}


def add_lines(call: Call) -> Mapping[str, Any]:
    """Add up to 100 products to a deal, all or none."""
    deal = find(call.state, DEALS, call.id())
    given = call.body.get("data") if type(call.body) is dict else None
    if type(given) is not list or not 1 <= len(given) <= MOST_AT_ONCE or set(call.body) != {"data"}:
        raise refused([("data", f"must be an array of 1 to {MOST_AT_ONCE} items")])
    return {"data": _add(call, deal, given)}


def update_line(call: Call) -> Mapping[str, Any]:
    """Change a line; keys that are not sent stay."""
    deal, row = _find(call)
    changes = read_body(call, KEYS, creating=False)
    changes["update_time"] = call.state.now_v2()
    call.state.tables["dealProducts"].update(row, changes)
    _sum_up(call.state, deal)
    return {"data": present(call.state, row)}


def remove_line(call: Call) -> Mapping[str, Any]:
    """Take a line off a deal."""
    deal, row = _find(call)
    row["is_deleted"] = True
    _sum_up(call.state, deal)
    return {"data": {"id": row["id"]}}


def remove_lines(call: Call) -> Mapping[str, Any]:
    """Take up to 100 lines off a deal; all of them when none is named."""
    deal = find(call.state, DEALS, call.id())
    wanted = call.query.get("ids")
    rows = [row for row in _lines(call.state, deal) if wanted is None or row["id"] in wanted]
    for row in rows[:MOST_AT_ONCE]:
        row["is_deleted"] = True
    _sum_up(call.state, deal)
    more = len(_lines(call.state, deal)) > 0
    return {
        "data": {"ids": [row["id"] for row in rows[:MOST_AT_ONCE]]},
        "additional_data": {"more_items_in_collection": more},
    }


def present(state: PipedriveState, row: Row) -> Row:
    """Return a line as the API answers it."""
    product = state.tables["products"].rows[row["product_id"]]
    shown = {name: value for name, value in row.items() if name != "is_deleted"}
    return shown | {
        "sum": _sum(row),
        "name": product["name"],
        "currency": state.tables["deals"].rows[row["deal_id"]]["currency"],
    }


def _add(call: Call, deal: Row, bodies: list[Any]) -> list[Row]:
    state, table = call.state, call.state.tables["dealProducts"]
    whole, taken = call.body, []
    for body in bodies:
        call.body = body
        taken.append(read_body(call, KEYS, creating=True))
    call.body = whole
    recurring = sum(
        row.get("billing_frequency", "one-time") != "one-time"
        for row in [*_lines(state, deal), *taken]
    )
    if recurring > MOST_RECURRING:
        raise ApiError(403, f"A deal takes at most {MOST_RECURRING} recurring products")
    now = state.now_v2()
    rows = []
    for changes in taken:
        blank = {
            "deal_id": deal["id"],
            "tax": 0,
            "product_variation_id": None,
            "order_nr": len(_lines(state, deal)) + 1,
            "add_time": now,
            "update_time": now,
            "comments": "",
            "discount": 0,
            "tax_method": "inclusive",
            "discount_type": "percentage",
            "is_enabled": True,
            "billing_frequency": "one-time",
            "billing_frequency_cycles": None,
            "billing_start_date": None,
            "is_deleted": False,
        }
        rows.append(present(state, table.add(blank | changes)))
    _sum_up(state, deal)
    return rows


def _find(call: Call) -> tuple[Row, Row]:
    deal = find(call.state, DEALS, call.id())
    row = call.state.tables["dealProducts"].get(call.id("product_attachment_id"))
    if row is None or row["is_deleted"] or row["deal_id"] != deal["id"]:
        raise not_found("Deal product")
    return deal, row


def _lines(state: PipedriveState, deal: Row) -> list[Row]:
    rows = state.tables["dealProducts"].linked("deal_id", deal["id"])
    return [row for row in rows if not row["is_deleted"]]


def _page(call: Call, deals: frozenset[int]) -> Mapping[str, Any]:
    def matches(row: Row) -> bool:
        return not row["is_deleted"] and row["deal_id"] in deals

    rows, cursor = query.keyset_page(call.state.tables["dealProducts"], call.query, matches)
    return {
        "data": [present(call.state, row) for row in rows],
        "additional_data": {"next_cursor": cursor},
    }


def _sum(row: Row) -> float:
    """Return what a line comes to, its discount taken off."""
    whole: float = row["item_price"] * row["quantity"]
    off: float = row["discount"]
    return round(
        whole * (1 - off / 100) if row["discount_type"] == "percentage" else whole - off, 2
    )


def _sum_up(state: PipedriveState, deal: Row) -> None:
    """Make the deal worth what its lines come to."""
    value = sum(_sum(row) for row in _lines(state, deal) if row["is_enabled"])
    changes = {"value": round(value, 2), "update_time": state.now_v2()}
    state.tables["deals"].update(deal, changes)
