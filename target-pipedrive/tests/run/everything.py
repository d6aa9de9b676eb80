"""One record for each key of each object, and how a person would change that key in Pipedrive.

`MUTATIONS` names every key that a mapping may fill and a person may change; `FIXED` those that
nobody can. A test holds both against the registry, so that no key goes without a proof.
"""

from __future__ import annotations

import hashlib
import json
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .conftest import OWNER, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CUSTOM = {
    "Short": ("varchar", "abc", "abd"),
    "Auto": ("varchar_auto", "abc", "abd"),
    "Long": ("text", "a\nb", "a\nc"),
    "Number": ("double", "12.50", 12.51),
    "Money": ("monetary", "12.50", {"value": 12.5, "currency": "EUR"}),
    "Day": ("date", "2026-01-02", "2026-01-03"),
    "Days": ("daterange", "2026-01-02/2026-02-03", {"value": "2026-01-02", "until": "2026-02-04"}),
    "Hour": ("time", "9:05", {"value": "09:06:00"}),
    "Hours": ("timerange", "9:05/23:00", {"value": "09:05:00", "until": "22:00:00"}),
    "Choice": ("enum", "One", "@option Two"),
    "Choices": ("set", "Red,Blue", ["@option Red"]),
    "Who": ("user", "@email", "@token user"),
    "Firm": ("org", "@organization", "@other organization"),
    "Boss": ("people", "@person", "@other person"),
    "Phone": ("phone", "+61400000000", "+61400000001"),
    "Place": ("address", "1 High St", {"value": "2 High St"}),
}
"""Label → type, what the record holds, and what a person makes of it (as v2 takes it)."""

MUTATIONS: dict[str, dict[str, tuple[Any, Any]]] = {
    "organization": {
        "name": ("Acme", "Acme Ltd"),
        "owner_id": ("@user", "@token user"),
        "visible_to": (3, 1),
        "address": ("1 High St", {"value": "2 High St"}),
        "labels": ("Client", []),
    },
    "person": {
        "name": ("Ada Osei", "Ada Oseí"),
        "owner_id": ("@user", "@token user"),
        "visible_to": (3, 1),
        "org_id": ("@organization", "@other organization"),
        "emails": ("ada@shop.example", [{"value": "eve@shop.example", "label": "home"}]),
        "phones": ("+61 412 345 678", []),
        "labels": ("Client, Regular", []),
    },
    "product": {
        "name": ("Massage", "Massages"),
        "code": ("M1", "M2"),
        "description": ("Long", "Longer"),
        "unit": ("h", "min"),
        "tax": ("10", 11),
        "owner_id": ("@user", "@token user"),
        "is_linkable": (True, False),
        "visible_to": (3, 1),
        "prices": ("95", [{"price": 95.01, "currency": "AUD"}]),
        "billing_frequency": ("monthly", "annually"),
    },
    "deal": {
        "title": ("Treatment", "Treatments"),
        "owner_id": ("@user", "@token user"),
        "person_id": ("@person", "@other person"),
        "org_id": ("@organization", "@other organization"),
        "stage": ("@stage", "@other stage"),
        "value": ("120.50", 120.51),
        "currency": ("AUD", "EUR"),
        "status": ("lost", "open"),
        "lost_reason": ("Price", "Time"),
        "lost_time": ("2026-01-31T09:00:00Z", "2026-01-31T10:00:00Z"),
        "visible_to": (3, 1),
        "probability": ("50", 60),
        "expected_close_date": ("2026-01-31", "2026-02-01"),
        "labels": ("Hot", []),
    },
    "deal_product": {
        "product_id": ("@product", "@other product"),
        "item_price": ("95", 96),
        "quantity": ("2", 3),
        "tax": ("10", 11),
        "discount": ("5", 6),
        "discount_type": ("percentage", "amount"),
        "tax_method": ("exclusive", "inclusive"),
        "comments": ("good", "bad"),
        "is_enabled": (True, False),
        "billing_frequency": ("monthly", "annually"),
    },
    "lead": {
        "title": ("Enquiry", "Enquiries"),
        "owner_id": ("@user", "@token user"),
        "person_id": ("@person", "@other person"),
        "organization_id": ("@organization", "@other organization"),
        "value": ("100", {"amount": 101, "currency": "AUD"}),
        "expected_close_date": ("2026-01-31", "2026-02-01"),
        "visible_to": ("3", "1"),
        "was_seen": (True, False),
        "channel": (1, 2),
        "channel_id": ("web", "phone"),
        "labels": ("Warm lead", []),
    },
    "activity": {
        "subject": ("Visit", "Visits"),
        "type": ("meeting", "call"),
        "owner_id": ("@user", "@token user"),
        "deal_id": ("@deal", "@other deal"),
        "org_id": ("@organization", "@other organization"),
        "due_date": ("2026-01-31", "2026-02-01"),
        "due_time": ("09:00:00", "10:00:00"),
        "duration": ("00:30", "00:31"),
        "busy": (True, False),
        "done": (True, False),
        "location": ("1 High St", {"value": "2 High St"}),
        "participants": ("@person", "@other participants"),
        "public_description": ("See you", "See me"),
        "priority": ("@priority", "@other priority"),
        "note": ("<p>All well</p>", "<p>All ill</p>"),
    },
    "activity_type": {
        "name": ("Visit at home", "Visit elsewhere"),
        "icon_key": ("car", "truck"),
        "color": ("FF0000", "000000"),
    },
    "note": {
        "content": ("<p>All <b>well</b></p>", "<p>All <b>ill</b></p>"),
        "person_id": ("@person", "@other person"),
        "org_id": ("@organization", "@other organization"),
        "deal_id": ("@deal", "@other deal"),
        "user_id": ("@user", "@third user"),
        "add_time": ("2020-01-31 09:00:00", "2020-01-31 09:00:01"),
        "pinned_to_person_flag": (1, 0),
        "pinned_to_deal_flag": (1, 0),
        "pinned_to_organization_flag": (1, 0),
    },
    "file": {"name": ("report.txt", "other.txt"), "description": ("Old", "New")},
}
"""Object → key → what the record holds, and what a person makes of it."""

