"""The table of v2 objects: what their bodies take, how their lists are filtered and sorted.

Keys, types and nullability: official OpenAPI of API v2 and the migration guide. `add_time` is
taken on create alone and `update_time` never; `person_id` of an activity mirrors the primary
participant and is refused, as a value that is sent in vain is a mistake.
"""

from __future__ import annotations

from sandbox.pipedrive import checks, rules
from sandbox.pipedrive.checks import Key
from sandbox.pipedrive.entity import Entity
from sandbox.pipedrive.values import ADDRESS_PARTS, custom_fields

_TEXT = Key(checks.text())
_NAME = Key(checks.text(shortest=1), required=True)
_OWNER = Key(checks.active_user)
_VISIBLE = Key(checks.visibility)
_MOST_LABELS = 100

_LOCATION_PARTS = ("value", *(part for part in ADDRESS_PARTS if part != "formatted_address"))
_LOCATION = checks.shape(
    dict.fromkeys(_LOCATION_PARTS, Key(checks.text(), nullable=True)),
    dict.fromkeys(_LOCATION_PARTS),
)
_CONTACT = checks.shape(
    {
        "value": Key(checks.text(shortest=1), required=True),
        "primary": Key(checks.boolean),
        "label": _TEXT,
    },
    {"value": None, "primary": False, "label": "work"},
)
_PARTICIPANT = checks.shape(
    {
        "person_id": Key(checks.reference("persons"), required=True),
        "primary": Key(checks.boolean),
    },
    {"person_id": None, "primary": False},
)
_ATTENDEE = checks.shape(
    {
        "email": Key(checks.text(shortest=1), required=True),
        "name": _TEXT,
        "status": _TEXT,
        "is_organizer": Key(checks.boolean),
        "person_id": Key(checks.reference("persons"), nullable=True),
        "user_id": Key(checks.user, nullable=True),
    },
    {
        "email": None,
        "name": "",
        "status": "noreply",
        "is_organizer": False,
        "person_id": None,
        "user_id": None,
    },
)
_PRICE = checks.shape(
    {
        "currency": Key(checks.currency, required=True),
        "price": Key(checks.number),
        "cost": Key(checks.number),
        "direct_cost": Key(checks.number, nullable=True),
        "notes": _TEXT,
    },
    {"price": 0, "currency": None, "cost": 0, "direct_cost": None, "notes": ""},
)
_CONTACT_SYNC = Key(checks.feature("contact sync"))
_ENRICHMENT = Key(checks.feature("organization enrichment"))
_ACTIVITY_COUNTS = tuple(
    """next_activity_id last_activity_id email_messages_count activities_count
    done_activities_count undone_activities_count files_count notes_count followers_count
    smart_bcc_email""".split()  # noqa: SIM905 - reads as a list of names
)
_DEAL_COUNTS = tuple(
    """open_deals_count related_open_deals_count closed_deals_count related_closed_deals_count
    won_deals_count related_won_deals_count lost_deals_count
    related_lost_deals_count""".split()  # noqa: SIM905 - reads as a list of names
)


def _labels(kind: str) -> Key:
    return Key(checks.listing(checks.option_of(kind, "label_ids"), longest=_MOST_LABELS))


