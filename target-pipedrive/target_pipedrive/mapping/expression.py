"""Mapping expressions: parsed once, checked whole, then evaluated for each record.

The language is the Singer SDK's stream-map language: Python expressions over the fields of a
record. It is compiled here into plain closures by an allow-list of syntax: what is not named in
`_Compiler` is refused when the file is read, with its place. Nothing in an evaluated expression
can name an attribute of a Python object: a dot reads a key of a record or calls one of the
methods of `language.METHODS`.

Two leniencies beyond Python, made for records with holes: a missing key is None, and a key or
method of None is None.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping import language
from target_pipedrive.mapping.faults import Place, instead
from target_pipedrive.mapping.language import Budget, LimitError, plain
from target_pipedrive.mapping.unfit import UnfitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from target_pipedrive.mapping.context import Context
    from target_pipedrive.mapping.functions.registry import Function

WHOLE_RECORD = frozenset({"_", "record", "self"})
"""Names for the whole record, as in the Singer SDK."""
GIVEN = WHOLE_RECORD | {"now"}
"""Names that every expression knows."""


class ExpressionError(Exception):
    """An expression that cannot be compiled.

    Args:
        text: What is wrong and what to type instead.
        line: Line in the source, counted from 1.
        offset: Characters before the fault in that line.
    """

    def __init__(self, text: str, line: int = 1, offset: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.line = line
        self.offset = offset


class Frame:
    """What an expression sees while it is evaluated."""

    __slots__ = ("budget", "context", "names", "record")

    def __init__(self, record: Mapping[str, Any], context: Context) -> None:
        self.record = record
        self.context = context
        self.names: dict[str, Any] = {}
        self.budget = Budget()


@dataclass(frozen=True, slots=True)
class Call:
    """A function call whose arguments may be literals."""

    name: str
    arguments: tuple[Any, ...]
    """Literal values; `...` for an argument that is computed."""
    line: int
    offset: int


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
    """

    source: str | None
    place: Place
    run: Callable[[Frame], Any]
    names: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    whole: bool = False

    def __call__(self, record: Mapping[str, Any], context: Context) -> Any:
        """Value for a record."""
        return self.run(Frame(record, context))


def literal(value: Any, place: Place) -> Expression:
    """An expression that is a value written in YAML."""
    return Expression(None, place, lambda _frame: value)


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
        raise ExpressionError(
            f"cannot read the expression: {error.msg}",
            error.lineno or 1,
            max((error.offset or 1) - 1, 0),
        ) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError("cannot read the expression") from None
    compiler = _Compiler(functions)
    run = compiler.compile(tree.body)
    return Expression(source, place, run, compiler.names, tuple(compiler.calls), compiler.whole)


