"""What an inventory says, as plain data. Nothing of a patient is in it: counts and names of fields.

Its JSON form has these names as keys; ``version`` rises when one of them changes its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass

VERSION = 1

LARGE_BYTES = 50_000_000
"""From here on a file is told as large: many systems take no larger one."""


@dataclass(frozen=True)
class Resource:
    """One stream.

    Attributes:
        stream: Its name.
        rows: How many rows it has, hidden ones included; None when that cannot be known.
        hidden: How many of them Cliniko leaves out of its plain list.
        hidden_by: The same by stamp; a row with two stamps counts in both.
        oldest: When its first row was created, UTC; None when there is none, or no such stamp.
        newest: When a row was changed last, UTC.
        problem: Why it cannot be read; None when it can.
    """

    stream: str
    rows: int | None = None
    hidden: int | None = None
    hidden_by: dict[str, int] | None = None
    oldest: str | None = None
    newest: str | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Practitioner:
    """Somebody who treats.

    Attributes:
        id: Id of the practitioner.
        name: Name as shown.
        email: Login e-mail of their user; None when there is none or it cannot be read.
        active: Whether they still treat.
        user_id: Id of their user.
        user_active: Whether that user may log in; None when it cannot be read.
    """

    id: str
    name: str | None
    email: str | None
    active: bool | None
    user_id: str | None
    user_active: bool | None


@dataclass(frozen=True)
class UserGroup:
    """Users of one role.

    Attributes:
        role: The role.
        active: How many may log in.
        inactive: How many no longer may.
    """

    role: str
    active: int
    inactive: int


@dataclass(frozen=True)
class CustomField:
    """A patient field that the account made itself.

    Attributes:
        section: Name of its section.
        name: Its name.
        token: What identifies it; names can repeat.
        type: ``text``, ``paragraph``, ``date``, ``checkboxes`` or ``radiobuttons``.
        options: What can be chosen.
        archived: Whether it, or its section, is out of use.
        defined: Whether the settings still define it; some patients may hold it nevertheless.
        filled: In how many sampled patients it is filled in.
    """

    section: str
    name: str
    token: str
    type: str
    options: list[str]
    archived: bool
    defined: bool
    filled: int


@dataclass(frozen=True)
class CustomFields:
    """The account's own patient fields.

    Attributes:
        patients_sampled: In how many patients it was looked whether they are filled in.
        patients: How many patients there are.
        fields: The fields, in the order of the settings.
    """

    patients_sampled: int
    patients: int
    fields: list[CustomField]


@dataclass(frozen=True)
class Attachments:
    """Files of patients whose content can be downloaded.

    Attributes:
        files: How many there are.
        bytes: Their size together.
        exact: Whether ``bytes`` was added up, or reckoned from a sample.
        files_sampled: How many files' sizes were looked at.
        largest: Size of the largest one in bytes; None when there is none.
        large: How many are larger than ``large_bytes``.
        large_bytes: What counts as large.
    """

    files: int
    bytes: int
    exact: bool
    files_sampled: int
    largest: int | None
    large: int
    large_bytes: int = LARGE_BYTES


@dataclass(frozen=True)
class Effort:
    """What a piece of work asks of Cliniko.

    Attributes:
        work: ``full_read``, ``delta`` (a later run that finds nothing new) or ``attachments``.
        requests: About how many requests.
        minutes: About how long they take at the permitted pace.
    """

    work: str
    requests: int
    minutes: float


@dataclass(frozen=True)
class Inventory:
    """All of it.

    Attributes:
        version: Version of this form.
        taken_at: When, by Cliniko's clock, UTC.
        account_id: Id of the account.
        subdomain: Its subdomain.
        country_code: Its country.
        role: Role of the key's user.
        warning: What the role may keep from us without an error; None for an administrator.
        resources: The streams, in the order in which they are read.
        practitioners: The roster; None when it cannot be read.
        users: Users by role; None when they cannot be read.
        custom_fields: The account's own patient fields; None when they cannot be read.
        attachments: Files of patients; None when they cannot be read.
        efforts: What moving it asks of Cliniko.
        requests_per_minute: The pace that ``efforts`` reckons with.
        requests: How many requests this inventory took.
    """

    version: int
    taken_at: str
    account_id: str | None
    subdomain: str | None
    country_code: str | None
    role: str
    warning: str | None
    resources: list[Resource]
    practitioners: list[Practitioner] | None
    users: list[UserGroup] | None
    custom_fields: CustomFields | None
    attachments: Attachments | None
    efforts: list[Effort]
    requests_per_minute: int
    requests: int