PERSONS = Entity(
    kind="persons",
    noun="Person",
    keys={
        "name": Key(checks.text(shortest=1)),
        "first_name": _TEXT,
        "last_name": _TEXT,
        "owner_id": _OWNER,
        "org_id": Key(checks.reference("organizations")),
        "add_time": Key(checks.moment, update=False),
        "emails": Key(checks.listing(_CONTACT)),
        "phones": Key(checks.listing(_CONTACT)),
        "visible_to": _VISIBLE,
        "label_ids": _labels("persons"),
        "marketing_status": Key(checks.feature("Campaigns")),
        "custom_fields": Key(custom_fields("persons")),
        "im": _CONTACT_SYNC,
        "postal_address": _CONTACT_SYNC,
        "notes": _CONTACT_SYNC,
        "birthday": _CONTACT_SYNC,
        "job_title": _CONTACT_SYNC,
    },
    blank=rules.blank_person,
    settle=rules.settle_person,
    filters=("owner_id", "org_id"),
    other_extras=(
        *_ACTIVITY_COUNTS,
        *_DEAL_COUNTS,
        "participant_open_deals_count",
        "participant_closed_deals_count",
        "last_incoming_mail_time",
        "last_outgoing_mail_time",
        "marketing_status",
        "doi_status",
    ),
    links=("org_id",),
)
ORGANIZATIONS = Entity(
    kind="organizations",
    noun="Organization",
    keys={
        "name": _NAME,
        "owner_id": _OWNER,
        "add_time": Key(checks.moment, update=False),
        "visible_to": _VISIBLE,
        "label_ids": _labels("organizations"),
        "address": Key(_LOCATION),
        "custom_fields": Key(custom_fields("organizations")),
        "website": _ENRICHMENT,
        "linkedin": _ENRICHMENT,
        "industry": _ENRICHMENT,
        "annual_revenue": _ENRICHMENT,
        "employee_count": _ENRICHMENT,
    },
    blank=rules.blank_organization,
    settle=rules.nothing_to_settle,
    filters=("owner_id",),
    other_extras=(*_ACTIVITY_COUNTS, *_DEAL_COUNTS, "people_count"),
)
DEALS = Entity(
    kind="deals",
    noun="Deal",
    keys={
        "title": _NAME,
        "owner_id": _OWNER,
        "person_id": Key(checks.reference("persons")),
        "org_id": Key(checks.reference("organizations")),
        "pipeline_id": Key(checks.reference("pipelines")),
        "stage_id": Key(checks.reference("stages")),
        "value": Key(checks.number),
        "currency": Key(checks.currency),
        "is_deleted": Key(checks.boolean),
        "is_archived": Key(checks.boolean),
        "archive_time": _TEXT,
        "status": Key(checks.one_of("open", "won", "lost")),
        "probability": Key(checks.number, nullable=True),
        "lost_reason": Key(checks.text(), nullable=True),
        "visible_to": _VISIBLE,
        "close_time": Key(checks.moment, nullable=True),
        "won_time": Key(checks.moment),
        "lost_time": Key(checks.moment),
        "expected_close_date": Key(rules.zero_date),
        "label_ids": _labels("deals"),
        "custom_fields": Key(custom_fields("deals")),
    },
    blank=rules.blank_deal,
    settle=rules.settle_deal,
    filters=("owner_id", "person_id", "org_id", "pipeline_id", "stage_id"),
    other_extras=(
        *_ACTIVITY_COUNTS,
        "first_won_time",
        "products_count",
        "participants_count",
        "last_incoming_mail_time",
        "last_outgoing_mail_time",
        "source_lead_id",
    ),
    links=("person_id", "org_id"),
    kept_readable=True,
)
ACTIVITIES = Entity(
    kind="activities",
    noun="Activity",
    keys={
        "subject": _TEXT,
        "type": Key(rules.activity_type),
        "owner_id": _OWNER,
        "deal_id": Key(checks.reference("deals")),
        "lead_id": Key(checks.lead),
        "person_id": Key(checks.read_only("send participants")),
        "org_id": Key(checks.reference("organizations")),
        "project_id": Key(checks.nothing_there("projects")),
        "due_date": Key(checks.day),
        "due_time": Key(checks.clock),
        "duration": Key(checks.duration),
        "busy": Key(checks.boolean),
        "done": Key(checks.boolean),
        "location": Key(_LOCATION),
        "participants": Key(checks.listing(_PARTICIPANT)),
        "attendees": Key(checks.listing(_ATTENDEE)),
        "public_description": _TEXT,
        "priority": Key(checks.option_of("activities", "priority")),
        "note": Key(rules.activity_note),
    },
    blank=rules.blank_activity,
    settle=rules.settle_activity,
    filters=("owner_id", "deal_id", "lead_id", "person_id", "org_id", "done"),
    sorts=("id", "update_time", "add_time", "due_date"),
    extras=("attendees",),
    custom=False,
    links=("person_id", "deal_id", "org_id"),
)
PRODUCTS = Entity(
    kind="products",
    noun="Product",
    keys={
        "name": _NAME,
        "code": _TEXT,
        "description": _TEXT,
        "unit": _TEXT,
        "tax": Key(checks.number),
        "category": Key(checks.option_of("products", "category")),
        "owner_id": _OWNER,
        "is_linkable": Key(checks.boolean),
        "visible_to": _VISIBLE,
        "prices": Key(checks.listing(_PRICE)),
        "custom_fields": Key(custom_fields("products")),
        "billing_frequency": Key(rules.billing_frequency),
        "billing_frequency_cycles": Key(checks.integer, nullable=True),
    },
    blank=rules.blank_product,
    settle=rules.settle_product,
    filters=("owner_id",),
    sorts=("id", "name", "add_time", "update_time"),
    created=201,
)
PIPELINES = Entity(
    kind="pipelines",
    noun="Pipeline",
    keys={"name": _NAME, "is_deal_probability_enabled": Key(checks.boolean)},
    blank=rules.blank_pipeline,
    settle=rules.nothing_to_settle,
    custom=False,
    admin=True,
    prices=(5, 1, 5, 5, 3),
)
STAGES = Entity(
    kind="stages",
    noun="Stage",
    keys={
        "name": _NAME,
        "pipeline_id": Key(checks.reference("pipelines"), required=True),
        "deal_probability": Key(rules.percent),
        "is_deal_rot_enabled": Key(checks.boolean),
        "days_to_rotten": Key(checks.integer),
    },
    blank=rules.blank_stage,
    settle=rules.settle_stage,
    filters=("pipeline_id",),
    sorts=("id", "update_time", "add_time", "order_nr"),
    custom=False,
    admin=True,
    prices=(5, 1, 5, 5, 3),
    links=("pipeline_id",),
)
ENTITIES = {
    entity.kind: entity
    for entity in (PERSONS, ORGANIZATIONS, DEALS, ACTIVITIES, PRODUCTS, PIPELINES, STAGES)
}
