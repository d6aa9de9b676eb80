"""What a verification came to: counts, and whether all is well."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_pipedrive.verify.verdicts import FAILING, WORST_LAST, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a run.

    Args:
        run: Its name.
        at: When it ended.
        host: Pipedrive's host.
        origin: Address of the account.
        objects: How many, by kind and verdict.
        fields: How many, by kind, name, verdict and rule.
        not_looked_at: Objects that the ledger knows and no record came for, by kind.
        read: Records read, by stream.
        requests: Requests sent, by operation.
        tokens: What they cost.
        values_shown: Whether the reports show values.
        files: Whether contents of files were compared.
    """

    run: str
    at: datetime
    host: str
    origin: str
    objects: Counter[tuple[str, Verdict]]
    fields: Counter[tuple[str, str, Verdict, str]]
    not_looked_at: Mapping[str, int]
    read: Mapping[str, int]
    requests: Mapping[str, int]
    tokens: int
    values_shown: bool
    files: bool

    @property
    def failed(self) -> bool:
        """Whether something is different or missing."""
        return any(self.number(verdict) for verdict in FAILING)

    def number(self, *verdicts: Verdict) -> int:
        """Return how many objects came to these; of any without one."""
        return sum(
            number
            for (_, verdict), number in self.objects.items()
            if verdict in verdicts or not verdicts
        )

    def kinds(self) -> list[str]:
        """Return the kinds of objects that were looked at, or should have been."""
        return sorted({obj for obj, _ in self.objects} | set(self.not_looked_at))

    def by_field(self) -> Iterator[tuple[str, str, dict[Verdict, int]]]:
        """Yield kind, name and counts of each field."""
        counts: dict[tuple[str, str], Counter[Verdict]] = {}
        for (obj, field, verdict, _), number in self.fields.items():
            if field:
                counts.setdefault((obj, field), Counter())[verdict] += number
        for (obj, field), found in sorted(counts.items()):
            yield obj, field, {verdict: found[verdict] for verdict in WORST_LAST if found[verdict]}

    def rules(self) -> Iterator[tuple[str, str, Verdict, str, int]]:
        """Yield kind, field, verdict, rule and number where a rule was applied."""
        for (obj, field, verdict, rule), number in sorted(self.fields.items()):
            if rule:
                yield obj, field, verdict, rule, number

    def sentence(self) -> str:
        """Say in one sentence how it ended."""
        total = f"{self.number():,} objects"
        if not self.failed:
            return f"All {total} that were looked at stand as they should."
        wrong = ", ".join(
            f"{self.number(verdict):,} {verdict}"
            for verdict in (Verdict.DIFFERENT, Verdict.MISSING)
            if self.number(verdict)
        )
        return f"Of {total} that were looked at, not all stand as they should: {wrong}."

    def lines(self) -> Iterator[str]:
        """Yield what a person reads at the end of a run."""
        yield f"compared {self.number():,} objects of {sum(self.read.values()):,} records"
        for obj in self.kinds():
            told = [
                f"{self.objects[obj, verdict]:,} {verdict}"
                for verdict in WORST_LAST
                if self.objects[obj, verdict]
            ]
            if left := self.not_looked_at.get(obj):
                told.append(f"{left:,} not looked at: no record of theirs came")
            yield f"{obj}: {', '.join(told)}"

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        fields: dict[str, dict[str, dict[str, int]]] = {}
        for obj, field, counts in self.by_field():
            fields.setdefault(obj, {})[field] = {str(one): n for one, n in counts.items()}
        return {
            "run": self.run,
            "at": self.at.isoformat(timespec="seconds"),
            "account": self.host,
            "outcome": "differs" if self.failed else "stands",
            "says": self.sentence(),
            "objects": {
                obj: {
                    str(verdict): self.objects[obj, verdict]
                    for verdict in WORST_LAST
                    if self.objects[obj, verdict]
                }
                for obj in self.kinds()
            },
            "not_looked_at": dict(self.not_looked_at),
            "fields": fields,
            "rules": [
                {"object": obj, "field": field, "verdict": verdict, "rule": rule, "number": number}
                for obj, field, verdict, rule, number in self.rules()
            ],
            "records_read": dict(self.read),
            "requests": dict(self.requests),
            "tokens": self.tokens,
            "values": "shown" if self.values_shown else "masked",
            "contents_of_files": "compared" if self.files else "not compared",
        }
