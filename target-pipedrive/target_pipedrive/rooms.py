"""The rooms that data walks through, furnished for one run."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.metadata import version
from typing import TYPE_CHECKING

from target_pipedrive.bodies import Bodies
from target_pipedrive.direct import DirectStreams
from target_pipedrive.engine import Engine, Strictness
from target_pipedrive.errors import MappingError, Rejected, SettingsError
from target_pipedrive.index import Index
from target_pipedrive.ledger import LinkKey
from target_pipedrive.mapping.direct import Choices
from target_pipedrive.pipedrive import ActivityTypes, Fields, Names, Pipedrive
from target_pipedrive.renewal import renewing
from target_pipedrive.review import Review
from target_pipedrive.sources import Sources
from target_pipedrive.unchanged import Unchanged
from target_pipedrive.users import Users
from target_pipedrive.world import LedgerWorld
from target_pipedrive.writer import Policy, Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_pipedrive.counts import Counts
    from target_pipedrive.flow import Flow
    from target_pipedrive.ledger import Ledger
    from target_pipedrive.mapping import MappingSet
    from target_pipedrive.pipedrive import Account, Client
    from target_pipedrive.settings import Settings

logger = logging.getLogger("target_pipedrive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """What a run consists of, once its account is known."""

    account: Account
    mapping: MappingSet
    pipedrive: Pipedrive
    users: Users
    fields: Fields
    review: Review
    index: Index
    direct: DirectStreams
    writer: Writer
    engine: Engine


async def furnish(
    settings: Settings,
    mapping: MappingSet,
    *,
    ledger: Ledger,
    client: Client,
    flow: Flow,
    counts: Counts,
    make_writer: Callable[..., Writer],
) -> Rooms:
    """Learn what must be known of the account, and build the rooms around it.

    Args:
        settings: Of the target.
        mapping: The mapping files.
        ledger: What became what.
        client: Talks to the account.
        flow: Runs the work.
        counts: What is done.
        make_writer: Makes what lets objects stand as desired, as `Writer` does.

    Raises:
        SettingsError: The ledger is another account's, or fields cannot be told apart.
        MappingError: The files name a pipeline or stage that is not there.
        NotAllowed: Pipedrive refuses the token.
        Unreachable: Pipedrive does not answer.
    """
    pipedrive = Pipedrive(client)
    account = await pipedrive.account()
    bind(ledger, account, client.host)
    if not account.is_admin:
        logger.warning(
            "The token's user is no administrator: Pipedrive may hide rows from it, and "
            "refuse custom fields, activity types and other people's notes."
        )
    users = Users(account, await pipedrive.users(), settings.default_owner)
    fields = Fields(pipedrive, ledger.bindings, settings.fields, renew=renewing(ledger, mapping))
    rules = [rule for stream in mapping.streams() for rule in mapping.rules(stream)]
    review = Review(settings.review_file)
    await review.begin(pipedrive, ledger)
    index = Index(pipedrive, fields, ledger, rules, review)
    await fields.check(mapping.field_specs())
    names = Names(
        pipedrive, made=lambda kind, row: ledger.audit.add("created", LinkKey(kind, "", ""), row)
    )
    await _check_stages(mapping, names)
    world = LedgerWorld(ledger.kept, datetime.now(UTC), account.currency or None)
    direct = DirectStreams(
        mapping=mapping,
        fields=fields,
        ledger=ledger,
        index=index,
        options=settings.options,
        choices=Choices(settings.key_field, settings.create_custom_fields),
    )
    writer = make_writer(
        pipedrive=pipedrive,
        bodies=Bodies(
            fields=fields,
            users=users,
            ledger=ledger,
            after=flow.after,
            is_admin=account.is_admin,
            names=names,
        ),
        fields=fields,
        types=ActivityTypes(pipedrive),
        ledger=ledger,
        index=index,
        specs=mapping.specs,
        policy=Policy(
            remove=settings.remove,
            max_file_bytes=settings.max_file_bytes,
            sources=Sources(settings.files_from),
        ),
    )
    engine = Engine(
        mapping=mapping,
        ledger=ledger,
        unchanged=Unchanged(
            ledger, world, mapping.whole, _choices(settings, mapping, account, users)
        ),
        writer=writer,
        flow=flow,
        users=users,
        counts=counts,
        strictness=Strictness(
            stop_on_unmatched=settings.stop_on_unmatched, max_rejects=settings.max_rejects
        ),
    )
    return Rooms(
        account=account,
        mapping=mapping,
        pipedrive=pipedrive,
        users=users,
        fields=fields,
        review=review,
        index=index,
        direct=direct,
        writer=writer,
        engine=engine,
    )


def _choices(settings: Settings, mapping: MappingSet, account: Account, users: Users) -> bytes:
    """Return a digest of all that bears on every record of a run."""
    parts = (
        version("target-pipedrive"),
        mapping.digest.hex(),
        settings.remove,
        settings.max_file_bytes,
        settings.files_from,
        account.is_admin,
        account.currency,
        users.described(),
    )
    return blake2b(repr(parts).encode(), digest_size=32).digest()


def bind(ledger: Ledger, account: Account, host: str) -> None:
    """See that the ledger is this account's; a new one becomes it.

    Raises:
        SettingsError: It is another account's.
    """
    bound = ledger.book.noted("company")
    if bound is None:
        ledger.book.note("company", str(account.company_id))
        ledger.book.note("host", host)
    elif bound != str(account.company_id):
        raise SettingsError(
            f"The ledger belongs to Pipedrive company {bound} ({ledger.book.noted('host')}), the "
            f"token to company {account.company_id} ({host}). Name another `ledger`, or take the "
            "token of the right account."
        )


async def _check_stages(mapping: MappingSet, names: Names) -> None:
    """See that every pipeline and stage that the files name is there, before the first record.

    Raises:
        MappingError: Those that are not, each with its place.
    """
    faults = []
    for steps in mapping.stages_named():
        for place, pipeline, stage in steps:
            try:
                await names.stage(pipeline, stage)
            except Rejected as rejected:
                faults.append(f"{place}: {rejected.detail} in Pipedrive")
                break
    if faults:
        raise MappingError(*faults)
