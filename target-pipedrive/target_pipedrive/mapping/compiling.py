"""From a document's values to compiled expressions, with every fault at its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping.expression import Expression, compile_expression, literal
from target_pipedrive.mapping.frame import ExpressionError
from target_pipedrive.mapping.functions import FUNCTIONS
from target_pipedrive.mapping.mappingset import Use

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_pipedrive.mapping.faults import Faults, Place
    from target_pipedrive.mapping.frame import Call
    from target_pipedrive.mapping.yamlfile import Source


@dataclass(slots=True)
class Compiler:
    """Compiles the expressions of one document.

    Args:
        source: The document.
        stream: Stream whose records the expressions read.
        faults: Where faults go.
    """

    source: Source
    stream: str
    faults: Faults
    uses: list[Use] = field(default_factory=list)
    calls: list[tuple[Place, Call]] = field(default_factory=list)

    def optional(self, *path: str | int) -> Expression | None:
        """The expression at a path, or None when there is none."""
        return None if self._value(path) is None else self.required(*path)

    def required(self, *path: str | int, alone: bool = False) -> Expression:
        """The expression at a path.

        Args:
            path: Keys and indexes from the document's root.
            alone: Whether it may read nothing but its own record.
        """
        value = self._value(path)
        place = self.source.place(path)
        if not isinstance(value, str):
            if isinstance(value, (dict, list)):
                self.faults.add(
                    place, "an expression is needed here; write a list or record in quotes"
                )
            return literal(value, place)
        try:
            expression = compile_expression(value, FUNCTIONS, place)
        except ExpressionError as error:
            self.faults.add(self.source.inside(path, error.line, error.offset), error.text)
            return literal(None, place)
        places = {name: self.source.inside(path, *spot) for name, spot in expression.names.items()}
        self.uses.append(Use(self.stream, expression, places))
        for call in expression.calls:
            spot = self.source.inside(path, call.line, call.offset)
            self.calls.append((spot, call))
            if alone and FUNCTIONS[call.name].needs_context:
                self.faults.add(
                    spot,
                    f"{call.name}() reads other records or the run and cannot stand here; "
                    "use the record's own fields",
                )
        return expression

    def alone(self, *path: str | int) -> Expression | None:
        """Like `optional`, for expressions that may read nothing but their own record."""
        return None if self._value(path) is None else self.required(*path, alone=True)

    def mapping(self, *path: str | int) -> dict[str, Expression]:
        """The expressions under the keys of a mapping."""
        return {name: self.required(*path, name) for name in self._value(path) or {}}

    def sequence(self, *path: str | int) -> Sequence[Expression]:
        """The expressions of a list."""
        return [self.required(*path, at) for at in range(len(self._value(path) or []))]

    def _value(self, path: Sequence[str | int]) -> Any:
        node: Any = self.source.data
        for step in path:
            if isinstance(node, dict):
                node = node.get(step)
            elif isinstance(node, list) and isinstance(step, int):
                node = node[step]
            else:
                return None
        return node
