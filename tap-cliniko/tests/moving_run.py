"""Runs of the tap over a clinic that moves, and a table-keeping target behind it."""

from __future__ import annotations

import copy
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fake_cliniko import KEY
from moving_clinic import INACTIVE, SINGLE, MovingClinic
from singer_sdk.singerlib.encoding import SimpleSingerWriter

from tap_cliniko.client import Account
from tap_cliniko.errors import NotVisibleError
from tap_cliniko.paging import Page
from tap_cliniko.streams import STREAMS
from tap_cliniko.streams.base import IncrementalStream
from tap_cliniko.streams.clinical import PatientAttachments
from tap_cliniko.tap import TapCliniko

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BEHIND = 3
CONTENT = {"content_state", "content_uri", "sha256", "content_size"}


class KilledError(BaseException):
    """SIGKILL, as far as one process can play it on itself."""


class MovingClient:
    """Answers like the client; before each answer things happen in the clinic.

    Args:
        moving: The clinic.
        moves: Most things that happen before one answer.
        unknown: Tells the rows that perhaps no state will know of.
    """

    def __init__(
        self, moving: MovingClinic, moves: int, unknown: Callable[[], set[tuple[str, str]]]
    ) -> None:
        self.moving, self.moves, self.requests, self.unknown = moving, moves, 0, unknown
        self.forbidden: frozenset[str] = frozenset()

    def page(self, path, key, query):
        self._before_answering()
        name = path.removeprefix("/")
        if name in self.forbidden:
            raise NotVisibleError(path, 403)
        assert name in {key, INACTIVE}
        clinic = self.moving.clinic
        per_page = min(query.per_page, clinic.per_page)
        assert query.page == 1 or key == "services", "pages by number leave rows out"
        return Page(*clinic.answer(name, list(query.filters), query.sort, per_page, query.page))

    def get(self, path, filters=()):
        self._before_answering()
        parts = path.removeprefix("/").split("/")
        if parts[0] == "patients":
            _, number, key = parts
            assert key == "referral_source"
            # The patient need not be visible, but the source has to be.
            for row in self.moving.clinic.lists.get("referral_sources", []):
                held = row.get("patient", {}).get("links", {}).get("self", "")
                if held.endswith(f"/patients/{number}") and (
                    row["archived_at"] is None or "archived_at:*" in filters
                ):
                    return copy.deepcopy(row)
            raise NotVisibleError(path, 404)
        name = {"settings/public": "public_settings"}.get("/".join(parts), parts[0])
        return self.moving.object(name)

    def _before_answering(self) -> None:
        self.requests += 1
        assert self.requests < 3000, "the reading does not come to an end"
        chance = self.moving.chance
        if self.moves:
            self.moving.unknown = self.unknown()
        for _ in range(chance.randint(0, self.moves) if self.moves else 0):
            self.moving.move()
        self.moving.clinic.now += chance.randrange(4)


