"""A clinic in which people go on working: rows in every list, and all that can happen to them.

A stamp tells nothing reliable here: what removes, brings back, merges or deletes leaves
``updated_at`` alone or not, by chance; what is committed late bears the time of up to a minute ago
and, when it is new, an id below ids that can be seen already.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from fake_cliniko import HIDDEN, Clinic, link
from fake_rules import linked

from tap_cliniko.streams import STREAMS

SINGLE = ("public_settings", "settings", "user")
LISTS = tuple(each.name for each in STREAMS if each.name not in SINGLE)
SCHEMAS = {each.name: each.schema["properties"] for each in STREAMS}
PATIENT_LINKS = ("patient", "related_patient", "referrer")
INACTIVE = "practitioners/inactive"


class MovingClinic:
    """A clinic and the chance that moves it.

    Args:
        seed: Of the chance.
        size: Rows in each list.
        lists: The lists that move; all have rows.

    Attributes:
        clinic: The lists.
        moves: How often each kind of thing happened.
        unknown: Rows (list and id) that were emitted by a run that was killed before its next
            state. Should they come back or vanish right now, without a stamp, then nothing in the
            world would tell but a whole read; so just these are spared from that.
    """

    def __init__(self, seed: int, size: int, lists: tuple[str, ...] = LISTS) -> None:
        self.chance = random.Random(seed)
        self.clinic = Clinic(hidden=HIDDEN, per_page=self.chance.choice((2, 3, 5)))
        self.clinic.chance = random.Random(seed)
        self.clinic.now -= 5_000_000
        self.lists = lists
        self.moves: Counter[str] = Counter()
        self.single = dict.fromkeys(SINGLE, 0)
        self.unknown: set[tuple[str, str]] = set()
        self._ids = 10
        for _ in range(size):
            for name in lists:
                self.insert(name)
            if self.chance.random() < 0.6:  # otherwise the rows share one second
                self.clinic.now += self.chance.randrange(100_000)
        for _ in range(size * 2):
            self.move()
            self.clinic.now += self.chance.randrange(2_000)
        self.moves.clear()

    def object(self, name: str) -> dict[str, Any]:
        """A single object, as Cliniko sends it."""
        fields = {"notes": self.single[name]}
        return fields | ({"id": "1"} if name == "user" else {"account": {"id": "77"}})

    def move(self) -> None:
        """One thing that people do."""
        name = self.chance.choice(self.lists)
        kind = self.chance.choice(self.kinds)
        rows = self.clinic.lists.get(name, [])
        if kind == "insert":
            self.insert(name, late=self.chance.random() < 0.3)
        elif kind == "merge":
            self.merge()
        elif kind == "delete_patient":
            self.delete_patient()
        elif kind == "single":
            self.single[self.chance.choice(SINGLE)] += 1
        elif not rows:
            return
        else:
            getattr(self, kind)(name, self.chance.choice(rows))
        self.moves[kind] += 1

    kinds = (
        *("edit", "edit", "insert", "insert", "hide", "hide", "bring_back", "bring_back"),
        *("delete", "merge", "delete_patient", "members", "change_sides", "single"),
    )

    def insert(self, name: str, *, late: bool = False) -> None:
        """Insert a row; a late one was begun before others that can be seen already."""
        number = self._next_id(late=late)
        stamp = self._stamp() if late else self.clinic.stamp()
        values = {"created_at": stamp, "updated_at": stamp, **self._values(name, number)}
        if name == "referral_sources" and self._has_source(values.get("patient")):
            return  # a patient has one at most
        if any(row["id"] == str(number) for row in self.clinic.lists.get(name, [])):
            return
        row = self.clinic.add(name, number, **values)
        if name == "services":
            for field in ("created_at", "updated_at"):
                del row[field]

    def _next_id(self, *, late: bool) -> int:
        self._ids += 2
        if late:
            return self._ids - 3
        if self.chance.random() < 0.05 and self._ids < 10**15:  # ids grew longer in 2022
            self._ids = self._ids * 10 // 2 * 2
        return self._ids

    def _values(self, name: str, number: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        patients = [row["id"] for row in self.clinic.lists.get("patients", [])]
        for field in PATIENT_LINKS:
            if f"{field}_id" in SCHEMAS[name] and patients and self.chance.random() < 0.9:
                values[field] = link(f"patients/{self.chance.choice(patients)}")
        if name == "group_appointments":
            values["patient_ids"] = self.chance.sample(patients, min(2, len(patients)))
        if name == "patient_attachments":
            values |= {"processing_completed": self.chance.random() < 0.5, "size": 10**9}
        if name == "services":
            values["appointment_type"] = link(f"appointment_types/{number}")
            values["business"] = link("businesses/1")
        return values

    def edit(self, name: str, row: dict[str, Any]) -> None:
        row["notes"] = str(self.chance.random())
        if "updated_at" in row:
            row["updated_at"] = self._stamp()

    def hide(self, name: str, row: dict[str, Any]) -> None:
        if hidden := HIDDEN.get(name):
            row[self.chance.choice(hidden)] = self._stamp()
            self._perhaps_stamp(row)

    def bring_back(self, name: str, row: dict[str, Any]) -> None:
        for stamp in HIDDEN.get(name, ()):
            if row[stamp] is not None and "merged_at" not in row:
                row[stamp] = None
                self._perhaps_stamp(row)
                if (name, row["id"]) in self.unknown:
                    row["updated_at"] = self._stamp()

    def delete(self, name: str, row: dict[str, Any]) -> None:
        """Delete for good; what hangs on a patient is deleted with it elsewhere."""
        if name != "patients" and (name, row["id"]) not in self.unknown:
            self.clinic.lists[name].remove(row)

    def delete_patient(self) -> None:
        """Delete a patient for good, and what hangs on it.

        Not one that was merged away: with it would go the only sign of the merge.
        """
        rows = self.clinic.lists.get("patients", [])
        there = [row for row in rows if "merged_at" not in row]
        if len(there) < 3:
            return
        number = self.chance.choice(there)["id"]
        gone = {
            (name, row["id"])
            for name, others in self.clinic.lists.items()
            for row in others
            if any(linked(row, f"{field}_id") == int(number) for field in PATIENT_LINKS)
        } | {("patients", number)}
        if gone & self.unknown:
            return
        for name, others in self.clinic.lists.items():
            others[:] = [row for row in others if (name, row["id"]) not in gone]

    def members(self, name: str, row: dict[str, Any]) -> None:
        """Somebody joins or leaves a group."""
        if groups := self.clinic.lists.get("group_appointments"):
            group = self.chance.choice(groups)
            patients = [row["id"] for row in self.clinic.lists.get("patients", [])]
            group["patient_ids"] = self.chance.sample(patients, min(2, len(patients)))
            group["updated_at"] = self._stamp()

    def change_sides(self, name: str, row: dict[str, Any]) -> None:
        """A practitioner is deactivated or comes back."""
        lists = [self.clinic.lists.setdefault(each, []) for each in ("practitioners", INACTIVE)]
        self.chance.shuffle(lists)
        if lists[0]:
            lists[1].append(lists[0].pop())

    def merge(self) -> None:
        """Merge a patient into another; what hung on it hangs on the survivor, unstamped."""
        patients = [
            row for row in self.clinic.lists.get("patients", []) if row["archived_at"] is None
        ]
        if len(patients) < 2:
            return
        loser, survivor = self.chance.sample(patients, 2)
        loser["archived_at"] = loser["merged_at"] = self._stamp()
        loser["merged_with_patient"] = there = link(f"patients/{survivor['id']}")
        self._perhaps_stamp(loser)
        for name, rows in self.clinic.lists.items():
            for row in rows:
                for field in PATIENT_LINKS:
                    if linked(row, f"{field}_id") != int(loser["id"]):
                        continue
                    if (
                        name != "referral_sources"
                        or field != "patient"
                        or not self._has_source(there)
                    ):
                        row[field] = there
                members = row.get("patient_ids", [])
                if loser["id"] in members:
                    row["patient_ids"] = [n for n in members if n != loser["id"]] + [survivor["id"]]

    def _has_source(self, patient: dict[str, Any] | None) -> bool:
        rows = self.clinic.lists.get("referral_sources", [])
        return patient is None or any(row.get("patient") == patient for row in rows)

    def _perhaps_stamp(self, row: dict[str, Any]) -> None:
        if self.chance.random() < 0.4:
            row["updated_at"] = self._stamp()

    def _stamp(self) -> str:
        """Now, or, for what is committed late, up to a minute ago."""
        return self.clinic.stamp(-self.chance.choice((0, 0, 0, self.chance.randrange(60))))