SIDE_EFFECTS = {("deal", "status"): {"lost_time"}}
"""Keys that the server changes with another one."""

FIXED = {
    "organization": {"add_time"},
    "person": {"add_time"},
    "lead": {"origin_id"},
    "deal_product": {"deal_id"},
    "file": {"deal_id", "person_id", "org_id", "product_id", "activity_id", "lead_id"},
}
"""Keys that are set once and that nobody can change."""

LEFT_OUT = {
    "organization": {"website", "linkedin", "industry", "annual_revenue", "employee_count"}
    | {"label_ids"},
    "person": {"first_name", "last_name", "marketing_status", "im", "postal_address", "notes"}
    | {"birthday", "job_title", "label_ids"},
    "product": {"category", "billing_frequency_cycles"},
    "deal": {"pipeline", "pipeline_id", "stage_id", "label_ids", "is_archived", "archive_time"}
    | {"close_time", "won_time"},
    "deal_product": {"product_variation_id", "billing_frequency_cycles", "billing_start_date"},
    "lead": {"label_ids"},
    "activity": {"lead_id", "project_id"},
    "activity_type": {"order_nr"},
    "note": {"lead_id", "project_id", "task_id", "pinned_to_lead_flag", "pinned_to_project_flag"}
    | {"pinned_to_task_flag"},
}
"""Keys that exclude others of the table, are other words for them, are taken by an update alone, or
that accounts must have bought (official OpenAPI)."""

ORDER = (
    *("activity_type", "organization", "person", "product", "deal", "deal_product", "lead"),
    *("activity", "note", "file"),
)
STREAMS = {obj: f"every_{obj}" for obj in ORDER}
WITH_CUSTOM = ("organization", "person", "product", "deal", "lead")
PATHS = {
    "organization": (2, "PATCH", "organizations/{id}"),
    "person": (2, "PATCH", "persons/{id}"),
    "product": (2, "PATCH", "products/{id}"),
    "deal": (2, "PATCH", "deals/{id}"),
    "deal_product": (2, "PATCH", "deals/{deal}/products/{id}"),
    "lead": (1, "PATCH", "leads/{id}"),
    "activity": (2, "PATCH", "activities/{id}"),
    "activity_type": (1, "PUT", "activityTypes/{id}"),
    "note": (1, "PUT", "notes/{id}"),
    "file": (1, "PUT", "files/{id}"),
}

KEYS = {obj: [*MUTATIONS[obj], *(CUSTOM if obj in WITH_CUSTOM else ())] for obj in ORDER}
"""Object → keys that are mutated, custom fields by their labels."""


def _expression(obj: str, key: str) -> str:
    held = _held(obj, key)
    name = f"k_{key}"
    if isinstance(held, str) and held.startswith("@") and held[1:] in STREAMS:
        found = f"ref({held[1:]!r}, {STREAMS[held[1:]]!r}, {name})"
        if key == "participants":
            return f"[{{'person_id': {found}, 'primary': True}}] if {name} else None"
        return f"{found} if {name} else None"
    return name