class Warehouse(SimpleSingerWriter):
    """What a target keeps that upserts, and marks rows of lower versions as deleted.

    That is how the SDK's SQL targets understand ACTIVATE_VERSION.

    Attributes:
        tables: Record and version by key, by stream.
        records: Stream and id of every record, in order.
        states: Every state put out, in order, and how many records were put out before it.
        activated: How often each stream was activated.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, dict[tuple, tuple[dict, int | None]]] = {}
        self.keys: dict[str, list[str]] = {}
        self.states: list[tuple[int, dict[str, Any]]] = []
        self.records: list[tuple[str, str | None]] = []
        self.activated: Counter[str] = Counter()
        self.left: int | None = None

    def write_message(self, message) -> None:
        """Take one message in."""
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KilledError
        line = json.loads(self.format_message(message))
        stream = line.get("stream")
        if line["type"] == "SCHEMA":
            self.keys[stream] = line["key_properties"]
        elif line["type"] == "RECORD":
            record = line["record"]
            self.records.append((stream, record.get("id")))
            key = tuple(record[name] for name in self.keys[stream])
            self.tables.setdefault(stream, {})[key] = record, line.get("version")
        elif line["type"] == "ACTIVATE_VERSION":
            self.activated[stream] += 1
            table, version = self.tables.get(stream, {}), line["version"]
            for key in [key for key, (_, held) in table.items() if held and held < version]:
                del table[key]
        else:
            self.states.append((len(self.records), copy.deepcopy(line["value"])))


@dataclass
class Clinic:
    """A clinic, the target, and the state between them.

    Attributes:
        moving: The clinic.
        streams: What is selected; None for everything.
        settings: Further settings of the tap.
        role: Role of the key's user.
        forbidden: Lists that the key may not see.
        requests: Sent by all runs so far.
        sweeps: Whole reads of incremental streams that came to their end.
    """

    moving: MovingClinic
    streams: frozenset[str] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    warehouse: Warehouse = field(default_factory=Warehouse)
    state: dict[str, Any] = field(default_factory=dict)
    role: str = "administrator"
    forbidden: frozenset[str] = frozenset()
    requests: int = 0
    runs: int = 0
    kills: int = 0
    sweeps: int = 0
    catalog: dict[str, Any] | None = None

    def run(
        self, *, moves: int = 0, kill_after: int | None = None, pause: int = 1000, behind: int = 0
    ) -> Counter[str]:
        """Run the tap once; a kill leaves the last state that was put out.

        Args:
            moves: Most things that happen before an answer.
            kill_after: Messages after which the process is killed.
            pause: Seconds since the last run.
            behind: How many states the one that the target gives back is older than the last.

        Returns:
            How often each stream was read to its end.
        """
        self.moving.clinic.now += pause
        self.warehouse.left, self.warehouse.activated = kill_after, Counter()
        tap = self.tap()
        unknown = self.moving.unknown

        def perhaps_unknown() -> set[tuple[str, str]]:
            """What was emitted after the oldest state that may be the one to go on from."""
            states = self.warehouse.states[before:]
            known = states[-1 - MOST_BEHIND][0] if len(states) > MOST_BEHIND else written
            return unknown | set(self.warehouse.records[known:])

        tap.client = MovingClient(self.moving, moves, perhaps_unknown)
        tap.client.account = Account(self.role, self.moving.clinic.now)
        tap.client.forbidden = self.forbidden
        before, written = len(self.warehouse.states), len(self.warehouse.records)
        try:
            tap.sync_all()
        except KilledError:
            self.kills += 1
        known = written
        if states := self.warehouse.states[before:]:
            known, self.state = states[max(-1 - behind, -len(states))]
        came_to_its_end = bool(states) and self.state["run"] is None
        unknown = set() if came_to_its_end else unknown | set(self.warehouse.records[known:])
        self.moving.unknown = unknown
        self.requests += tap.client.requests
        self.runs += 1
        self.last = tap
        self.sweeps += sum(self.whole_reads().values())
        return self.warehouse.activated

    def tap(self) -> TapCliniko:
        """A tap with the selected streams alone: the SDK prepares each, which takes a while."""
        names = self.streams
        streams = [
            each
            for each in STREAMS
            if names is None or each.name in names or each is PatientAttachments
        ]
        cls = type(
            "Tap", (TapCliniko,), {"discover_streams": lambda tap: [c(tap) for c in streams]}
        )
        config = {"api_key": KEY, "contact_email": "a@example.com", "attachments_dir": "memory://x"}
        tap = cls(
            config={**config, "max_attachment_mb": 1, **self.settings},
            state=copy.deepcopy(self.state),
            message_writer=self.warehouse,
        )
        if names is not None:
            for name, stream in tap.streams.items():
                stream.selected = name in names
        return tap

    def whole_reads(self) -> dict[str, int]:
        """Incremental streams read whole by the last run."""
        streams = self.last.streams
        return {
            name: count
            for name, count in self.warehouse.activated.items()
            if isinstance(streams[name], IncrementalStream)
        }

    def differences(self) -> dict[str, tuple[Any, Any]]:
        """What the target holds otherwise than the clinic, by stream and key."""
        wrong = {}
        for name, stream in self.last.streams.items():
            if not stream.selected:
                continue
            held = {key: record for key, (record, _) in self.warehouse.tables.get(name, {}).items()}
            for row in self._rows(name):
                expected = stream.shape(row)
                key = tuple(expected[part] for part in stream.primary_keys)
                got = held.pop(key, {})
                if {part: got.get(part) for part in expected.keys() - CONTENT} != {
                    part: expected[part] for part in expected.keys() - CONTENT
                }:
                    wrong[name, key] = (expected, got)
            wrong.update({(name, key): (None, record) for key, record in held.items()})
        return wrong

    def _rows(self, name: str) -> list[dict[str, Any]]:
        lists = self.moving.clinic.lists
        if name in SINGLE:
            return [{"id": "77", **self.moving.object(name)}]
        if name == "practitioners":
            return [*lists.get(name, []), *lists.get(INACTIVE, [])]
        return lists.get(name, [])
