"""The list of functions that mapping expressions may call."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the mapping language.

    Args:
        name: Name in expressions; may hold a dot.
        call: What it runs.
        needs_context: Whether its first parameter is the `Context`.
        signature: Its parameters as expressions see them.
    """

    name: str
    call: Callable[..., Any]
    needs_context: bool
    signature: inspect.Signature

    @property
    def shown_signature(self) -> str:
        """Parameters as documented, such as `(stream, id)`."""
        shown = []
        for parameter in self.signature.parameters.values():
            star = "*" if parameter.kind is inspect.Parameter.VAR_POSITIONAL else ""
            default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
            shown.append(f"{star}{parameter.name}{default}")
        return "(" + ", ".join(shown) + ")"

    @property
    def documentation(self) -> tuple[str, str]:
        """Meaning as prose, and the lines of its examples."""
        text = inspect.getdoc(self.call) or ""
        meaning, _, rest = text.partition("\n\nExample:\n")
        examples = re.split(r"\n\n", rest, maxsplit=1)[0]
        return " ".join(meaning.split()), inspect.cleandoc("\n" + examples)


FUNCTIONS: dict[str, Function] = {}


def register(name: str, call: Callable[..., Any]) -> None:
    """Make a function callable in expressions under a name.

    A first parameter called `context` is filled in; expressions do not see it.
    """
    signature = inspect.signature(call)
    needs_context = next(iter(signature.parameters), "") == "context"
    if needs_context:
        signature = signature.replace(parameters=list(signature.parameters.values())[1:])
    FUNCTIONS[name] = Function(name, call, needs_context, signature)


def function(call: Callable[P, R]) -> Callable[P, R]:
    """Make a function callable in expressions under its own name."""
    register(call.__name__, call)
    return call