class _Compiler:
    """Turns syntax into closures; a syntax without a method here is refused."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self.functions = functions
        self.names: dict[str, tuple[int, int]] = {}
        self.calls: list[Call] = []
        self.scopes: list[set[str]] = []
        self.depth = 0
        self.whole = False

    def compile(self, node: ast.AST) -> Callable[[Frame], Any]:
        handler = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is None:
            raise self.refuse(node, f"{_syntax(node)} is not part of the mapping language")
        self.depth += 1
        if self.depth > language.MAX_DEPTH:
            raise self.refuse(node, "the expression is nested too deeply; split it")
        run: Callable[[Frame], Any] = handler(node)
        self.depth -= 1
        return run

    @staticmethod
    def refuse(node: ast.AST, text: str) -> ExpressionError:
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
            frame.budget.charge(text)
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
            raise self.refuse(node, f"{_syntax(node.op)} is not part of the mapping language")
        operand = self.compile(node.operand)
        return lambda frame: function(operand(frame))

    def _binop(self, node: ast.BinOp) -> Callable[[Frame], Any]:
        function = language.BINARY.get(type(node.op))
        if function is None:
            raise self.refuse(node, f"{_syntax(node.op)} is not part of the mapping language")
        left, right = self.compile(node.left), self.compile(node.right)

        def run(frame: Frame) -> Any:
            result = function(left(frame), right(frame))
            frame.budget.charge(result)
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
                frame.budget.charge(right)
                if not function(left, right):
                    return False
                left = right
            return True

        return run

    def _ifexp(self, node: ast.IfExp) -> Callable[[Frame], Any]:
        test, body, other = (self.compile(part) for part in (node.test, node.body, node.orelse))
        return lambda frame: body(frame) if test(frame) else other(frame)

    # Access

    def _attribute(self, node: ast.Attribute) -> Callable[[Frame], Any]:
        key = node.attr
        if key.startswith("_"):
            raise self.refuse(node, f"{key!r} is not a key of a record")
        owner = self.compile(node.value)
        return lambda frame: _item(owner(frame), key)

    def _subscript(self, node: ast.Subscript) -> Callable[[Frame], Any]:
        owner = self.compile(node.value)
        if isinstance(node.slice, ast.Slice):
            bounds = [
                self.compile(bound) if bound is not None else (lambda _frame: None)
                for bound in (node.slice.lower, node.slice.upper, node.slice.step)
            ]

            def run(frame: Frame) -> Any:
                value = owner(frame)
                if value is None:
                    return None
                if not isinstance(value, (str, list)):
                    raise UnfitError("only a text or a list can be sliced")
                part = value[slice(*(bound(frame) for bound in bounds))]
                frame.budget.charge(part)
                return part

            return run
        index = self.compile(node.slice)
        return lambda frame: _item(owner(frame), index(frame))

    def _call(self, node: ast.Call) -> Callable[[Frame], Any]:
        if any(keyword.arg is None for keyword in node.keywords):
            raise self.refuse(node, "** is not part of the mapping language")
        dotted = _dotted(node.func)
        if dotted in self.functions:
            return self._function(node, dotted)
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func)
        if isinstance(node.func, ast.Name):
            raise self.refuse(
                node, f"unknown function {dotted}(); {instead(dotted, self.functions)}"
            )
        raise self.refuse(node, "only functions and methods can be called")

    def _function(self, node: ast.Call, name: str) -> Callable[[Frame], Any]:
        function = self.functions[name]
        arguments = [self.compile(argument) for argument in node.args]
        keywords = {str(word.arg): self.compile(word.value) for word in node.keywords}
        try:
            function.signature.bind(*arguments, **keywords)
        except TypeError as error:
            raise self.refuse(
                node, f"{name}(): {error}; it is written {name}{function.shown_signature}"
            ) from None
        self.calls.append(
            Call(
                name,
                tuple(a.value if isinstance(a, ast.Constant) else ... for a in node.args),
                node.lineno,
                node.col_offset,
            )
        )
        target = function.call
        if function.needs_context:

            def run(frame: Frame) -> Any:
                result = target(
                    frame.context,
                    *[argument(frame) for argument in arguments],
                    **{name: value(frame) for name, value in keywords.items()},
                )
                frame.budget.charge(result)
                return result

        else:

            def run(frame: Frame) -> Any:
                result = target(
                    *[argument(frame) for argument in arguments],
                    **{name: value(frame) for name, value in keywords.items()},
                )
                frame.budget.charge(result)
                return result

        return run

    def _method(self, node: ast.Call, func: ast.Attribute) -> Callable[[Frame], Any]:
        name = func.attr
        if name not in language.METHOD_NAMES:
            raise self.refuse(
                node, f"unknown method .{name}(); {instead(name, language.METHOD_NAMES)}"
            )
        if node.keywords:
            raise self.refuse(node, f".{name}() takes no keywords")
        owner = self.compile(func.value)
        arguments = [self.compile(argument) for argument in node.args]

        def run(frame: Frame) -> Any:
            value = owner(frame)
            if value is None:
                return None
            method = language.METHODS.get(type(value), {}).get(name)
            if method is None:
                raise TypeError(f".{name}() is not known for this kind of value")
            frame.budget.charge(value)
            result = method(value, *[argument(frame) for argument in arguments])
            frame.budget.charge(result)
            return result

        return run

    # Comprehensions

    def _listcomp(self, node: ast.ListComp | ast.GeneratorExp) -> Callable[[Frame], Any]:
        turns, element = self._turns(node.generators, node.elt)
        return lambda frame: [element(frame) for _ in turns(frame)]

    _generatorexp = _listcomp

    def _dictcomp(self, node: ast.DictComp) -> Callable[[Frame], Any]:
        turns, key, value = self._turns(node.generators, node.key, node.value)
        return lambda frame: {plain(key(frame)): value(frame) for _ in turns(frame)}

    def _turns(self, generators: list[ast.comprehension], *elements: ast.expr) -> list[Any]:
        """A generator function over the turns, then the compiled elements."""
        scope: set[str] = set()
        self.scopes.append(scope)
        loops: list[tuple[Any, Callable[[Frame, Any], None], list[Any]]] = []
        for generator in generators:
            if generator.is_async:
                raise self.refuse(generator.target, "async is not part of the mapping language")
            source = self.compile(generator.iter)
            bind = self._target(generator.target, scope)
            loops.append((source, bind, [self.compile(test) for test in generator.ifs]))
        compiled = [self.compile(element) for element in elements]
        self.scopes.pop()

        def turns(frame: Frame, level: int = 0) -> Iterator[None]:
            source, bind, tests = loops[level]
            outer = frame.names
            for item in _iterable(source(frame)):
                frame.budget.loop()
                frame.names = dict(outer)
                bind(frame, item)
                if all(test(frame) for test in tests):
                    if level + 1 < len(loops):
                        yield from turns(frame, level + 1)
                    else:
                        yield None
            frame.names = outer

        return [turns, *compiled]

    def _target(self, node: ast.expr, scope: set[str]) -> Callable[[Frame, Any], None]:
        match node:
            case ast.Name(id=name):
                scope.add(name)

                def bind(frame: Frame, item: Any) -> None:
                    frame.names[name] = item

                return bind
            case ast.Tuple(elts=targets):
                binds = [self._target(target, scope) for target in targets]

                def bind_all(frame: Frame, item: Any) -> None:
                    for bind_one, part in zip(binds, _iterable(item), strict=True):
                        bind_one(frame, part)

                return bind_all
            case _:
                raise self.refuse(node, "a name is needed after for")


def _item(owner: Any, key: Any) -> Any:
    if owner is None:
        return None
    if isinstance(owner, dict):
        return owner.get(plain(key))
    if isinstance(owner, (str, list)) and isinstance(key, int):
        return owner[key]
    raise UnfitError("there is no such key in this kind of value")


def _iterable(value: Any) -> Any:
    if value is None:
        return ()
    if isinstance(value, (list, tuple, dict, str)):
        return value
    raise UnfitError("only a list can be gone through")


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=owner, attr=attr):
            prefix = _dotted(owner)
            return f"{prefix}.{attr}" if prefix else ""
        case _:
            return ""


_SYNTAX = {
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


def _syntax(node: ast.AST) -> str:
    name = type(node).__name__
    return _SYNTAX.get(name, name)
