"""The simulated account: everything that stands in it, and its limits."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.pipedrive import seeds
from sandbox.pipedrive.checks import stamp, stamp_v1
from sandbox.pipedrive.dump import dump
from sandbox.pipedrive.fields import Codes, FieldSet
from sandbox.pipedrive.furnish import furnish
from sandbox.pipedrive.limits import APP, PLANS, Meter, Plan, Verdict
from sandbox.pipedrive.oauth import OAuth
from sandbox.pipedrive.objects import ENTITIES
from sandbox.pipedrive.table import Table, Uuids

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.datastructures import Headers

    from sandbox.pipedrive.table import Row

ADMIN_TOKEN = "sandbox-token"  # noqa: S105 - a demo credential, published in the README
REGULAR_TOKEN = "sandbox-regular-token"  # noqa: S105 - the same, of a user without admin rights
KEPT_BYTES = 1_000_000
"""Uploads up to this size are kept whole, for downloads and dumps; of larger ones the digest."""

_LINKS: dict[str, tuple[str, ...]] = {
    **{kind: entity.links for kind, entity in ENTITIES.items()},
    "notes": ("person_id", "org_id", "deal_id"),
    "files": ("person_id", "org_id", "deal_id", "product_id", "activity_id"),
    "activityTypes": (),
    "dealProducts": ("deal_id",),
    "leads": (),
    "leadLabels": (),
}
_WITH_UUIDS = frozenset({"leads", "leadLabels"})


class PipedriveState:
    """One company's Pipedrive, empty but for what an account in use has.

    Args:
        plan: Subscription: `lite`, `growth`, `premium` or `ultimate`.
        seats: Paid users; they multiply the daily token budget.
        burst: Requests per rolling 2 s in place of the plan's.
        daily_tokens: Daily token budget in place of the plan's.
        seed: Decides ids and field codes.
        users: `{"name", "email", "active_flag"}` each; the first one is the admin whose token
            is `ADMIN_TOKEN`, the second owns `REGULAR_TOKEN`.
        existing_persons: `{"name", "email"}` each: persons that somebody added by hand.
        company_name: Name of the company.
        currency: Default currency, one of `seeds.CURRENCIES` that is enabled.
        search_lag: Seconds until search finds what was written.
        max_file_mb: Largest upload in MB (10^6 bytes); a larger one is a 413.
        refuse_empty_files: Whether a zero-byte upload is a 400.

    Attributes:
        tables: Rows by kind.
        fields: Fields by kind.
        users: Users by id.
        merged: Persons that were merged away: {loser's id: survivor's id}.
        contents: Bytes of small files by file id.
        digests: SHA-256 of files by file id.
    """

    def __init__(  # noqa: PLR0913 - the knobs of a simulation, all optional
        self,
        *,
        plan: str = "ultimate",
        seats: int = 1,
        burst: int | None = None,
        daily_tokens: int | None = None,
        seed: int = 1,
        users: Sequence[Mapping[str, Any]] | None = None,
        existing_persons: Sequence[Mapping[str, Any]] | None = None,
        company_name: str = "Sandbox Clinic",
        currency: str = "AUD",
        search_lag: float = 3.0,
        max_file_mb: float = 50.0,
        refuse_empty_files: bool = False,
    ) -> None:
        chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self.meter = Meter(plan, seats, burst, daily_tokens)
        self.search_lag = search_lag
        self.max_file_mb = max_file_mb
        self.refuse_empty_files = refuse_empty_files
        self.codes = Codes(chance)
        self.tables = {
            kind: Table(
                chance.randrange(1_000, 90_000),
                links,
                Uuids(chance) if kind in _WITH_UUIDS else None,
            )
            for kind, links in _LINKS.items()
        }
        self.merged: dict[int, int] = {}
        self.contents: dict[int, bytes] = {}
        self.digests: dict[int, str] = {}
        self.currencies = seeds.currencies()
        self.enabled_currencies = {row["code"] for row in self.currencies if row["active_flag"]}
        if currency not in self.enabled_currencies:
            raise ValueError(
                f"currency must be one of {', '.join(sorted(self.enabled_currencies))}, "
                f"not {currency!r}"
            )
        self.company = {
            "id": chance.randrange(1_000_000, 9_000_000),
            "name": company_name,
            "domain": "sandbox",
            "country": currency[:2],
            "currency": currency,
        }
        people = list(seeds.USERS if users is None else users)
        first_user = chance.randrange(10_000, 90_000)
        self.users: dict[int, Row] = {
            first_user + 7 * index: seeds.user(first_user + 7 * index, person, currency, index == 0)
            for index, person in enumerate(people)
        }
        tokens = (ADMIN_TOKEN, REGULAR_TOKEN)
        self.tokens: dict[str, int] = dict(zip(tokens, self.users, strict=False))
        self.oauth = OAuth(first_user)
        self.fields: dict[str, FieldSet] = seeds.fields(self.codes)
        self._type_keys: dict[str, Row] | None = None
        furnish(self, seeds.PERSONS if existing_persons is None else existing_persons)

    # -- clock

    def now_v2(self) -> str:
        """Return the time as v2 writes it."""
        return stamp(datetime.now(UTC))

    def now_v1(self) -> str:
        """Return the time as v1 writes it."""
        return stamp_v1(datetime.now(UTC))

    # -- limits

    @property
    def plan(self) -> Plan:
        """The plan in force."""
        return PLANS[self.meter.plan]

    @property
    def plan_name(self) -> str:
        """The plan's name."""
        return self.meter.plan

    @property
    def limits(self) -> dict[str, Any]:
        """The limits in force, as plain figures."""
        return self.meter.in_force() | {
            "search_lag": self.search_lag,
            "max_file_mb": self.max_file_mb,
            "refuse_empty_files": self.refuse_empty_files,
            "oauth_seconds": self.oauth.seconds,
            "oauth_rotates": self.oauth.rotates,
        }

    def configure(self, **limits: Any) -> None:
        """Change limits while the account is in use; the burst windows start empty.

        Args:
            **limits: `plan`, `seats`, `burst`, `daily_tokens` (the last two: None = the plan's),
                `tokens_spent` (0 = a new day), `search_lag`, `max_file_mb`,
                `refuse_empty_files`, `oauth_seconds` (how long an access token is good),
                `oauth_rotates` (whether a refresh hands out another refresh token).

        Raises:
            ValueError: A limit is unknown or makes no sense; nothing is changed.
        """
        metered = {"plan", "seats", "burst", "daily_tokens", "tokens_spent"}
        own = {"search_lag", "max_file_mb", "refuse_empty_files"}
        tokens = {"oauth_seconds", "oauth_rotates"}
        if unknown := sorted(limits.keys() - metered - own - tokens):
            known = ", ".join(sorted(metered | own | tokens))
            raise ValueError(f"unknown limit {', '.join(unknown)}; there are {known}")
        for name in ("search_lag", "max_file_mb"):
            figure = limits.get(name, 0)
            if type(figure) not in {int, float} or figure < 0:
                raise ValueError(f"{name} must be a number of at least 0, not {figure!r}")
        if type(limits.get("refuse_empty_files", False)) is not bool:
            raise ValueError("refuse_empty_files must be true or false")
        before = self.meter
        meter = Meter(
            limits.get("plan", before.plan),
            limits.get("seats", before.seats),
            limits.get("burst", before.burst),
            limits.get("daily_tokens", before.daily_tokens),
            spent=limits.get("tokens_spent", before.spent),
            day=before.day,
        )
        self.oauth.configure(
            limits.get("oauth_seconds", self.oauth.seconds),
            limits.get("oauth_rotates", self.oauth.rotates),
        )
        self.meter = meter
        for name in own & limits.keys():
            setattr(self, name, limits[name])

    def user_of(self, headers: Headers) -> tuple[int | None, str]:
        """Return whose request it is, None for nobody's, and the token that it bears.

        An API token is no bearer token, and an access token no API token.
        """
        if token := headers.get("x-api-token"):
            return self.tokens.get(token), token
        scheme, _, access = headers.get("authorization", "").partition(" ")
        if scheme.casefold() != "bearer":
            return None, ""
        return self.oauth.user_of(access), f"{APP}{access}"

    def admit(self, token: str, cost: int, *, search: bool) -> Verdict:
        """Count a request against the limits and judge it."""
        today = datetime.now(UTC).date().isoformat()
        return self.meter.admit(token, cost, search=search, now=time.monotonic(), day=today)

    # -- activity types

    def activity_type_keys(self) -> dict[str, Row]:
        """Return the active activity types by `key_string`."""
        if self._type_keys is None:
            self._type_keys = {
                row["key_string"]: row for row in self.tables["activityTypes"] if row["active_flag"]
            }
        return self._type_keys

    def activity_type_name(self, key: str) -> str:
        """Return the name of an activity type, active or not."""
        types = self.tables["activityTypes"]
        return next(str(row["name"]) for row in types if row["key_string"] == key)

    def activity_types_changed(self) -> None:
        """Note that an activity type was made, renamed or removed."""
        self._type_keys = None

    # -- dump

    def dump(self) -> dict[str, Any]:
        """Return a copy of everything that stands in the account, deleted rows included.

        Rows have the shape in which the API answers them, with these additions: a person that
        was merged away has `merged_into`, a file has `sha256` and up to `KEPT_BYTES` its bytes in
        `content_base64`, and `_invitations` counts the attendees that activities hold, each of
        whom may have been sent an invitation.
        """
        return dump(self)
