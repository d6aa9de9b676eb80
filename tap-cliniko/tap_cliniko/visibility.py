"""What a key's user may see, and how that is told.

A key carries the permissions of its user (Cliniko docs, "Authentication"). Most of what it may not
read is refused with 403; `appointment_types` answers 404 to those who may not see settings. Some
rows are left out silently, which only the user's role gives away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_cliniko.errors import InvisibleStreamsError, NotVisibleError, RefusedQueryError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_cliniko.streams.base import ClinikoStream

ADMINISTRATOR = "administrator"

USE_AN_ADMINISTRATORS_KEY = "use an administrator's API key"


@dataclass(frozen=True)
class Refusal:
    """A stream that cannot be read.

    Attributes:
        stream: Its name.
        status: The HTTP status, 403 or 404.
        role: Role of the key's user.
        absent: Whether it is the account that lacks the list, which no other key would change.
    """

    stream: str
    status: int
    role: str
    absent: bool

    @classmethod
    def of(cls, stream: ClinikoStream, fault: NotVisibleError, role: str) -> Refusal:
        """What a stream's fault means."""
        absent = fault.status == 404 and stream.not_everywhere  # noqa: PLR2004 - HTTP
        return cls(stream.name, fault.status, role, absent)

    @property
    def reason(self) -> str:
        """Why there is nothing to read, without a subject."""
        if self.absent:
            return f"this account does not have it (HTTP {self.status})"
        return f"not visible to this key (HTTP {self.status}, role {self.role})"

    def __str__(self) -> str:
        if self.absent:
            return f"{self.stream} is left out: {self.reason}"
        return f"{self.stream} is {self.reason} and is left out: {USE_AN_ADMINISTRATORS_KEY}"


def silence(role: str) -> str | None:
    """What a role may be missing without any error; None when nothing is.

    Args:
        role: Role of the key's user.
    """
    if role == ADMINISTRATOR:
        return None
    return (
        f"the key's user has the role {role}: Cliniko may leave out rows and fields without saying "
        "so, such as treatment notes of other practitioners, confidential memos, restricted forms "
        f"and amounts; {USE_AN_ADMINISTRATORS_KEY} to be sure of reading everything"
    )


def summary(refusals: Iterable[Refusal]) -> str | None:
    """All streams that a run left out, in one line; None when there were none."""
    told = ", ".join(f"{refusal.stream} (HTTP {refusal.status})" for refusal in refusals)
    return f"left out, since they cannot be read with this key: {told}" if told else None


@dataclass(frozen=True)
class Sight:
    """What one request showed of a stream.

    Attributes:
        stream: Its name.
        rows: How many rows it has, hidden ones included; None when Cliniko did not say.
        refusal: Why it cannot be read; None when it can.
    """

    stream: str
    rows: int | None = None
    refusal: Refusal | None = None


def look(streams: Iterable[ClinikoStream], role: str) -> list[Sight]:
    """Ask each stream for one row: one request, or two where there are two lists.

    Args:
        streams: Streams to ask.
        role: Role of the key's user.
    """
    sights = []
    for stream in streams:
        try:
            sights.append(Sight(stream.name, stream.peek().total))
        except NotVisibleError as fault:
            sights.append(Sight(stream.name, refusal=Refusal.of(stream, fault, role)))
        except RefusedQueryError:  # an answer, though not to this question: it can be read
            sights.append(Sight(stream.name))
    return sights


def refused(streams: Iterable[ClinikoStream], role: str) -> list[Refusal]:
    """Ask each stream for one row and return why some cannot be read."""
    return [sight.refusal for sight in look(streams, role) if sight.refusal is not None]


def demand(refusals: Iterable[Refusal]) -> None:
    """Refuse to go on while a stream is invisible that another key could see.

    Args:
        refusals: Why streams cannot be read.

    Raises:
        InvisibleStreamsError: Naming all of them at once.
    """
    hidden = [refusal for refusal in refusals if not refusal.absent]
    if hidden:
        names = ", ".join(f"{refusal.stream} (HTTP {refusal.status})" for refusal in hidden)
        raise InvisibleStreamsError(names, hidden[0].role)
