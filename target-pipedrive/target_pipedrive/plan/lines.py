"""The few lines about a plan that a person reads at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.endings import Typed
from target_pipedrive.plan import document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_pipedrive.settings import Settings

ACTIONS = (
    "created",
    "adopted",
    "updated",
    "unchanged",
    "merged",
    "removed",
    "kept",
    "rejected",
)
"""What may happen to objects, in the order in which it is told."""


def verdict(plan: Mapping[str, Any]) -> tuple[str, str]:
    """Return the tone and the one sentence that counts."""
    written = sum(
        number
        for actions in plan["objects"].values()
        for action, number in actions.items()
        if action not in {"unchanged", "kept", "rejected"}
    )
    stopping = [*blockers(plan)]
    if stopping:
        return "bad", f"The load would stop: {stopping[0]}"
    rejected = sum(entry["records"] for entry in plan["rejects"])
    if not written and not rejected:
        return "ok", "Pipedrive is in step already: nothing would be written"
    told = f"{written:,} objects would be written for {plan['price']['tokens']:,} tokens"
    days = plan["price"]["days"]
    when = "" if days is None else f" on {days:,} {'day' if days == 1 else 'days'}"
    if rejected:
        return "warn", f"{told}{when}; {rejected:,} records would be rejected"
    return "ok", told + when


def blockers(plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield what would end the load before its time."""
    cap = plan["make"]["custom_fields_cap"]
    if cap["left"] < 0:
        yield (
            f"{cap['new']} custom fields are to be made, and the subscription has room for "
            f"{max(cap['most'] - cap['used'], 0)} of its {cap['most']}"
        )
    limits = plan["stops"]
    unmatched = len(plan["people"]["unmatched"])
    if limits["unmatched_practitioners"] and unmatched:
        yield f"{unmatched} practitioners have no Pipedrive user (`unmatched_practitioners: stop`)"
    rejected = sum(entry["records"] for entry in plan["rejects"])
    if limits["max_rejects"] is not None and rejected > limits["max_rejects"]:
        yield f"{rejected:,} records would be rejected (`max_rejects: {limits['max_rejects']}`)"
    if plan["price"]["days"] is None:
        yield "no tokens are left for it (`reserve_tokens`)"


def lines(plan: Mapping[str, Any], settings: Settings, *, questions: int) -> Iterator[str]:
    """Yield the summary of a plan, no more than fits a screen.

    Args:
        plan: The plan.
        settings: Of the run.
        questions: Ambiguous matches that wait for an answer.
    """
    price, make = plan["price"], plan["make"]
    yield f"Plan: {verdict(plan)[1]}."
    for obj, actions in plan["objects"].items():
        told = ", ".join(f"{actions[name]:,} {name}" for name in ACTIONS if actions.get(name))
        yield f"{obj}: {told}"
    cap = make["custom_fields_cap"]
    yield (
        f"To be made first: {cap['new']} custom fields ({cap['left']} more would fit), "
        f"{sum(len(one['options']) for one in make['options'])} options, "
        f"{len(make['activity_types'])} activity types"
    )
    if unmatched := plan["people"]["unmatched"]:
        objects = sum(one["objects"] for one in unmatched)
        yield (
            f"{len(unmatched)} practitioners have no Pipedrive user; {objects:,} objects would "
            "belong to the default owner"
        )
    left = sum(entry["records"] for entry in plan["left_out"])
    cut, big = sum(plan["truncated"].values()), len(plan["oversized_files"])
    yield f"Left out: {left:,} records; cut to fit: {cut:,} texts; too large: {big:,} files"
    yield _price(price)
    yield (
        f"Taking all back would cost {price['rollback']['tokens']:,} tokens or more; what "
        "Pipedrive itself refuses cannot be foreseen"
    )
    folder = settings.output_dir
    yield f"The whole plan: {folder / document.PAGE} and {folder / document.NAME}"
    yield f"Its hash: {plan['sha256']}"
    typed = Typed.here()
    if questions:
        yield (
            f"Next: {questions:,} ambiguous matches wait for an answer in {settings.review_file}"
        )
    if stopping := [*blockers(plan)]:
        yield f"Next: mend what would stop the load: {'; '.join(stopping)}"
        return
    if has_schema(plan):
        yield f"Next: make custom fields and activity types alone: {typed.command('schema')}"
    yield f"Next: load: {typed.run('apply')}"


def has_schema(plan: Mapping[str, Any]) -> bool:
    """Return whether there is anything to make before the first record."""
    make = plan["make"]
    fields = any(one["needed"] for one in make["custom_fields"])
    return bool(fields or make["options"] or make["activity_types"])


def lasting(hours: float) -> str:
    """Return a time in words."""
    return f"{hours:,.1f} h" if hours >= 1 else f"{max(round(hours * 60), 1)} min"


def _price(price: Mapping[str, Any]) -> str:
    told = f"Price: {price['tokens']:,} tokens"
    least, most = price["tokens_at_least"], price["tokens_at_most"]
    if least != most:
        told += f" ({least:,} to {most:,}, as records come together)"
    told += f" by {price['requests']:,} requests, {lasting(price['hours_at_the_burst_limit'])}"
    days = [f"{price['days']} d on this subscription"] if price["days"] is not None else []
    days += [f"{one['days']} d on {one['subscription']}" for one in price["next_subscriptions"]]
    return f"{told}; {', '.join(days)}"