def mapping(folder: Path) -> str:
    """Write mapping files that fill every key; return their folder."""
    folder.mkdir()
    for obj in ORDER:
        rule: dict[str, Any] = {"stream": STREAMS[obj], "object": obj, "key": "id"}
        if obj in WITH_CUSTOM:
            kinds = {"Choice": {"options": "from_source"}, "Choices": {"options": ["Red", "Blue"]}}
            rule["custom_fields"] = {
                f"Every {label}": {"type": what[0], "value": _expression(obj, label)}
                | kinds.get(label, {})
                for label, what in CUSTOM.items()
            }
            if obj != "lead":
                rule["key_field"] = "Every ID"
        elif obj in {"deal_product", "activity", "note"}:
            rule["key_line"] = f"Every {obj}"
        rule["fields"] = {key: _expression(obj, key) for key in MUTATIONS[obj]}
        if obj == "deal_product":
            rule["fields"]["deal_id"] = "ref('deal', 'every_deal', deal)"
        if obj == "file":
            rule["fields"] = {
                "person_id": "ref('person', 'every_person', person)",
                "description": "k_description",
            }
            rule["file"] = {"name": "k_name", "size": "size", "sha256": "sha256", "uri": "uri"}
        (folder / f"{obj}.yml").write_text(json.dumps(rule))
    return str(folder)


