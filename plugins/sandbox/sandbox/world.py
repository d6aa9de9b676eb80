"""Everything the sandbox simulates, as one value that can be saved and brought back."""

from __future__ import annotations

import gc
import pickle
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox import clinic
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.pipedrive.state import PipedriveState

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.cliniko.state import ClinikoState

FORMAT = 1
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
        cliniko_per_minute: Requests a Cliniko user may send in any rolling minute.
        plan: Pipedrive subscription: lite, growth, premium, ultimate.
        seats: Paid users of the Pipedrive account.
        burst: Requests per rolling 2 s instead of the plan's.
        daily_tokens: Daily token budget instead of the plan's.
    """

    patients: int = clinic.DEFAULT_PATIENTS
    seed: int = clinic.DEFAULT_SEED
    now: str | None = None
    cliniko_per_minute: int = 200
    plan: str = "ultimate"
    seats: int = 1
    burst: int | None = None
    daily_tokens: int | None = None


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
        """Return the limits in force."""
        return {
            "cliniko_per_minute": self.cliniko.per_minute,
            "link_seconds": self.cliniko.link_seconds,
            **self.pipedrive.limits,
        }

    def configure(self, limits: dict[str, Any]) -> dict[str, Any]:
        """Change limits; return those in force.

        Raises:
            ValueError: A limit is unknown or makes no sense.
        """
        own = {"cliniko_per_minute": "per_minute", "link_seconds": "link_seconds"}
        for name in own.keys() & limits.keys():
            if not isinstance(limits[name], int) or limits[name] < 1:
                raise ValueError(f"{name} must be a whole number of at least 1")
        if rest := {name: value for name, value in limits.items() if name not in own}:
            self.pipedrive.configure(**rest)
        for name in own.keys() & limits.keys():
            setattr(self.cliniko, own[name], limits[name])
        return self.limits()

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
    account.per_minute = options.cliniko_per_minute
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
