"""How runs and commands end: what follows which outcome, and what to type next.

A run ends with what was done (`counts`), then what is told here: what was not done and why, where
it is listed, and what to type next. The tables are the one place where that is decided.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_pipedrive.progress.picture import until_midnight
from target_pipedrive.progress.view import span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

DONE = "done"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run can end.

    Args:
        words: What happened.
        todo: What to do before anything else; {again} is what to type to go on, {wait} the time
            until the day of Pipedrive's tokens ends by our count, {rejects} what lists rejects.
    """

    words: str
    todo: str = ""


OUTCOMES: Mapping[str, Outcome] = {
    DONE: Outcome("all that was read is settled."),
    "CancelledError": Outcome("it was asked to stop.", "go on where it stopped: {again}"),
    "SettingsError": Outcome(
        "a setting is wrong.", "mend what the last line names, then run again: {again}"
    ),
    "MappingError": Outcome(
        "the mapping is wrong.", "mend the places that the last lines name, then run again: {again}"
    ),
    "NotAllowed": Outcome(
        "Pipedrive refused the token or a right.",
        "mend the token or its user's rights, then go on where it stopped: {again}",
    ),
    "BudgetSpent": Outcome(
        "the day's tokens are spent.",
        "after 00:00 UTC, in {wait}, go on where it stopped: {again}",
    ),
    "Blocked": Outcome(
        "Pipedrive's firewall blocked this address.",
        "wait an hour, lower `burst`, then go on where it stopped: {again}",
    ),
    "TooManyRejects": Outcome(
        "more records were rejected than `max_rejects` allows.",
        "mend the cause or raise `max_rejects`, then go on where it stopped: {again}",
    ),
    "Unreachable": Outcome(
        "Pipedrive did not answer.", "when it does, go on where it stopped: {again}"
    ),
    "LedgerLost": Outcome(
        "the ledger's database failed.", "see that it runs, then go on where it stopped: {again}"
    ),
    "Differs": Outcome(
        "something in Pipedrive differs from what it should be.",
        "see in the report what it is; a load writes what the source has: {again}",
    ),
    "BadInput": Outcome(
        "a line of the input was no Singer message.",
        "look at the tap's log, then go on where it stopped: {again}",
    ),
}
"""How a run ended, as the ledger has it: `done`, or the kind of error that ended it."""

UNFORESEEN = Outcome(
    "something unexpected.", "go on where it stopped: {again}; report it if that stays"
)

TAP = "tap-cliniko"

LOADERS: Mapping[str, str] = {
    "apply": "target-pipedrive",
    "plan": "plan-pipedrive",
    "verify": "verify-pipedrive",
    "reference": "reference-pipedrive",
}
"""Mode → the loader of meltano.yml that runs in it."""


def _loading(loader: str) -> str:
    """Return the loader that loads, of one that plans or reads back, too."""
    return LOADERS["apply"] if loader in LOADERS.values() else loader


def outcome_of(failure: BaseException | None) -> str:
    """Return an outcome's name: a key of `OUTCOMES`, or the kind of an unforeseen error."""
    return DONE if failure is None else type(failure).__name__


def outcome_in_words(outcome: str | None) -> str:
    """Tell how a run ended.

    Args:
        outcome: As the ledger has it.
    """
    if outcome is not None and outcome in OUTCOMES:
        return OUTCOMES[outcome].words
    return f"{UNFORESEEN.words.rstrip('.')} ({outcome or 'nothing is known'})."


