"""Reports of an invented clinic, and a Chromium to read them with."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from target_pipedrive.report import (
    Bar,
    Bars,
    Column,
    Difference,
    Fact,
    Link,
    Moment,
    Record,
    Records,
    Report,
    Section,
    Segment,
    Step,
    Table,
    Timeline,
    Verdict,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

OBJECTS = ("person", "activity", "note", "deal")
FIRST = ("Ines", "Müller", "Zoë", "Hanna", "Björn", "Anaïs", "Omar", "Yuki", "Maeve", "Tomás")
LAST = ("Okafor", "Lindqvist", "Straße", "Petrov", "Nguyen", "Ferreira", "Haddad", "Kowalski")
STARTED = datetime(2031, 3, 7, 21, 4, tzinfo=UTC)


def records(count: int) -> Iterator[Record]:
    """Rows of a verification: every 1,000th is different, every 2,500th missing."""
    for number in range(count):
        kind = OBJECTS[number % 4]
        name = f"{FIRST[number % 10]} {LAST[number // 10 % 8]}"
        found = Link(str(50_000 + number), f"https://clinic.pipedrive.com/{kind}/{50_000 + number}")
        verdict, detail = "equal", ()
        if number % 2500 == 7:
            verdict, found = "missing", None
            detail = (Difference("name", name, None, "missing"),)
        elif number % 1000 == 3:
            verdict = "different"
            detail = (
                Difference("name", name, name, "equal"),
                Difference(
                    "emails",
                    f"patient{number}@example.com",
                    f"patient.{number}@example.org",
                    "different",
                ),
                Difference("phones", "+61 491 570 156", "+61 491 570 156", "equal"),
                Difference("Date of birth", "1984-02-29", None, "missing"),
                Difference("owner_id", "Dr Lee", "Dr Chen", "edited"),
            )
        elif number % 50 == 11:
            verdict = "normalised"
            detail = (Difference("phones", "0491 570 156", "+61491570156", "normalised"),)
        yield Record(
            (
                kind,
                "patients" if kind == "person" else "individual_appointments",
                f"{1_000_000 + number}",
                name,
                found,
                len(detail),
                verdict,
            ),
            detail,
        )


def table(count: int) -> Records:
    return Records(
        columns=(
            Column("Object", width=0.8),
            Column("Stream", width=1.4),
            Column("Cliniko ID", "code"),
            Column("Name", width=1.6),
            Column("Pipedrive ID", "link"),
            Column("Fields", "number", width=0.6),
            Column("Verdict", "state"),
        ),
        rows=records(count),
        facets=("Verdict", "Object", "Stream"),
        note="Every record that was read back, with each field that is mapped.",
        sides=("Cliniko", "Pipedrive"),
    )


def whole(count: int = 3000) -> Report:
    """Everything a report can hold."""
    return Report(
        title="Verification",
        subtitle="clinic.pipedrive.com · run 2031-03-07 21:04 · 9 streams",
        made_at=STARTED + timedelta(hours=2, minutes=11),
        verdict=Verdict(
            "bad", "16 of 20,184 records are not as they should be.", "Everything else arrived."
        ),
        values="shown",
        facts=(
            Fact("Records compared", 20184, "9 streams"),
            Fact("Equal", 19741, "97.8 %", "ok"),
            Fact("Written differently", 415, "by Pipedrive's own rules"),
            Fact("Edited since", 12, "kept as they are", "warn"),
            Fact("Different", 11, tone="bad"),
            Fact("Missing", 5, tone="bad"),
            Fact("Tokens", 1012, "0.4 % of the load's"),
            Fact("Took", "3 min 12 s"),
        ),
        bars=(
            Bars(
                "By object",
                (
                    Bar(
                        "Persons",
                        (
                            Segment("equal", 6120),
                            Segment("normalised", 380),
                            Segment("different", 7),
                            Segment("edited", 12),
                            Segment("missing", 1),
                        ),
                    ),
                    Bar("Activities", (Segment("equal", 11840), Segment("different", 4))),
                    Bar("Notes", (Segment("equal", 1650), Segment("lost by design", 31))),
                    Bar(
                        "Files", (Segment("equal", 131), Segment("missing", 4), Segment("extra", 4))
                    ),
                ),
                "Shares of each object's records; one record shows even among very many.",
            ),
        ),
        timeline=Timeline(
            tuple(
                Moment(STARTED + timedelta(seconds=7 * step), 19 * step, 260 * step + step % 9)
                for step in range(1100)
            ),
            budget=360_000,
            note="Two hours at the subscription's burst limit.",
        ),
        sections=(
            Section(
                "What cannot survive",
                ("When an activity was made is up to Pipedrive; our time goes to its note.",),
                (
                    Table(
                        (
                            "What",
                            "Why",
                            Column("Records", "number"),
                            Column("Code", "code"),
                            Column("Verdict", "state"),
                        ),
                        (
                            ("Creation time", "read-only", 11844, "add_time", "lost by design"),
                            ("Price", "exact", Decimal("1204.50"), "price", "equal"),
                            (
                                "Help",
                                Link("How to", "https://clinic.pipedrive.com/help"),
                                None,
                                "",
                                "",
                            ),
                        ),
                        "Lost by design",
                    ),
                ),
            ),
            Section(
                "Who has no user", ("2 practitioners have no user in Pipedrive.",), tone="warn"
            ),
            Section("All settings", ("mode: verify",), folded=True),
        ),
        next_steps=(
            Step("meltano invoke target-pipedrive:rejects", "Shows what was rejected, and why."),
            Step("meltano run tap-cliniko target-pipedrive", "Writes what is missing."),
        ),
        records=table(count),
    )


BINARIES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium; without one, tests are skipped, but fail where `CI` is `true`.

    No longer than a module: Playwright keeps an event loop running, beside which no other can.
    """
    path = next(filter(None, map(shutil.which, BINARIES)), None)
    if path is None:
        told = "Chromium is not installed (Debian: apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            # root, as in a container, has no sandbox; the pages are our own
            chromium_sandbox=os.geteuid() != 0,
            args=["--disable-dev-shm-usage"],
        )
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser, tmp_path) -> Iterator[Callable[..., Page]]:
    """Writes a report, opens it from disk and waits until all of its rows are read.

    After the test nothing may have gone wrong in it: no error, no breach of its own policy, no
    request beyond the file itself.
    """
    contexts, wrong = [], []

    def open_page(report: Report, **options) -> Page:
        path = tmp_path / f"report-{len(contexts)}.html"
        write(report, path)
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text))
        page.on("request", lambda asked: wrong.append(asked.url))
        page.goto(path.as_uri())
        if report.records and options.get("java_script_enabled", True):
            page.wait_for_selector("html[data-ready]")
            page.wait_for_selector("#matches:not(:empty)")
        wrong.remove(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture(scope="session")
def report() -> Callable[..., Report]:
    """Makes a report with everything in it and so many records."""
    return whole


@pytest.fixture(scope="session")
def small() -> Callable[..., Report]:
    """Makes a report of little more than what a test gives."""

    def make(**given) -> Report:
        return Report(
            **{"title": "Plan", "made_at": STARTED, "verdict": Verdict("ok", "Fine.")} | given
        )

    return make
