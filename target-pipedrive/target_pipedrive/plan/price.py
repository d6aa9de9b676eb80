"""What a rehearsed load costs: tokens, days, hours; and what taking it back would."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_pipedrive.pipedrive import OBJECTS
from target_pipedrive.pipedrive.deal_products import MOST
from target_pipedrive.pipedrive.limits import BASE_TOKENS, BURSTS, MULTIPLIERS
from target_pipedrive.pipedrive.registry import FIELDS
from target_pipedrive.pipedrive.window import WINDOW
from target_pipedrive.rollback.doing import cost, units
from target_pipedrive.rollback.rows import ORDER

if TYPE_CHECKING:
    from collections.abc import Collection

    from target_pipedrive.ledger import Ledger
    from target_pipedrive.pipedrive import Limits, ObjectType, Operation
    from target_pipedrive.plan.tally import Point, Tally

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a load may go.

    Args:
        left: Tokens of today.
        daily: Tokens of each day after it.
        burst: Requests in a window.
    """

    left: int
    daily: int
    burst: int

    def days(self, tokens: int) -> int | None:
        """Return on how many days tokens are spent; None when there are never any."""
        if tokens <= self.left:
            return 1
        if self.daily <= 0:
            return None
        return math.ceil((tokens - max(self.left, 0)) / self.daily) + (self.left > 0)

    def hours(self, requests: int) -> float:
        """Return how long requests take at the burst limit, were there tokens for all."""
        return round(requests / self.burst * WINDOW / HOUR, 4)

    def at(self, point: Point) -> dict[str, Any]:
        """Return when a point of a load is reached."""
        return {
            "tokens": point.tokens,
            "requests": point.requests,
            "day": self.days(point.tokens),
            "hours": self.hours(point.requests),
        }


def price(
    tally: Tally, limits: Limits, seats: int, subscription: str, fixed: Collection[str]
) -> dict[str, Any]:
    """Return the price of a load, as it stands in the plan.

    Args:
        tally: What would be sent.
        limits: Of the subscription, with what was spent today.
        seats: Paid seats.
        subscription: Its name.
        fixed: Hash keys of custom fields whose options do not come with the data.
    """
    fewer, more = _range(tally, fixed)
    by_object: dict[str, dict[str, int]] = {}
    for operation, calls in sorted(tally.calls.items(), key=lambda item: item[0].name):
        entry = by_object.setdefault(operation.kind, {"requests": 0, "tokens": 0})
        entry["requests"] += calls
        entry["tokens"] += calls * operation.cost
    pace = Pace(limits.left - limits.reserve, limits.budget - limits.reserve, limits.burst_limit)
    names = list(MULTIPLIERS)
    return {
        "tokens": tally.sums.tokens,
        "tokens_at_least": tally.sums.tokens - fewer,
        "tokens_at_most": tally.sums.tokens + more,
        "requests": tally.sums.requests,
        "by_object": by_object,
        "by_operation": {
            one.name: calls
            for one, calls in sorted(tally.calls.items(), key=lambda item: item[0].name)
        },
        "file_bytes": tally.file_bytes,
        "tokens_left_today": limits.left,
        "tokens_a_day": limits.budget,
        "reserve": limits.reserve,
        "burst": limits.burst_limit,
        "days": pace.days(tally.sums.tokens),
        "hours_at_the_burst_limit": pace.hours(tally.sums.requests),
        "next_subscriptions": [
            _on(name, seats, limits.reserve, tally.sums)
            for name in names[names.index(subscription) + 1 :]
        ],
        "complete": {
            obj: pace.at(point)
            for obj, point in sorted(tally.complete.items(), key=lambda item: item[1])
        },
    }


def _on(subscription: str, seats: int, reserve: int, sums: Point) -> dict[str, Any]:
    daily = BASE_TOKENS * MULTIPLIERS[subscription] * seats
    pace = Pace(daily - reserve, daily - reserve, BURSTS[subscription])
    return {
        "subscription": subscription,
        "tokens_a_day": daily,
        "days": pace.days(sums.tokens),
        "hours_at_the_burst_limit": pace.hours(sums.requests),
    }


def _range(tally: Tally, fixed: Collection[str]) -> tuple[int, int]:
    """Return how many tokens fewer and more it may be, by how records come together.

    Options that come with the data are added together when records bring them at the same time,
    and lines of a deal are sent together.
    """
    adding = FIELDS["person"].add_options.cost
    free = [one for code, one in tally.options.items() if code not in fixed]
    fewer = sum(one.requests - one.fewest for one in free) * adding
    more = sum(one.most - one.requests for one in free) * adding
    kind = OBJECTS["deal_product"]
    spent = sum(calls * one.cost for one, calls in tally.calls.items() if one in _adding(kind))
    for number in tally.lines.values():
        apart, together = _lines(kind, number)
        fewer -= min(apart, together)
        more += apart
    return fewer + spent, more - spent


def _adding(kind: ObjectType) -> tuple[Operation, Operation]:
    if kind.create is None or kind.create_many is None:
        raise ValueError(f"{kind.plural} cannot be created")
    return kind.create, kind.create_many


def _lines(kind: ObjectType, number: int) -> tuple[int, int]:
    """Return what lines of a deal cost one by one, and all together."""
    one, many = _adding(kind)
    return number * one.cost, math.ceil(number / MOST) * many.cost


def rollback(ledger: Ledger) -> dict[str, int]:
    """Return the least that it costs to take back all that stands after a load.

    Rows of others are listed, too, and what hangs on what is ours.

    Args:
        ledger: As the load leaves it.
    """
    deletes = restores = lists = requests = 0
    kinds = ledger.undo.kinds()
    for obj in ORDER:
        if obj not in kinds:
            continue
        kind = OBJECTS[obj]
        sent = [*units(obj, ledger.undo.created(obj))]
        changed = len(set(ledger.before.objects(obj)))
        looks = max(1, math.ceil(len(ledger.links.ids(obj)) / kind.page))
        deletes += sum(cost(obj, unit) for unit in sent)
        restores += changed * (kind.update.cost if kind.update else 0)
        lists += looks * (kind.list.cost if kind.list else 0)
        requests += len(sent) + changed + looks
    return {
        "tokens": deletes + restores + lists,
        "deletes": deletes,
        "restores": restores,
        "lists": lists,
        "requests": requests,
    }
