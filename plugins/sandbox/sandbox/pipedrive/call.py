"""One request as the operations see it, and how its body is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from sandbox.pipedrive.errors import ApiError, Invalid, refused
from sandbox.pipedrive.query import integer

if TYPE_CHECKING:
    from sandbox.pipedrive.checks import Key
    from sandbox.pipedrive.state import PipedriveState
    from sandbox.pipedrive.table import Row


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that arrived: its name, length, digest, and its bytes when they are few."""

    name: str
    size: int
    sha256: str
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Download:
    """An answer that is a file and not JSON."""

    content: bytes


@dataclass(slots=True)
class Call:
    """An admitted request.

    Attributes:
        state: The account.
        user: The user whose token came.
        path: Variables of the path, by name.
        query: Query parameters, read by the operation's table.
        body: The JSON body; for v1 forms the form, its values strings.
        upload: The file part of a multipart body.
    """

    state: PipedriveState
    user: Row
    path: Mapping[str, str]
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    upload: Upload | None = None

    def id(self, name: str = "id") -> int:
        """Return an id of the path.

        Raises:
            ApiError: It is no number.
        """
        try:
            return integer(self.path[name])
        except Invalid as fault:
            raise refused([(name, str(fault))]) from fault


Answer: TypeAlias = "Mapping[str, Any] | Download"
Handler: TypeAlias = Callable[[Call], Answer]


def read_body(call: Call, keys: Mapping[str, Key], *, creating: bool) -> Row:
    """Hold a v2 body against its keys; return what is to be kept.

    Raises:
        ApiError: Anything in the body is wrong; nothing of the request is taken.
    """
    if type(call.body) is not dict:
        raise ApiError(400, "Validation failed: body: must be an object")
    kept: Row = {}
    faults = []
    for name, given in call.body.items():
        key = keys.get(name)
        if key is None or not (key.create if creating else key.update):
            faults.append((name, "is not allowed"))
        elif given is None:
            if key.nullable:
                kept[name] = None
            else:
                faults.append((name, "must not be null"))
        else:
            try:
                kept[name] = key.check(call.state, given)
            except Invalid as fault:
                faults.append((name, str(fault)))
    if creating:
        faults += [
            (name, "is required")
            for name, key in keys.items()
            if key.required and name not in call.body
        ]
    if faults:
        raise refused(faults)
    return kept
