"""What must stand in an account: by the clinic itself, and by an account without faults."""

from __future__ import annotations

from collections import Counter

from .picture import picture

HAND = "How did they find us"
"""A field that is nobody's but the account's own people's."""


def expected(clinic):
    """Count what must stand for each record of a clinic: {(kind, name): number of rows}."""
    stands: Counter[tuple[str, str]] = Counter()
    for row in clinic.all("patients"):
        if row["merged_with_patient_id"] is None:
            stands["person", row["id"]] = 1
    for kind, stream in (("activity", "individual_appointments"), ("note", "treatment_notes")):
        stands.update((kind, row["id"]) for row in _present(clinic, stream))
    for row in _present(clinic, "patient_attachments"):
        patient = clinic.survivor(row["patient_id"])
        stands["file", f"{patient}/{row['filename']}/{row['sha256'][:8]}"] += 1
    for row in _present(clinic, "communications"):
        stands["table", clinic.survivor(row["patient_id"])] = 1
    for kind, stream in (("product", "products"), ("appointment_type", "appointment_types")):
        stands.update(("product", f"{kind} {row['id']}") for row in clinic.all(stream))
    stands.update(("type", row["name"]) for row in clinic.all("appointment_types"))
    return stands


def _present(clinic, stream):
    return [row for row in clinic.all(stream) if not row["archived_at"]]


def judge(clinic, account, twin, *, renamed=(), deleted=(), made=(), forgetful=False):
    """Hold an account against the clinic, and against its twin that met no faults.

    Args:
        clinic: What was loaded into both.
        account: What is judged.
        twin: What the same people did the same things in.
        renamed: Patients whose persons somebody renamed.
        deleted: Treatment notes that somebody deleted.
        made: Names of the persons that somebody made.
        forgetful: The ledger was lost or put back; of what bears no mark (activity types) it
            cannot know that it is ours.
    """
    ours, theirs = picture(account.dump()), picture(twin.dump())
    _once_each(clinic, ours, deleted, forgetful=forgetful)
    for name in made:
        key = ("person", f"{name} (by hand)")
        assert len(ours.get(key, ())) == made[name], f"{name} was touched"
    for key in sorted(ours.keys() | theirs.keys()):
        kind, name = key
        if kind in {"personFields", "productFields", "type"}:
            continue
        if kind == "note" and name.split(" ")[0] in deleted:
            continue
        left, right = ours.get(key, []), theirs.get(key, [])
        if kind == "person" and name in renamed:
            left, right = map(_nameless, (left, right))
        assert left == right, f"{kind} {name}: {left} instead of {right}"


def _once_each(clinic, ours, deleted, *, forgetful):
    wanted = expected(clinic)
    found: Counter[tuple[str, str]] = Counter()
    for (kind, name), rows in ours.items():
        if kind == "note":
            found["note", name.split(" ")[0]] = 1  # its parts are compared with the twin's
            assert len(rows) == 1, f"note {name} stands {len(rows)} times"
        elif kind == "file" and "/Cliniko communications.csv/" in name:
            found["table", name.split("/")[0]] += len(rows)
        elif kind in {"personFields", "productFields"}:
            assert len(rows) == 1, f"field {name} stands {len(rows)} times"
            (field,) = rows
            labels = [label.casefold() for label in field["options"]]
            assert len(labels) == len(set(labels)), f"options of {name}: {labels}"
        elif not (kind == "person" and "(by hand)" in name):
            found[kind, name] += len(rows)
    for name in ("Call", "Meeting", "Task", "Deadline", "Email", "Lunch"):
        found["type", name] -= 1
        wanted["type", name] += 0
    for key in sorted(wanted.keys() | found.keys()):
        if key[0] == "note" and key[1] in deleted:
            continue
        if key[0] == "type" and forgetful and key not in wanted:
            continue
        assert found[key] == wanted[key], f"{key} stands {found[key]} times, not {wanted[key]}"


def _nameless(rows):
    return [
        {key: value for key, value in row.items() if key not in {"name", "first_name", "last_name"}}
        for row in rows
    ]
