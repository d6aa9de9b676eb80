"""Other records: lookups, references and owners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.desired import Owner, Ref
from target_pipedrive.errors import Rejected
from target_pipedrive.mapping.functions.registry import function
from target_pipedrive.mapping.text import text as trimmed
from target_pipedrive.mapping.unfit import UnfitError

if TYPE_CHECKING:
    from target_pipedrive.mapping.context import Context


@function
def lookup(context: Context, stream: str, id: Any) -> dict[str, Any] | None:  # noqa: A002 - the word users know
    """A record of another stream whose file says `lookup: true`; nothing when it is not there.

    A patient that was merged away is looked up in the one that took its place.

    Example:
        lookup('businesses', '1').business_name → 'City Clinic'
    """
    key = trimmed(id)
    if key is None:
        return None
    return context.world.lookup(stream, context.standing(stream, key))


@function
def children(context: Context, stream: str, parent_stream: str, id: Any) -> list[dict[str, Any]]:  # noqa: A002 - the word users know
    """Records of a stream that are rolled up into another record, in no particular order.

    A record's own children need no function: they stand under the name of their stream.

    Example:
        len(children('businesses', 'public_settings', 'account')) → 3
    """
    key = trimmed(id)
    if key is None:
        return []
    return context.world.family(stream, parent_stream, context.standing(parent_stream, key))


@function
def ref(context: Context, object: str, stream: str, id: Any) -> Ref:  # noqa: A002 - the words users know
    """The Pipedrive object that a record becomes; the write waits for it.

    A record whose reference is nothing is rejected as `parent_missing`: write
    `ref(…) if … else None` where a reference may be missing.

    Example:
        ref('person', 'patients', '12') → Ref(object='person', stream='patients', id='12')
    """
    key = trimmed(id)
    if key is None:
        raise Rejected("parent_missing", f"the record names no {object} from {stream}")
    return Ref(object, stream, context.standing(stream, key))


@function
def participants(context: Context, patient_ids: list[Any]) -> list[dict[str, Any]]:
    """An activity's participants: each patient's person once, the first one primary.

    Example:
        participants(['12', '12'])
            → [{'person_id': Ref(object='person', stream='patients', id='12'),
            'primary': True}]
    """
    people = dict.fromkeys(ref(context, "person", "patients", key) for key in patient_ids)
    return [{"person_id": person, "primary": at == 0} for at, person in enumerate(people)]


@function
def user(context: Context, practitioner_id: Any) -> Owner:
    """The Pipedrive user with the practitioner's e-mail, by the rule in `practitioners.yml`.

    Example:
        user('7') → Owner(email='ada@clinic.example', source='practitioners/7')
    """
    key = trimmed(practitioner_id)
    if key is None:
        return default_owner(context)
    if context.users is None:
        raise UnfitError("no mapping file says `user:`")
    return Owner(context.users.email_of(key, context), f"{context.users.stream}/{key}")


@function
def default_owner(context: Context) -> Owner:
    """The Pipedrive user of the setting `default_owner`, else the token's own.

    Example:
        default_owner() → Owner(email='desk@clinic.example', source='')
    """
    return Owner(trimmed(context.options.default_owner), "")
