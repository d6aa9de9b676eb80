"""Activity types (API v1): their `key_string` is made from the name once and never changes."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from sandbox.pipedrive import v1
from sandbox.pipedrive.errors import not_found
from sandbox.pipedrive.seeds import ICONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.pipedrive.call import Call
    from sandbox.pipedrive.state import PipedriveState
    from sandbox.pipedrive.table import Row

_COLOR = re.compile(r"[0-9A-Fa-f]{6}")


def add_type(
    state: PipedriveState, name: str, icon: str, *, color: str = "FFFFFF", custom: bool = True
) -> Row:
    """Add an activity type to an account."""
    table = state.tables["activityTypes"]
    now = state.now_v1()
    made = table.add(
        {
            "order_nr": len(table) + 1,
            "name": name,
            "key_string": _key(name, {row["key_string"] for row in table}),
            "icon_key": icon,
            "active_flag": True,
            "color": color,
            "is_custom_flag": custom,
            "add_time": now,
            "update_time": now,
        }
    )
    state.activity_types_changed()
    return made


def list_types(call: Call) -> Mapping[str, Any]:
    """Answer all types, removed ones too."""
    return {"data": list(call.state.tables["activityTypes"])}


def create_type(call: Call) -> Mapping[str, Any]:
    """Make a type; the same name twice makes two types."""
    v1.demand_admin(call, "add activity types")
    body = v1.body_of(call)
    name, icon = v1.text_of(body, "name"), _icon(body)
    return {"data": add_type(call.state, name, icon, color=_color(body))}


def update_type(call: Call) -> Mapping[str, Any]:
    """Change a type's name, icon, colour or place; the key stays."""
    v1.demand_admin(call, "change activity types")
    row = _find(call)
    body = v1.body_of(call)
    if "name" in body:
        row["name"] = v1.text_of(body, "name")
    if "icon_key" in body:
        row["icon_key"] = _icon(body)
    if "color" in body:
        row["color"] = _color(body)
    if (order := v1.integer_of(body, "order_nr")) is not None:
        row["order_nr"] = order
    row["update_time"] = call.state.now_v1()
    call.state.activity_types_changed()
    return {"data": row}


def delete_type(call: Call) -> Mapping[str, Any]:
    """Switch a type off."""
    v1.demand_admin(call, "delete activity types")
    row = _find(call)
    row |= {"active_flag": False, "update_time": call.state.now_v1()}
    call.state.activity_types_changed()
    return {"data": row}


def _find(call: Call) -> Row:
    row = call.state.tables["activityTypes"].get(call.id())
    if row is None or not row["active_flag"]:
        raise not_found("Activity type")
    return row


def _icon(body: Row) -> str:
    icon = v1.text_of(body, "icon_key")
    if icon not in ICONS:
        raise v1.bad(f"icon_key must be one of {', '.join(ICONS)}")
    return icon


def _color(body: Row) -> str:
    color = body.get("color", "FFFFFF")
    if type(color) is not str or not _COLOR.fullmatch(color):
        raise v1.bad("color must be 6 hexadecimal digits")
    return color


def _key(name: str, taken: set[str]) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "_", ascii_name).strip("_") or "activity_type"
    key, number = stem, 1
    while key in taken:
        number += 1
        key = f"{stem}_{number}"
    return key
