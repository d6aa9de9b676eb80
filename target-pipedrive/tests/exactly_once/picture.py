"""What stands in an account, ids aside: rows under the names that the source gives them."""

from __future__ import annotations

import re
from collections import defaultdict

_KEY = re.compile(r"Cliniko (?:appointment|treatment note): (\d+)")
_PART = re.compile(r"\((\d+/\d+)\)")
_NOISE = [
    "id",
    "update_time",
    "local_add_time",
    "creator_user_id",
    "marked_as_done_time",
    "company_id",
    "last_update_user_id",
    "active_flag",
    "is_deleted",
    "url",
    "file_name",
    "next_activity_id",
]


def picture(dump):
    """Return {(kind, name): [rows]}; live rows alone.

    A name is made of the marks that the target sets; rows without one keep their own name.
    """
    fields = {
        kind: {row["field_code"]: row for row in dump[kind] if row["is_custom_field"]}
        for kind in ("personFields", "productFields")
    }
    persons = {row["id"]: _person(row, fields["personFields"]) for row in dump["persons"]}
    types = {row["key_string"]: row["name"] for row in dump["activityTypes"]}
    shown = defaultdict(list)
    for row in _live(dump["persons"]):
        shown["person", persons[row["id"]]].append(_custom(_plain(row), fields["personFields"]))
    for row in _live(dump["products"]):
        values = _custom(_plain(row), fields["productFields"])
        values["code"] = values["code"] or None  # an emptied one and none are the same
        values["prices"] = [one | {"product_id": None} for one in values["prices"]]
        shown["product", values["custom"].get("Cliniko ID") or row["name"]].append(values)
    for row in _live(dump["activities"]):
        values = _plain(row) | {
            "type": types.get(row["type"]),
            "person_id": persons.get(row["person_id"]),
            "participants": [persons[one["person_id"]] for one in row["participants"]],
        }
        shown["activity", _key(row["note"]) or row["subject"]].append(values)
    for row in _live(dump["notes"]):
        values = _plain(row) | {"person_id": persons.get(row["person_id"]), "person": None}
        part = _PART.search(row["content"])
        name = (_key(row["content"]) or row["content"]) + (f" {part.group(1)}" if part else "")
        shown["note", name].append(values)
    for row in _live(dump["files"]):
        name = f"{persons.get(row['person_id'])}/{row['name']}/{row['sha256'][:8]}"
        shown["file", name].append({"size": row["file_size"]})
    for row in _live(dump["activityTypes"]):
        shown["type", row["name"]].append({"icon": row["icon_key"]})
    for kind, known in fields.items():
        for field in known.values():
            labels = sorted(option["label"] for option in field["options"] or ())
            shown[kind, field["field_name"]].append(
                {"type": field["field_type"], "options": labels}
            )
    return dict(shown)


def _live(rows):
    return [row for row in rows if not row.get("is_deleted") and row.get("active_flag", True)]


def _plain(row):
    return {
        key: value for key, value in row.items() if key not in _NOISE and not key.endswith("_time")
    }


def _custom(values, fields):
    custom = {}
    for code, value in (values.pop("custom_fields") or {}).items():
        if code not in fields or value is None:
            continue
        labels = {option["id"]: option["label"] for option in fields[code]["options"] or ()}
        several = isinstance(value, list)
        shown = sorted(labels[one] for one in value) if several else value
        if labels and not several:
            shown = labels[value]
        custom[fields[code]["field_name"]] = shown
    return values | {"custom": custom}


def _person(row, fields):
    code = next((c for c, f in fields.items() if f["field_name"] == "Cliniko patient ID"), None)
    return (row["custom_fields"] or {}).get(code) or f"{row['name']} (by hand)"


def _key(text):
    found = _KEY.search(text or "")
    return found and found.group(1)