@dataclass
class By:
    """What a person does in Pipedrive by hand."""

    url: str

    def ask(self, version: int, method: str, path: str, body: Any = None) -> Any:
        """Send a request; return what it answers."""
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.url}/api/v{version}/{path}",
            None if body is None else json.dumps(body).encode(),
            {"x-api-token": TOKEN, "content-type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return json.load(answer)["data"]

    def priorities(self) -> list[int]:
        """Return the priorities of activities."""
        fields = self.ask(2, "GET", "activityFields?limit=500")
        row = next(row for row in fields if row["field_code"] == "priority")
        return [option["id"] for option in row["options"]]

    def upload(self, person: int, name: str, size: int) -> int:
        """Upload a file onto a person; return its id."""
        part = 'content-disposition: form-data; name="{}"'
        head = f"--x\r\n{part.format('person_id')}\r\n\r\n{person}\r\n--x\r\n"
        head += f'{part.format("file")}; filename="{name}"\r\n\r\n'
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.url}/api/v1/files",
            head.encode() + b"x" * size + b"\r\n--x--\r\n",
            {"x-api-token": TOKEN, "content-type": "multipart/form-data; boundary=x"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return int(json.load(answer)["data"]["id"])

    def change(self, obj: str, row: str, body: dict[str, Any]) -> None:
        """Change an object."""
        version, method, path = PATHS[obj]
        deal, _, line = row.rpartition("/")
        self.ask(version, method, path.format(id=line, deal=deal), body)

    def delete(self, obj: str, row: str) -> None:
        """Delete an object."""
        version, _, path = PATHS[obj]
        deal, _, line = row.rpartition("/")
        self.ask(version, "DELETE", path.format(id=line, deal=deal))


def records(
    prefix: str, content: Path, user: int, priority: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield stream and record: for each object two that others refer to, and one for each key.

    Their ids are the prefix and "0", "1" or the key.

    Args:
        prefix: Begins all ids.
        content: Folder for files.
        user: Who owns everything.
        priority: Of activities.
    """
    base = f"{prefix}0"
    words = {"@user": user, "@email": OWNER, "@stage": "Booked", "@priority": priority}
    words |= {f"@{obj}": base for obj in STREAMS}
    for obj in ORDER:
        held = {f"k_{key}": _held(obj, key) for key in KEYS[obj]}
        for key in ("0", "1", *KEYS[obj]):
            first = key in "01"
            record = {name: _word(words, value) for name, value in held.items()}
            if first and obj in {"organization", "person", "deal"}:  # referred to, refer to nobody
                refer = [name for name, value in held.items() if str(value)[1:] in STREAMS]
                record |= dict.fromkeys(refer)
            record |= {"id": prefix + key, "deal": base, "person": base}
            yield (
                STREAMS[obj],
                record | _own_of(obj, f"{prefix}{key}", record, content, first=first),
            )


def _held(obj: str, key: str) -> Any:
    return (MUTATIONS[obj].get(key) or CUSTOM[key][1:])[0]


def _word(words: dict[str, Any], value: Any) -> Any:
    return words.get(value, value) if isinstance(value, str) else value


def _own_of(
    obj: str, key: str, record: dict[str, Any], content: Path, *, first: bool
) -> dict[str, Any]:
    """Return what is particular to one record."""
    if obj == "activity_type":
        return {"k_name": f"{record['k_name']} {key}"}
    if obj == "file":
        data = f"content of {key}".encode()
        path = content / f"{key}.txt"
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        name = f"{key} {record['k_name']}"
        return {"k_name": name, "size": len(data), "sha256": digest, "uri": str(path)}
    other = {"k_Choice": "Two"} if first and obj in WITH_CUSTOM else {}
    # Pipedrive computes what a deal with lines is worth.
    return other | ({"k_value": None} if first and obj == "deal" else {})


def changes(
    hand: By, user: int, rows: dict[tuple[str, str], str], dump: dict[str, Any]
) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield object, row, key and the body by which a person changes that key.

    Args:
        hand: Asks Pipedrive.
        user: Who owns everything.
        rows: Pipedrive's ids by object and key.
        dump: What stands.
    """
    words = _words(hand, user, rows)
    for obj in ORDER:
        for key in KEYS[obj]:
            row = rows[obj, key]
            if key in CUSTOM:
                home = "deal" if obj == "lead" else obj
                fields = dump[f"{home}Fields"]
                field = next(one for one in fields if one["field_name"] == f"Every {key}")
                ids = {f"@option {one['label']}": one["id"] for one in field["options"] or ()}
                new = _word(words | ids, CUSTOM[key][2])
                if isinstance(new, list):
                    new = [ids[one] for one in new]
                code = field["field_code"]
                yield (
                    obj,
                    row,
                    key,
                    _flat(code, new) if obj == "lead" else {"custom_fields": {code: new}},
                )
                continue
            name = {"stage": "stage_id", "labels": "label_ids"}.get(key, key)
            new = _word(words, MUTATIONS[obj][key][1])
            yield (
                obj,
                row,
                key,
                {name: f"{new} {row}" if obj == "activity_type" and key == "name" else new},
            )


def _words(hand: By, user: int, rows: dict[tuple[str, str], str]) -> dict[str, Any]:
    me = hand.ask(1, "GET", "users/me")["id"]
    users = [row["id"] for row in hand.ask(1, "GET", "users") if row["active_flag"]]
    stages = {row["name"]: row["id"] for row in hand.ask(2, "GET", "stages?limit=500")}
    others = {f"@other {obj}": rows[obj, "1"] for obj in STREAMS}
    return {
        "@token user": me,
        "@third user": next(one for one in users if one not in {me, user}),
        "@other stage": stages["In treatment"],
        "@other priority": hand.priorities()[1],
        "@other participants": [{"person_id": int(rows["person", "1"]), "primary": True}],
        **{word: int(row) for word, row in others.items() if row.isdecimal()},
    }


def _flat(code: str, value: Any) -> dict[str, Any]:
    """Write a value as API v1 takes it."""
    if isinstance(value, list):
        return {code: ",".join(map(str, value))}
    if isinstance(value, dict):
        return {code if key == "value" else f"{code}_{key}": part for key, part in value.items()}
    return {code: value}


def copies(
    hand: By, rows: dict[tuple[str, str], str], dump: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """Copy one row of each object as a person would; yield object and row."""
    for obj in ("organization", "person", "product", "deal"):
        kind = PATHS[obj][2].split("/")[0]
        row = _row(dump[kind], rows[obj, "1"])
        code = next(f for f in dump[f"{obj}Fields"] if f["field_name"] == "Every ID")["field_code"]
        body = {"title" if obj == "deal" else "name": "Copy"}
        body |= {"custom_fields": {code: row["custom_fields"][code]}}
        yield obj, str(hand.ask(2, "POST", kind, body)["id"])
    note = _row(dump["notes"], rows["note", "1"])
    body = {key: note[key] for key in ("content", "person_id")}
    yield "note", str(hand.ask(1, "POST", "notes", body)["id"])
    activity = _row(dump["activities"], rows["activity", "1"])
    body = {"subject": "Copy", "note": activity["note"]}
    yield "activity", str(hand.ask(2, "POST", "activities", body)["id"])
    lead = _row(dump["leads"], rows["lead", "1"])
    body = {"title": "Copy"} | {key: lead[key] for key in ("person_id", "origin_id")}
    yield "lead", str(hand.ask(1, "POST", "leads", body)["id"])
    deal, _, line = rows["deal_product", "1"].partition("/")
    row = _row(dump["dealProducts"], line)
    body = {key: row[key] for key in ("product_id", "item_price", "quantity", "comments")}
    yield "deal_product", f"{deal}/{hand.ask(2, 'POST', f'deals/{deal}/products', body)['id']}"
    file = _row(dump["files"], rows["file", "1"])
    yield "file", str(hand.upload(file["person_id"], file["name"], file["file_size"]))


def _row(table: list[dict[str, Any]], row_id: str) -> dict[str, Any]:
    return next(row for row in table if str(row["id"]) == row_id)
