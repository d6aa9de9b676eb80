"""Everything the sandbox simulates, as one value that can be saved and brought back."""

from __future__ import annotations

import gc
import math
import pickle
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox import clinic
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.pipedrive.state import PipedriveState

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.cliniko.state import ClinikoState

FORMAT = 2
"""Grows when a snapshot of an older version can no longer be read."""


class SnapshotError(Exception):
    """A snapshot that cannot be read; the text says what to do."""


@dataclass(frozen=True)
class Options:
    """How a new world is made.

    Attributes:
        patients: Size of the clinic.
        seed: Decides all that is left to chance.
        now: The moment the clinic is looked at, ISO 8601; the present when left out.
        cliniko_per_minute: Requests a Cliniko user may send in any rolling window.
        cliniko_window_seconds: Length of that window; 6 is a clock that runs ten times as fast.
        latency_ms: How much later every answer of the Cliniko API comes.
        storage_ranges: Whether the storage serves parts of a file.
        own_notes_only: Whether practitioners are shown their own treatment notes alone.
        practitioner_finance: Whether practitioners may read what concerns money.
        future_fields: Whether records bear fields of a later version of the Cliniko API.
        plan: Pipedrive subscription: lite, growth, premium, ultimate.
        seats: Paid users of the Pipedrive account.
        burst: Requests per rolling 2 s instead of the plan's.
        daily_tokens: Daily token budget instead of the plan's.
    """

    patients: int = clinic.DEFAULT_PATIENTS
    seed: int = clinic.DEFAULT_SEED
    now: str | None = None
    cliniko_per_minute: int = 200
    cliniko_window_seconds: float = 60.0
    latency_ms: float = 0.0
    storage_ranges: bool = True
    own_notes_only: bool = True
    practitioner_finance: bool = False
    future_fields: bool = False
    plan: str = "ultimate"
    seats: int = 1
    burst: int | None = None
    daily_tokens: int | None = None


@dataclass(frozen=True)
class Limit:
    """What of the Cliniko account can be changed while it runs.

    Attributes:
        column: Its name in the state.
        least: The least it may be; None where it is a yes or no.
        whole: Whether fractions are refused.
    """

    column: str
    least: float | None = None
    whole: bool = True

    def check(self, name: str, value: object) -> None:
        """Refuse what makes no sense.

        Raises:
            ValueError: It does not; the text says what would.
        """
        if self.least is None:
            if not isinstance(value, bool):
                raise ValueError(f"{name} must be true or false")
            return
        kinds = (int,) if self.whole else (int, float)
        if type(value) not in kinds or not self.least <= value < math.inf:  # type: ignore[operator] # a number by the first half
            kind = "whole number" if self.whole else "number"
            raise ValueError(f"{name} must be a {kind} of at least {self.least:g}")


CLINIKO = {
    "cliniko_per_minute": Limit("per_minute", 1),
    "cliniko_window_seconds": Limit("window_seconds", 0.1, whole=False),
    "latency_ms": Limit("latency_ms", 0, whole=False),
    "link_seconds": Limit("link_seconds", 1),
    "storage_ranges": Limit("storage_ranges"),
    "own_notes_only": Limit("own_notes_only"),
    "practitioner_finance": Limit("practitioner_finance"),
    "future_fields": Limit("future_fields"),
}
"""The limits and account settings of the simulated Cliniko, by the name they are ordered by."""


@dataclass
class World:
    """Both accounts, the faults on order and the log.

    Attributes:
        options: How it was made.
        cliniko: The simulated Cliniko.
        pipedrive: The simulated Pipedrive.
        baseline: What stood in Pipedrive at the beginning.
        faults: The rules in force; not part of a snapshot.
        journal: The request log; not part of a snapshot.
    """

    options: Options
    cliniko: ClinikoState
    pipedrive: PipedriveState
    baseline: dict[str, Any]
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)

    def dump(self) -> dict[str, Any]:
        """Return a copy of everything that stands in both accounts, removed rows included."""
        # Millions of new objects and no cycle among them: looking for one takes most of the time.
        collecting = gc.isenabled()
        gc.disable()
        try:
            return {"cliniko": self.cliniko.dump(), "pipedrive": self.pipedrive.dump()}
        finally:
            if collecting:
                gc.enable()

    def limits(self) -> dict[str, Any]:
        """Return the limits in force, and the settings of the Cliniko account."""
        own = {name: getattr(self.cliniko, limit.column) for name, limit in CLINIKO.items()}
        return {**own, **self.pipedrive.limits}

    def configure(self, limits: dict[str, Any]) -> dict[str, Any]:
        """Change limits; return those in force.

        Raises:
            ValueError: A limit is unknown or makes no sense.
        """
        own = {name: value for name, value in limits.items() if name in CLINIKO}
        for name, value in own.items():
            CLINIKO[name].check(name, value)
        if rest := {name: value for name, value in limits.items() if name not in own}:
            self.pipedrive.configure(**rest)
        for name, value in own.items():
            setattr(self.cliniko, CLINIKO[name].column, value)
        return self.limits()

    def stats(self) -> dict[str, Any]:
        """Return the figures of the log, the pace against Cliniko's limit, the limits in force."""
        state = self.cliniko
        pace = self.journal.pace("cliniko", state.per_minute, state.window_seconds)
        return {**self.journal.summary(), "cliniko_pace": pace, "limits": self.limits()}

    def save(self, path: Path) -> None:
        """Write a snapshot of both accounts; a broken write leaves the old one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".new")
        with temporary.open("wb") as file:
            content = (FORMAT, self.options, self.cliniko, self.pipedrive, self.baseline)
            pickle.dump(content, file, protocol=pickle.HIGHEST_PROTOCOL)
        temporary.replace(path)


def create(options: Options) -> World:
    """Make a new world."""
    now = datetime.fromisoformat(options.now) if options.now else None
    account = clinic.build(options.patients, options.seed, now)
    for name in CLINIKO.keys() & {one.name for one in fields(Options)}:
        value = getattr(options, name)
        CLINIKO[name].check(name, value)
        setattr(account, CLINIKO[name].column, value)
    pipedrive = PipedriveState(
        plan=options.plan,
        seats=options.seats,
        burst=options.burst,
        daily_tokens=options.daily_tokens,
        seed=options.seed,
        users=clinic.pipedrive_users(account),
        existing_persons=clinic.existing_persons(),
    )
    return World(options, account, pipedrive, pipedrive.dump())


def load(path: Path) -> World:
    """Read a snapshot that `World.save` wrote.

    Raises:
        SnapshotError: It was written by another version, or is broken.
    """
    try:
        with path.open("rb") as file:
            version, *parts = pickle.load(file)  # noqa: S301 - our own file in the user's run folder
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, ValueError) as error:
        raise SnapshotError(f"{path} cannot be read ({error}); start anew with --fresh") from error
    if version != FORMAT:
        raise SnapshotError(f"{path} is of another version of the sandbox; start with --fresh")
    return World(*parts)
