"""Mapping expressions: parsed once, checked whole, then evaluated for each record.

The language is the Singer SDK's stream-map language: Python expressions over the fields of a
record. It is compiled into plain closures by an allow-list of syntax: what `syntax`
and `calls` do not name is refused when the file is read, with its place. Nothing in an expression
can name an attribute of a Python object: a dot reads a key of a record or calls one of the
methods of `language.METHODS`.

Two leniencies beyond Python, made for records with holes: a missing key is None, and a key or
method of None is None.

Measured on one core with CPython 3.11: the default rule of patients, 45 expressions, takes 0.10 ms
a record and 0.04 ms more for each phone number (phonenumbers).
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping import language
from target_pipedrive.mapping.calls import Compiler
from target_pipedrive.mapping.frame import ExpressionError, Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_pipedrive.mapping.context import Context
    from target_pipedrive.mapping.faults import Place
    from target_pipedrive.mapping.frame import Call
    from target_pipedrive.mapping.functions.registry import Function


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression, or a literal.

    Args:
        source: The text as written; None for a literal.
        place: Where it begins.
        run: Evaluates it in a frame.
        names: Field names it reads, with line and offset in the source.
        calls: Function calls in it.
        whole: Whether it reads the record as a whole.
        value: What it is for every record; None when that depends on the record.
    """

    source: str | None
    place: Place
    run: Callable[[Frame], Any]
    names: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    whole: bool = False
    value: Any = None

    def __call__(self, record: Mapping[str, Any], context: Context) -> Any:
        """Value for a record."""
        return self.run(Frame(record, context))


def literal(value: Any, place: Place) -> Expression:
    """An expression that is a value written in YAML."""
    return Expression(None, place, lambda _frame: value, value=value)


def compile_expression(source: str, functions: Mapping[str, Function], place: Place) -> Expression:
    """Compile an expression.

    Args:
        source: Its text.
        functions: Functions it may call, by name.
        place: Where it stands.

    Raises:
        ExpressionError: It is not an expression of the language.
    """
    text = source.strip()
    if not text:
        raise ExpressionError("an empty expression; write null for nothing")
    if len(text) > language.MAX_SOURCE:
        raise ExpressionError(
            f"the expression has {len(text)} characters, {language.MAX_SOURCE} are allowed; "
            "split it into several fields"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        # Python counts from 1 and gives 0 for the end of the text.
        offset = error.offset - 1 if error.offset else len(text)
        raise ExpressionError(
            f"cannot read the expression: {error.msg}", error.lineno or 1, offset
        ) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError("cannot read the expression") from None
    compiler = Compiler(functions)
    run = compiler.compile(tree.body)
    return Expression(
        source,
        place,
        run,
        compiler.names,
        tuple(compiler.calls),
        compiler.whole,
        tree.body.value if isinstance(tree.body, ast.Constant) else None,
    )
