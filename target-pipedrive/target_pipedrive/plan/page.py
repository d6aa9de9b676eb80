"""The plan as a page for people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from target_pipedrive.endings import Typed
from target_pipedrive.plan.lines import ACTIONS, blockers, has_schema, lasting, verdict
from target_pipedrive.plan.sections import seated, sections
from target_pipedrive.report import (
    Bar,
    Bars,
    Column,
    Difference,
    Fact,
    Record,
    Records,
    Report,
    Segment,
    Step,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_pipedrive.plan.notes import Notes
    from target_pipedrive.settings import Settings


def page(plan: Mapping[str, Any], notes: Notes, settings: Settings) -> Report:
    """Return a plan as a report.

    Args:
        plan: With its hash.
        notes: What would be done about each object.
        settings: Of the run.
    """
    tone, text = verdict(plan)
    return Report(
        title="Plan",
        subtitle=f"{plan['account']['company']} ({plan['account']['host']})",
        made_at=datetime.fromisoformat(plan["made_at"]),
        verdict=Verdict(
            tone,  # type: ignore[arg-type]  # one of its words
            text,
            "Nothing was written. The load itself was rehearsed; what Pipedrive refuses of its "
            "own cannot be foreseen.",
        ),
        values="shown" if settings.show_values else "masked",
        facts=tuple(_facts(plan)),
        bars=(_bars(plan),),
        sections=tuple(sections(plan)),
        next_steps=tuple(_steps(plan)),
        records=_records(plan, notes),
    )


def _facts(plan: Mapping[str, Any]) -> Iterator[Fact]:
    price, cap = plan["price"], plan["make"]["custom_fields_cap"]
    least, most = price["tokens_at_least"], price["tokens_at_most"]
    note = f"of {price['tokens_a_day']:,} a day"
    if least != most:
        note += f"; {least:,} to {most:,}"
    yield Fact("Tokens", price["tokens"], note)
    days = price["days"]
    yield Fact(
        "Days",
        "never" if days is None else days,
        f"on {seated(plan)}",
        "bad" if days is None else "plain",
    )
    yield Fact(
        "Requests",
        price["requests"],
        f"{lasting(price['hours_at_the_burst_limit'])} at the burst limit",
    )
    yield Fact(
        "New custom fields",
        cap["new"],
        f"{cap['used']} of {cap['most']} in use; {cap['left']} would be left",
        "bad" if cap["left"] < 0 else "plain",
    )
    rejected = sum(entry["records"] for entry in plan["rejects"])
    yield Fact("Rejected", rejected, "records", "warn" if rejected else "ok")
    yield Fact("Taking all back", price["rollback"]["tokens"], "tokens or more")


def _bars(plan: Mapping[str, Any]) -> Bars:
    return Bars(
        "What happens to each object",
        tuple(
            Bar(obj, tuple(Segment(name, actions.get(name, 0)) for name in ACTIONS))
            for obj, actions in plan["objects"].items()
        ),
    )


def _steps(plan: Mapping[str, Any]) -> Iterator[Step]:
    typed = Typed.here()
    if [*blockers(plan)]:
        return
    if has_schema(plan):
        yield Step(typed.command("schema"), "makes custom fields, options and activity types alone")
    yield Step(typed.run("apply"), "loads")


def _records(plan: Mapping[str, Any], notes: Notes) -> Records:
    return Records(
        columns=(
            Column("Object"),
            Column("Action", "state"),
            Column("Stream"),
            Column("Cliniko ID", "code", 1.5),
            Column("In Pipedrive", "code"),
            Column("Note", width=2.0),
        ),
        rows=_rows(plan, notes),
        facets=("Object", "Action", "Stream"),
        heading="Record by record",
        note="All that would be touched or rejected; what stands as it shall is left out.",
        sides=("Would be written", "Stands there"),
    )


def _rows(plan: Mapping[str, Any], notes: Notes) -> Iterator[Record]:
    for act in notes.acts():
        cut = f"cut to fit: {', '.join(act.truncated)}" if act.truncated else ""
        part = f"part {act.part}" if act.part else ""
        yield Record(
            (
                act.object,
                act.action,
                act.stream,
                act.id,
                act.row or None,
                "; ".join(filter(None, (part, cut))),
            ),
            tuple(
                Difference(field, value or None, None, "update")
                for field, value in act.values.items()
            ),
        )
    for entry in plan["rejects"]:
        for one in entry["some"]:
            note = " ".join(filter(None, (entry["code"], one["detail"])))
            yield Record((entry["object"], "rejected", entry["stream"], one["id"], None, note))
