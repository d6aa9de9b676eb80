"""Values of custom fields: one shape per field type.

Shapes: Pipedrive docs, "Custom fields" and "API v2 migration guide".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from sandbox.pipedrive import checks
from sandbox.pipedrive.checks import Check, Key
from sandbox.pipedrive.errors import Invalid

if TYPE_CHECKING:
    from sandbox.pipedrive.fields import Field
    from sandbox.pipedrive.state import PipedriveState

ADDRESS_PARTS = (
    "street_number",
    "route",
    "sublocality",
    "subpremise",
    "locality",
    "admin_area_level_1",
    "admin_area_level_2",
    "country",
    "postal_code",
    "formatted_address",
)
LONGEST_TEXT = 65_000
SEARCHABLE = frozenset(
    {"address", "varchar", "text", "varchar_auto", "double", "monetary", "phone"}
)

_ZONES = frozenset(available_timezones())


def _zone(_: PipedriveState, value: Any) -> str:
    if type(value) is not str or value not in _ZONES:
        raise Invalid("must be a time zone such as Australia/Sydney")
    return value


def _address_shape() -> Check:
    part = Key(checks.text(), nullable=True)
    keys = {"value": Key(checks.text(), required=True)} | dict.fromkeys(ADDRESS_PARTS, part)
    return checks.shape(keys, dict.fromkeys(("value", *ADDRESS_PARTS)))


def _time_shape(*names: str) -> Check:
    times = {name: Key(checks.clock, required=True) for name in names}
    zone = {"timezone_name": Key(_zone), "timezone_id": Key(checks.integer, nullable=True)}
    blank = {**dict.fromkeys(names), "timezone_id": None, "timezone_name": "UTC"}
    return checks.shape(times | zone, blank)


def _shape(**keys: Check) -> Check:
    return checks.shape(
        {name: Key(check, required=True) for name, check in keys.items()}, dict.fromkeys(keys)
    )


_SCALARS: dict[str, Check] = {
    "varchar": checks.text(longest=255),
    "varchar_auto": checks.text(longest=255),
    "phone": checks.text(longest=255),
    "text": checks.text(longest=LONGEST_TEXT),
    "double": checks.number,
    "monetary": _shape(value=checks.number, currency=checks.currency),
    "date": checks.day,
    "daterange": _shape(value=checks.day, until=checks.day),
    "time": _time_shape("value"),
    "timerange": _time_shape("value", "until"),
    "user": checks.user,
    "org": checks.reference("organizations"),
    "people": checks.reference("persons"),
    "address": _address_shape(),
}
TYPES = (*_SCALARS, "enum", "set")

SUBFIELDS: dict[str, tuple[tuple[str, str], ...]] = {
    "monetary": (("value", "double"), ("currency", "varchar")),
    "daterange": (("value", "date"), ("until", "date")),
    "time": (("value", "time"), ("timezone_id", "int"), ("timezone_name", "varchar")),
    "timerange": (
        ("value", "time"),
        ("until", "time"),
        ("timezone_id", "int"),
        ("timezone_name", "varchar"),
    ),
    "address": tuple((name, "varchar") for name in ("value", *ADDRESS_PARTS)),
}


def custom_fields(entity: str) -> Check:
    """Return a check for the `custom_fields` object of an entity: {field code: value or null}."""

    def check(state: PipedriveState, value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise Invalid("must be an object")
        fields = state.fields[entity]
        kept = {}
        for code, given in value.items():
            field = fields.custom.get(code)
            if field is None:
                raise Invalid(f"{code} is not allowed, no such custom field")
            try:
                kept[code] = None if given is None else _value(state, field, given)
            except Invalid as fault:
                raise Invalid(f"{code} {fault}") from fault
        return kept

    return check


def _value(state: PipedriveState, field: Field, given: Any) -> Any:
    if field.type == "enum":
        return _option(state, field, given)
    if field.type == "set":
        if type(given) is not list or not given:
            raise Invalid("must be a non-empty array of option ids, or null")
        options = [_option(state, field, item) for item in given]
        if len(set(options)) < len(options):
            raise Invalid("must not contain the same option twice")
        return options
    return _SCALARS[field.type](state, given)


_V1_PARTS: dict[str, dict[str, Check]] = {
    "monetary": {"": checks.number, "currency": checks.currency},
    "daterange": {"": checks.day, "until": checks.day},
    "time": {"": checks.clock, "timezone_id": checks.integer},
    "timerange": {"": checks.clock, "until": checks.clock, "timezone_id": checks.integer},
    "address": {"": checks.text()} | dict.fromkeys(ADDRESS_PARTS, checks.text()),
}
"""Types that v1 spreads over several keys: the part after the code → what it must be."""


def v1_value(state: PipedriveState, field: Field, part: str, given: Any) -> Any:
    """Take a value as v1 writes it, flat at the root of a body.

    Args:
        state: The account.
        field: The field.
        part: What follows its code and an underscore, such as `currency`; empty for the value.
        given: The value: an option's id, or the ids of a set in one text, `1,2`.
    """
    parts = _V1_PARTS.get(field.type, {})
    if part and part not in parts:
        raise Invalid("is not allowed")
    if parts:
        return parts[part](state, given)
    if field.type == "set":
        if type(given) is not str or not all(item.isdigit() for item in given.split(",")):
            raise Invalid("must be option ids in one text, with commas")
        return ",".join(str(_option(state, field, int(item))) for item in given.split(","))
    if field.type == "enum":
        return str(_option(state, field, int(given) if str(given).isdigit() else given))
    return _SCALARS[field.type](state, given)


def _option(state: PipedriveState, field: Field, given: Any) -> int:
    if checks.integer(state, given) not in field.labels:
        raise Invalid("must be the id of an existing option")
    return int(given)


def labelled(field: Field, value: Any) -> Any:
    """Return an option value as `include_option_labels=true` shows it; others unchanged."""
    if value is None or field.type not in {"enum", "set"}:
        return value
    if field.type == "enum":
        return {"id": value, "label": field.labels[value]}
    return [{"id": item, "label": field.labels[item]} for item in value]


def words(field: Field, value: Any) -> str:
    """Return the text by which search finds a value; empty for types that search skips."""
    if value is None or field.type not in SEARCHABLE:
        return ""
    return str(value["value"] if isinstance(value, dict) else value)
