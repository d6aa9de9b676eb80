"""Compiling values and operators of the mapping language into closures."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping import language
from target_pipedrive.mapping.frame import WHOLE_RECORD, Call, ExpressionError, Frame
from target_pipedrive.mapping.language import LimitError, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_pipedrive.mapping.functions.registry import Function


class Syntax:
    """Turns syntax into closures; a syntax without a method here is refused."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self.functions = functions
        self.names: dict[str, tuple[int, int]] = {}
        self.calls: list[Call] = []
        self.scopes: list[set[str]] = []
        self.depth = 0
        self.whole = False

    def compile(self, node: ast.AST) -> Callable[[Frame], Any]:
        """A closure that evaluates a piece of syntax.

        Raises:
            ExpressionError: The piece is not part of the language.
        """
        handler = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is None:
            raise self.refuse(node, f"{syntax_name(node)} is not part of the mapping language")
        self.depth += 1
        if self.depth > language.MAX_DEPTH:
            raise self.refuse(node, "the expression is nested too deeply; split it")
        run: Callable[[Frame], Any] = handler(node)
        self.depth -= 1
        return run

    @staticmethod
    def refuse(node: ast.AST, text: str) -> ExpressionError:
        """The fault of a piece of syntax, at its place."""
        return ExpressionError(text, getattr(node, "lineno", 1), getattr(node, "col_offset", 0))

    # Values

    def _constant(self, node: ast.Constant) -> Callable[[Frame], Any]:
        value = node.value
        if not isinstance(value, (str, int, float, bool, type(None))):
            raise self.refuse(node, "only text, numbers, True, False and None can be written")
        return lambda _frame: value

    def _name(self, node: ast.Name) -> Callable[[Frame], Any]:
        name = node.id
        if any(name in scope for scope in self.scopes):
            return lambda frame: frame.names[name]
        if name in WHOLE_RECORD:
            self.whole = True
            return lambda frame: frame.record
        if name == "now":
            return lambda frame: frame.context.world.now
        if name.startswith("__"):
            raise self.refuse(node, f"{name!r} is not a field name")
        self.names.setdefault(name, (node.lineno, node.col_offset))
        return lambda frame: frame.record.get(name)

    def _list(self, node: ast.List | ast.Tuple) -> Callable[[Frame], Any]:
        items = [self.compile(item) for item in node.elts]
        return lambda frame: [item(frame) for item in items]

    _tuple = _list

    def _dict(self, node: ast.Dict) -> Callable[[Frame], Any]:
        if any(key is None for key in node.keys):
            raise self.refuse(node, "** is not part of the mapping language")
        pairs = [
            (self.compile(key), self.compile(value))
            for key, value in zip(node.keys, node.values, strict=True)
            if key is not None
        ]
        return lambda frame: {plain(key(frame)): value(frame) for key, value in pairs}

    def _joinedstr(self, node: ast.JoinedStr) -> Callable[[Frame], Any]:
        parts = [self.compile(part) for part in node.values]

        def run(frame: Frame) -> str:
            text = "".join(part(frame) for part in parts)
            if len(text) > language.MAX_TEXT:
                raise LimitError("a text grew too long")
            frame.charge(text)
            return text

        return run

    def _formattedvalue(self, node: ast.FormattedValue) -> Callable[[Frame], Any]:
        value = self.compile(node.value)
        spec = ""
        if node.format_spec is not None:
            match node.format_spec:
                case ast.JoinedStr(values=[ast.Constant(value=str(spec))]):
                    pass
                case ast.JoinedStr(values=[]):
                    pass
                case _:
                    raise self.refuse(node, "a format after ':' must be written out")
        if node.conversion != -1:
            raise self.refuse(node, "!r, !s and !a are not part of the mapping language")
        if not language.FORMAT_SPEC.fullmatch(spec):
            raise self.refuse(node, f"the format {spec!r} is not part of the mapping language")
        return lambda frame: format(plain(value(frame)), spec)

    # Operators

    def _boolop(self, node: ast.BoolOp) -> Callable[[Frame], Any]:
        values = [self.compile(value) for value in node.values]
        stop_at = isinstance(node.op, ast.Or)

        def run(frame: Frame) -> Any:
            result = None
            for value in values:
                result = value(frame)
                if bool(result) is stop_at:
                    break
            return result

        return run

    def _unaryop(self, node: ast.UnaryOp) -> Callable[[Frame], Any]:
        function = language.UNARY.get(type(node.op))
        if function is None:
            raise self.refuse(node, f"{syntax_name(node.op)} is not part of the mapping language")
        operand = self.compile(node.operand)
        return lambda frame: function(operand(frame))

    def _binop(self, node: ast.BinOp) -> Callable[[Frame], Any]:
        function = language.BINARY.get(type(node.op))
        if function is None:
            raise self.refuse(node, f"{syntax_name(node.op)} is not part of the mapping language")
        left, right = self.compile(node.left), self.compile(node.right)

        def run(frame: Frame) -> Any:
            result = function(left(frame), right(frame))
            frame.charge(result)
            return result

        return run

    def _compare(self, node: ast.Compare) -> Callable[[Frame], Any]:
        first = self.compile(node.left)
        rest = [
            (language.COMPARE[type(op)], self.compile(value))
            for op, value in zip(node.ops, node.comparators, strict=True)
        ]

        def run(frame: Frame) -> bool:
            left = first(frame)
            for function, operand in rest:
                right = operand(frame)
                frame.charge(right)
                if not function(left, right):
                    return False
                left = right
            return True

        return run

    def _ifexp(self, node: ast.IfExp) -> Callable[[Frame], Any]:
        test, body, other = (self.compile(part) for part in (node.test, node.body, node.orelse))
        return lambda frame: body(frame) if test(frame) else other(frame)


_NAMES = {
    "Pow": "**",
    "Lambda": "lambda",
    "NamedExpr": ":=",
    "Starred": "*",
    "BitOr": "|",
    "BitAnd": "&",
    "BitXor": "^",
    "LShift": "<<",
    "RShift": ">>",
    "MatMult": "@",
    "Invert": "~",
    "Await": "await",
    "Yield": "yield",
    "Set": "a set in braces",
    "SetComp": "a set in braces",
}


def syntax_name(node: ast.AST) -> str:
    """How a piece of syntax is called in a fault."""
    name = type(node).__name__
    return _NAMES.get(name, name)
