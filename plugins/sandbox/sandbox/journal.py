"""The request log of the simulated services, and the figures drawn from it."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import TypedDict


class Row(TypedDict):
    """One request as the log shows it."""

    t: float
    api: str
    method: str
    path: str
    query: str
    status: int
    tokens: int
    fault: str | None
    operation: str


@dataclass(slots=True)
class _Entry:
    t: float
    api: str
    method: str
    path: str
    query: str
    status: int
    tokens: int
    fault: str | None
    operation: str


@dataclass
class Journal:
    """Every request in order of arrival; kept in memory until `clear`."""

    _entries: list[_Entry] = field(default_factory=list)

    def add(  # noqa: PLR0913 - one row has these columns
        self,
        api: str,
        method: str,
        path: str,
        query: str,
        status: int,
        tokens: int,
        fault: str | None,
        *,
        operation: str = "",
        t: float | None = None,
    ) -> None:
        """Append one request.

        Args:
            api: `cliniko`, `pipedrive` or `storage`.
            method: The HTTP method.
            path: The path without the query.
            query: The raw query string.
            status: What the service answered; when a fault cut the connection, what it had made
                (0 when it was never asked).
            tokens: The price of the call in Pipedrive tokens; 0 elsewhere.
            fault: The kind of the fault that was played, if any.
            operation: The service's own name for the operation, for the figures by operation.
            t: Arrival in seconds of the monotonic clock; now when left out.
        """
        arrived = time.monotonic() if t is None else t
        self._entries.append(
            _Entry(arrived, api, method, path, query, status, tokens, fault, operation)
        )

    def rows(self) -> list[Row]:
        """Return every request, in order of arrival."""
        ordered = sorted(self._entries, key=lambda entry: entry.t)
        return [Row(**asdict(entry)) for entry in ordered]  # type: ignore[typeddict-item] # the slots of _Entry are the keys of Row

    def clear(self) -> None:
        """Forget all requests."""
        self._entries.clear()

    def worst_window(self, api: str, seconds: float) -> int:
        """Return the highest number of requests to `api` in any rolling window of `seconds`."""
        window: deque[float] = deque()
        worst = 0
        for t in sorted(entry.t for entry in self._entries if entry.api == api):
            window.append(t)
            while window[0] <= t - seconds:
                window.popleft()
            worst = max(worst, len(window))
        return worst

    def pace(self, api: str, limit: int, seconds: float) -> dict[str, float | int | None]:
        """Return how much of a limit of `limit` requests in any `seconds` was made use of.

        Returns:
            `limit` and `window_seconds` as given; `worst_window`: the most requests in any one;
            `requests` and the `seconds` from the first to the last; `share`: the requests after
            the first in proportion to what the limit lets through in that time, None when it is
            too short to tell.
        """
        times = [entry.t for entry in self._entries if entry.api == api]
        span = max(times) - min(times) if times else 0.0
        share = (len(times) - 1) / (limit * span / seconds) if span > 0 else None
        return {
            "limit": limit,
            "window_seconds": seconds,
            "worst_window": self.worst_window(api, seconds),
            "requests": len(times),
            "seconds": round(span, 3),
            "share": None if share is None else round(share, 4),
        }

    def summary(self) -> dict[str, object]:
        """Return totals: requests by service and status, tokens and calls by operation."""
        requests: Counter[str] = Counter()
        statuses: dict[str, Counter[str]] = {}
        tokens: Counter[str] = Counter()
        calls: Counter[str] = Counter()
        faults: Counter[str] = Counter()
        for entry in self._entries:
            requests[entry.api] += 1
            statuses.setdefault(entry.api, Counter())[str(entry.status)] += 1
            if entry.fault:
                faults[entry.fault] += 1
            if entry.api == "pipedrive":
                name = entry.operation or f"{entry.method} {entry.path}"
                tokens[name] += entry.tokens
                calls[name] += 1
        return {
            "requests": dict(requests),
            "statuses": {api: dict(sorted(count.items())) for api, count in statuses.items()},
            "tokens": {"total": tokens.total(), "by_operation": dict(tokens.most_common())},
            "calls_by_operation": dict(calls.most_common()),
            "faults": dict(faults),
            "worst_window": {
                "pipedrive_2s": self.worst_window("pipedrive", 2.0),
                "cliniko_60s": self.worst_window("cliniko", 60.0),
            },
        }
