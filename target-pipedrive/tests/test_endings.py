"""What follows which outcome of a run."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from target_pipedrive import errors
from target_pipedrive.cli import command_line
from target_pipedrive.endings import (
    COMMANDS,
    DONE,
    OUTCOMES,
    Facts,
    Typed,
    after,
    next_steps,
    outcome_in_words,
    outcome_of,
)

MELTANO = Typed("prod", "tap-cliniko-sample")
LOAD = "meltano --environment=prod run tap-cliniko-sample target-pipedrive"
FILE = Path("output/review.yml")

CASES = {
    "all well": (
        Facts(outcome=DONE, written=3),
        ["run tap-cliniko-sample verify-pipedrive"],
    ),
    "in step": (Facts(outcome=DONE), ["nothing, Pipedrive was in step already"]),
    "rejects": (
        Facts(outcome=DONE, written=3, rejected=1_200),
        [
            "see why: meltano --environment=prod invoke target-pipedrive:rejects",
            "verify-pipedrive",
        ],
    ),
    "questions": (
        Facts(outcome=DONE, written=3, questions=2, rejected=2, review_file=FILE),
        [
            f"2 ambiguous matches wait for an answer in {FILE}: answer them, then run again: ",
            "2 records stand rejected",
            "verify-pipedrive",
        ],
    ),
    "people without a user": (
        Facts(outcome=DONE, written=3, unmatched=1),
        ["run --full-refresh tap-cliniko-sample target-pipedrive", "verify-pipedrive"],
    ),
    "budget spent": (
        Facts(outcome="BudgetSpent", written=3),
        [rf"after 00:00 UTC, in \d+ (h|min|s).*: {LOAD}"],
    ),
    "too many rejects": (
        Facts(outcome="TooManyRejects", rejected=5),
        ["raise `max_rejects`", "5 records stand rejected"],
    ),
    "stopped": (Facts(outcome="CancelledError", written=3), [f"go on where it stopped: {LOAD}"]),
    "refused": (Facts(outcome="NotAllowed"), ["mend the token or its user's rights"]),
    "blocked": (Facts(outcome="Blocked"), ["lower `burst`"]),
    "out of reach": (Facts(outcome="Unreachable"), [f"go on where it stopped: {LOAD}"]),
    "ledger": (Facts(outcome="LedgerLost"), ["see that it runs"]),
    "input": (Facts(outcome="BadInput"), ["look at the tap's log"]),
    "something differs": (Facts(outcome="Differs"), ["see in the report"]),
    "settings": (Facts(outcome="SettingsError"), ["mend what the last line names"]),
    "mapping": (Facts(outcome="MappingError"), ["mend the places"]),
    "unforeseen": (Facts(outcome="KeyError"), ["report it if that stays"]),
}


@pytest.mark.parametrize(("facts", "expected"), CASES.values(), ids=CASES)
def test_what_to_type_next(facts, expected):
    steps = [*next_steps(facts, MELTANO)]
    assert len(steps) == len(expected), steps
    for step, words in zip(steps, expected, strict=True):
        pattern = words if "\\d" in words else re.escape(words)
        assert re.search(pattern, step), step


def test_every_error_that_ends_a_run_has_its_outcome():
    kinds = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.TargetError)
    } - {"TargetError"}
    in_runs = set(OUTCOMES) - {DONE, outcome_of(asyncio.CancelledError())}
    assert in_runs <= kinds
    untold = kinds - in_runs
    assert not untold, "say in `OUTCOMES` how a run ends that meets it"


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (None, "all that was read is settled."),
        (errors.BudgetSpent(), "the day's tokens are spent."),
        (asyncio.CancelledError(), "it was asked to stop."),
        (KeyError("x"), "something unexpected (KeyError)."),
    ],
)
def test_an_outcome_is_told_in_words(failure, words):
    assert outcome_in_words(outcome_of(failure)) == words


def test_an_outcome_that_nobody_wrote_down():
    assert outcome_in_words(None) == "something unexpected (nothing is known)."


@pytest.mark.parametrize(
    ("environ", "command", "run"),
    [
        ({}, "target-pipedrive rejects list", "the tap | target-pipedrive, with `mode: verify`"),
        (
            {"MELTANO_ENVIRONMENT": "prod", "MELTANO_EXTRACTOR_NAME": "tap-cliniko-sample"},
            "meltano --environment=prod invoke target-pipedrive:rejects list",
            "meltano --environment=prod run tap-cliniko-sample verify-pipedrive",
        ),
        (
            {"MELTANO_ENVIRONMENT": "", "MELTANO_LOADER_NAME": "ours"},
            "meltano invoke ours:rejects list",
            "meltano run tap-cliniko verify-pipedrive",
        ),
        (  # what a run that only reads leaves to do is done by the loader
            {"MELTANO_ENVIRONMENT": "prod", "MELTANO_LOADER_NAME": "plan-pipedrive"},
            "meltano --environment=prod invoke target-pipedrive:rejects list",
            "meltano --environment=prod run tap-cliniko verify-pipedrive",
        ),
    ],
)
def test_what_is_typed_depends_on_where_it_was_started(environ, command, run):
    typed = Typed.here(environ)
    assert typed.command("rejects list") == command
    assert typed.run("verify") == run


@pytest.mark.parametrize(("command", "outcome"), COMMANDS)
def test_what_comes_after_a_command_can_be_typed(command, outcome):
    told = after(command, outcome, Typed())
    words = told.rpartition(": ")[2] if "mode" not in told else told
    group = command_line()
    if words.startswith("target-pipedrive "):
        names = [word for word in words.split()[1:] if word.isalpha() and word.islower()]
        for name in names:
            group = group.commands[name]
    else:
        assert "with `mode: plan`" in told
    assert after(command, outcome, MELTANO).startswith("Next: ")
