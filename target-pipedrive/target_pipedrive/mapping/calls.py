"""Compiling access to keys, calls and comprehensions of the mapping language into closures."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from target_pipedrive.mapping import language
from target_pipedrive.mapping.faults import instead
from target_pipedrive.mapping.frame import Call, Frame
from target_pipedrive.mapping.language import plain
from target_pipedrive.mapping.syntax import Syntax
from target_pipedrive.mapping.unfit import UnfitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Compiler(Syntax):
    """The whole language."""

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
                frame.charge(part)
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
                frame.charge(result)
                return result

        else:

            def run(frame: Frame) -> Any:
                result = target(
                    *[argument(frame) for argument in arguments],
                    **{name: value(frame) for name, value in keywords.items()},
                )
                frame.charge(result)
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
                raise UnfitError(f".{name}() is not known for this kind of value")
            frame.charge(value)
            result = method(value, *[argument(frame) for argument in arguments])
            frame.charge(result)
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
                frame.loop()
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
