"""The target's settings as Singer and Meltano are told of them; `settings` gives them meaning."""

from __future__ import annotations

from singer_sdk import typing as th

from target_pipedrive.pipedrive.limits import BURSTS
from target_pipedrive.pipedrive.oauth import URL

SCHEMA = th.PropertiesList(
    th.Property(
        "api_token",
        th.StringType,
        secret=True,
        title="API token",
        description="API token of a Pipedrive administrator (Settings → Personal preferences → "
        "API). Sent to `api_url` only. Either it or an OAuth app is needed.",
    ),
    th.Property(
        "api_url",
        th.StringType,
        title="API URL",
        description="Address of the account: `https://COMPANY.pipedrive.com`. /api/v1 and /api/v2 "
        "are appended. http:// is refused except for this machine itself. Needed with `api_token`; "
        "an OAuth app is told its account's address by Pipedrive.",
    ),
    th.Property(
        "oauth_client_id",
        th.StringType,
        title="OAuth client id",
        description="Id of an OAuth app (Pipedrive, Developer Hub), instead of `api_token`.",
    ),
    th.Property(
        "oauth_client_secret",
        th.StringType,
        secret=True,
        title="OAuth client secret",
        description="Secret of the OAuth app.",
    ),
    th.Property(
        "oauth_refresh_token",
        th.StringType,
        secret=True,
        title="OAuth refresh token",
        description="What an administrator gave the app. Empty: what `target-pipedrive oauth` put "
        "into `oauth_file`.",
    ),
    th.Property(
        "oauth_file",
        th.StringType,
        title="OAuth file",
        description="File, mode 0600, that keeps the app's newest tokens between runs. Empty: "
        "`oauth.json` in `output_dir`.",
    ),
    th.Property(
        "oauth_url",
        th.StringType,
        default=URL,
        title="OAuth URL",
        description="Where the app gets its tokens; /authorize and /token are appended.",
    ),
    th.Property(
        "mapping",
        th.StringType(nullable=False),
        default="transforms",
        title="Mapping",
        description="Folder with the mapping files. Empty: none; streams that bear the name of a "
        "Pipedrive object load all the same.",
    ),
    th.Property(
        "key_field",
        th.StringType(nullable=False, min_length=1),
        default="Source ID",
        title="Key field",
        description="For streams without a mapping file: label of the custom field, or of the line "
        "at the end of a text, that holds a record's key.",
    ),
    th.Property(
        "create_custom_fields",
        th.BooleanType(nullable=False),
        default=False,
        title="Create custom fields",
        description="For streams without a mapping file: whether a property that has no custom "
        "field of its name gets one. Otherwise it is left out, with a warning.",
    ),
    th.Property(
        "ledger",
        th.StringType(nullable=False),
        default="sqlite:///output/ledger.db",
        secret=True,
        title="Ledger",
        description="SQLAlchemy URL of the ledger: what became what. Keep it as long as the two "
        "systems are kept in step. It holds health data; the SQLite file has mode 0600.",
    ),
    th.Property(
        "mode",
        th.StringType(nullable=False),
        default="apply",
        allowed_values=["apply", "plan", "verify", "reference"],
        title="Mode",
        description="`apply` writes to Pipedrive. `plan` writes nothing and says what `apply` "
        "would do, and its price. `verify` reads back what was written and compares every field. "
        "`reference` lists what no API can move: templates, reminders, booking rules.",
    ),
    th.Property(
        "require_plan",
        th.BooleanType(nullable=False),
        default=False,
        title="Require a plan",
        description="Whether `apply` refuses to begin without a plan in `output_dir`, or when the "
        "mapping, the subscription or the account's schema changed since.",
    ),
    th.Property(
        "show_values",
        th.BooleanType(nullable=False),
        default=False,
        title="Show values",
        description="Whether reports show values of records. Otherwise they are masked: a report "
        "can be passed on without passing on health data.",
    ),
    th.Property(
        "verify_files",
        th.BooleanType(nullable=False),
        default=False,
        title="Verify files",
        description="Whether `verify` downloads every file and compares its content; otherwise "
        "names and sizes.",
    ),
    th.Property(
        "subscription",
        th.StringType(nullable=False),
        default="lite",
        allowed_values=[*BURSTS],
        title="Subscription",
        description="Pipedrive plan of the account; it sets the burst limit, the tokens a day and "
        "the number of custom fields.",
    ),
    th.Property(
        "seats",
        th.IntegerType(minimum=1, nullable=False),
        default=1,
        title="Seats",
        description="Paid seats; each adds to the tokens a day.",
    ),
    th.Property(
        "burst",
        th.IntegerType(minimum=1),
        title="Burst",
        description="Requests in any 2 seconds, instead of the plan's.",
    ),
    th.Property(
        "daily_tokens",
        th.IntegerType(minimum=1),
        title="Daily tokens",
        description="Tokens this loader may spend a day (UTC), instead of the plan's.",
    ),
    th.Property(
        "reserve_tokens",
        th.IntegerType(minimum=0, nullable=False),
        default=0,
        title="Reserved tokens",
        description="Tokens of the day that are left alone: for the company's other integrations, "
        "and for taking back what was loaded.",
    ),
    th.Property(
        "when_budget_spent",
        th.StringType(nullable=False),
        default="stop",
        allowed_values=["stop", "wait"],
        title="When the budget is spent",
        description="`stop` ends the run with exit code 4, to be run again the next day; `wait` "
        "waits for that day.",
    ),
    th.Property(
        "default_owner",
        th.StringType,
        title="Default owner",
        description="E-mail of the Pipedrive user who owns persons, and whatever belongs to "
        "nobody else. Empty: the token's user.",
    ),
    th.Property(
        "unmatched_practitioners",
        th.StringType(nullable=False),
        default="default_owner",
        allowed_values=["default_owner", "stop"],
        title="Unmatched practitioners",
        description="What to do about a practitioner whose e-mail no active Pipedrive user has.",
    ),
    th.Property(
        "note_format",
        th.StringType(nullable=False),
        default="html",
        allowed_values=["html", "text"],
        title="Note format",
        description="How treatment notes are written.",
    ),
    th.Property(
        "when_removed",
        th.StringType(nullable=False),
        default="delete",
        allowed_values=["delete", "keep"],
        title="When removed",
        description="What to do in Pipedrive when a record that we created there is archived or "
        "deleted at the source.",
    ),
    th.Property(
        "when_field_deleted",
        th.StringType(nullable=False),
        default="recreate",
        allowed_values=["recreate", "stop"],
        title="When a field is deleted",
        description="What to do about a custom field that earlier runs filled, or an option of "
        "one, that somebody deleted in Pipedrive: `recreate` makes it again and writes its values "
        "once more, `stop` ends the run before the first record.",
    ),
    th.Property(
        "custom_field_codes",
        th.ObjectType(additional_properties=th.StringType),
        title="Custom field codes",
        description="Which custom field is meant, where Pipedrive has several of one name: "
        '`{"person/LABEL": "HASH KEY"}`. The error that asks for it lists the keys.',
    ),
    th.Property(
        "max_custom_fields",
        th.IntegerType(minimum=1),
        title="Most custom fields",
        description="Custom fields that the account may hold, of all objects together, instead of "
        "the subscription's 30 (lite), 100 (growth), 300 (premium) or 500 (ultimate).",
    ),
    th.Property(
        "currency",
        th.StringType,
        title="Currency",
        description="ISO 4217 code of all amounts, such as AUD. Empty: that of the source "
        "account's country.",
    ),
    th.Property(
        "output_dir",
        th.StringType(nullable=False),
        default="output",
        title="Output folder",
        description="Folder for the run's summary and the list of rejected records.",
    ),
    th.Property(
        "review_file",
        th.StringType,
        title="Review file",
        description="File in which ambiguous matches are asked and answered. Empty: `review.yml` "
        "in `output_dir`; beside the mapping it can be committed, once all is answered.",
    ),
    th.Property(
        "files_from",
        th.StringType,
        title="Files from",
        description="Folders (fsspec URLs, separated by commas) whose files may be uploaded; a "
        "record that names another place is rejected. Empty: `attachments` in `output_dir`.",
    ),
    th.Property(
        "max_file_mb",
        th.NumberType(minimum=0, nullable=False),
        default=50,
        title="Largest file (MB)",
        description="Larger files are not uploaded but listed for manual handling.",
    ),
    th.Property(
        "max_rejects",
        th.IntegerType(minimum=0),
        title="Most rejects",
        description="End the run when more records than this stand rejected. Empty: no limit.",
    ),
)