@dataclass(frozen=True, slots=True)
class Typed:
    """What people type, where this program was started: under Meltano, or by itself.

    Args:
        environment: Meltano's environment; None without Meltano.
        extractor: The tap's name in Meltano.
        loader: The target's name in Meltano.
    """

    environment: str | None = None
    extractor: str = TAP
    loader: str = LOADERS["apply"]

    @classmethod
    def here(cls, environ: Mapping[str, str] = os.environ) -> Typed:
        """Return what fits the environment variables that Meltano gives to a plugin."""
        if "MELTANO_ENVIRONMENT" not in environ:
            return cls()
        return cls(
            environ["MELTANO_ENVIRONMENT"],
            environ.get("MELTANO_EXTRACTOR_NAME", TAP),
            _loading(environ.get("MELTANO_LOADER_NAME", LOADERS["apply"])),
        )

    def command(self, words: str) -> str:
        """Return how a command of the target is typed."""
        if self.environment is None:
            return f"target-pipedrive {words}"
        name, _, rest = words.partition(" ")
        return f"{self._meltano} invoke {self.loader}:{name} {rest}".rstrip()

    def run(self, mode: str, *, full: bool = False) -> str:
        """Return how a run of tap and target is typed.

        Args:
            mode: What it is for.
            full: Whether it must read everything.
        """
        if self.environment is None:
            state = ", its state left out" if full else ""
            return f"the tap | target-pipedrive, with `mode: {mode}`{state}"
        option = "--full-refresh " if full else ""
        loader = self.loader if mode == "apply" else LOADERS[mode]
        return f"{self._meltano} run {option}{self.extractor} {loader}"

    @property
    def _meltano(self) -> str:
        return f"meltano --environment={self.environment}" if self.environment else "meltano"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known at the end of a load.

    Args:
        outcome: A key of `OUTCOMES`, or the kind of an unforeseen error.
        rejected: Records that stand rejected.
        questions: Ambiguous matches that wait for an answer.
        unmatched: People who may own something and have no user in Pipedrive.
        written: Objects written.
        review_file: Where the questions stand.
    """

    outcome: str
    rejected: int = 0
    questions: int = 0
    unmatched: int = 0
    written: int = 0
    review_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next, when something is so.

    Args:
        holds: Whether it is.
        text: What to do; names in braces are those of `next_steps`.
    """

    holds: Callable[[Facts], bool]
    text: str


STEPS = (
    Step(
        lambda facts: facts.questions > 0,
        "{questions} ambiguous matches wait for an answer in {review_file}: answer them, then run "
        "again: {again}",
    ),
    Step(lambda facts: facts.rejected > 0, "{rejected} records stand rejected, see why: {rejects}"),
    Step(
        lambda facts: facts.unmatched > 0,
        "{unmatched} people of the source have no user in Pipedrive and what is theirs belongs to "
        "the default owner: invite them, or name their users under `overrides` in the mapping, "
        "then read everything again: {full}",
    ),
    Step(
        lambda facts: facts.outcome == DONE and facts.written > 0,
        "read back what was written, field by field: {verify}",
    ),
    Step(
        lambda facts: facts.outcome == DONE and facts.written == 0,
        "nothing, Pipedrive was in step already",
    ),
)
"""What follows a load, after the outcome's own: what holds is told, in this order."""


def next_steps(facts: Facts, typed: Typed) -> Iterator[str]:
    """Yield what to do after a load, one line a step.

    Args:
        facts: How it ended.
        typed: What people type here.
    """
    words = {
        "again": typed.run("apply"),
        "full": typed.run("apply", full=True),
        "verify": typed.run("verify"),
        "rejects": typed.command("rejects"),
        "wait": span(until_midnight(time.time())),
        "questions": f"{facts.questions:,}",
        "rejected": f"{facts.rejected:,}",
        "unmatched": f"{facts.unmatched:,}",
        "review_file": facts.review_file,
    }
    first = OUTCOMES.get(facts.outcome, UNFORESEEN).todo
    steps = [first] if first else []
    steps += [step.text for step in STEPS if step.holds(facts)]
    for step in steps:
        yield step.format_map(words)


COMMANDS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("rejects list", "some"): ("what a code means, and what to do", "rejects explain CODE"),
    ("rejects retry", "settled"): ("all of them are settled; what is left", "rejects"),
    ("rejects retry", "still"): ("why, and what to do about it", "rejects explain STREAM/ID"),
    ("rejects retry", "none"): ("what stands rejected at all", "rejects"),
    ("rejects export", "done"): ("try them again when the cause is mended", "rejects retry"),
    ("rejects drop", "done"): ("if that was a mistake", "rejects drop --undo STREAM/ID"),
    ("ledger info", "rejects"): ("why records stand rejected", "rejects"),
    ("ledger info", "well"): ("whether it is sound", "ledger check"),
    ("ledger check", "sound"): ("whether Pipedrive agrees with it", "ledger check --account"),
    ("oauth", "done"): ("see what a load would do", "run plan"),
}
"""Command and how it ended → what may come next, and how that is typed."""


def after(command: str, outcome: str, typed: Typed) -> str:
    """Return the last line of a command.

    Args:
        command: Its name.
        outcome: How it ended; together a key of `COMMANDS`.
        typed: What people type here.
    """
    why, words = COMMANDS[command, outcome]
    name, _, mode = words.partition(" ")
    return f"Next: {why}: {typed.run(mode) if name == 'run' else typed.command(words)}"
