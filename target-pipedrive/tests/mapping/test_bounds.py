"""Every function of the language ends soon, whatever a record holds."""

from __future__ import annotations

import contextlib
import inspect
import time

import pytest

from target_pipedrive.errors import Rejected
from target_pipedrive.mapping.context import Context, Options
from target_pipedrive.mapping.functions import FUNCTIONS

HOSTILE = (
    "<a " * 20_000,
    "<!--" * 20_000,
    "[" * 60_000,
    "9" * 60_000,
    "+61 4" * 12_000,
    "a@" * 30_000,
    "a@a." * 15_000,
    "a@" + "a." * 30_000,
    " \t\n" * 20_000,
    "-" * 60_000,
    "1e999999999",
    "9999-99-99T99:99:99.999999999+99:99",
    ",;|" * 20_000,
    "&#x" * 20_000,
    "ﷺ" * 20_000,
    "a\u0301" * 30_000,
    "\u202e\x00\ud800" * 20_000,
    [{"number": "+61 4" * 100, "phone_type": "<" * 100}] * 300,
    [[[[[]]]]] * 10_000,
    {str(n): n for n in range(10_000)},
)
PLAIN_FAILURES = (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, Rejected)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_ends_soon(name):
    function = FUNCTIONS[name]
    context = [Context(None, Options())] if function.needs_context else []
    required = [
        parameter
        for parameter in function.signature.parameters.values()
        if parameter.default is inspect.Parameter.empty
    ]
    for value in HOSTILE:
        began = time.process_time()
        with contextlib.suppress(RecursionError, *PLAIN_FAILURES):
            function.call(*context, *[value for _ in required])
        assert time.process_time() - began < 5, repr(value)[:20]
