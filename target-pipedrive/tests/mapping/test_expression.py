from __future__ import annotations

import contextlib
import datetime as dt
from decimal import Decimal

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from singer_sdk.mapper import CustomStreamMap, _MapperEval

from target_pipedrive.mapping.context import Context, Options
from target_pipedrive.mapping.expression import compile_expression
from target_pipedrive.mapping.faults import Place
from target_pipedrive.mapping.frame import ExpressionError
from target_pipedrive.mapping.functions import FUNCTIONS
from target_pipedrive.mapping.language import LimitError
from target_pipedrive.mapping.unfit import UnfitError

RECORD = {
    "id": "12",
    "first_name": "Ann",
    "last_name": "Bee",
    "email": "Ann@Bee.example",
    "age": 41,
    "flag": True,
    "address": {"city": "Perth", "lines": ["1 High St", "Unit 2"]},
    "rows": [{"n": 1, "ok": True}, {"n": 2, "ok": False}, {"n": 3, "ok": True}],
    "nothing": None,
}

SHARED_WITH_SDK = [
    "first_name",
    "first_name + ' ' + last_name",
    "f'{first_name} {last_name}'",
    "f'{age:05d} {age:>6}'",
    "email.lower()",
    "email.split('@')[1]",
    "address['city']",
    "address.city",
    "address.lines[0]",
    "address.lines[-1:]",
    "age + 1",
    "age * 2 - 1",
    "age // 2 + age % 3",
    "-age",
    "1.5 + age",
    "'adult' if age >= 18 else 'child'",
    "18 <= age < 65",
    "flag and first_name",
    "nothing or 'none'",
    "not nothing",
    "nothing is None",
    "{'Female': 12, 'Male': 13}.get('Male')",
    "{'a': 1, 'b': age}['b']",
    "'n' in first_name",
    "age in [40, 41]",
    "[row['n'] for row in rows if row['ok']]",
    "[row['n'] * other['n'] for row in rows for other in rows if row['n'] < other['n']]",
    "{row['n']: row['ok'] for row in rows}",
    "', '.join([line.upper() for line in address.lines])",
    "record['first_name']",
    "_['age']",
    "md5(email)",
    "sha256(email)",
    "int('12') + float('1.5')",
    "str(age)",
    "bool('')",
    "json.dumps({'a': [1, 'ü']}, ) if flag else 0",
    "json.loads('[1, 2]')[1]",
    "datetime.date.fromisoformat('2026-03-01').isoformat()",
    "'a' * 3",
    "first_name.replace('n', 'm').removeprefix('A').zfill(5)",
]


def run(source, record=RECORD, context=None):
    return compile_expression(source, FUNCTIONS, Place("t.yml", 1, 1))(record, context)


@pytest.mark.parametrize("source", SHARED_WITH_SDK)
def test_the_language_is_the_sdks(source):
    functions = CustomStreamMap.functions.fget(None)
    names = RECORD | {"record": RECORD, "_": RECORD}
    theirs = _MapperEval(functions=functions, names=names).eval(source)
    if source.startswith("json.dumps"):
        theirs = theirs.encode().decode("unicode_escape")  # ours keeps letters readable
    assert run(source) == theirs


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("address.country", None),
        ("nothing.city.name", None),
        ("nothing.upper()", None),
        ("missing_field", None),
        ("json.decoder", None),  # a field called json: no module stands behind a name
        ("[x for x in nothing]", []),
        ("rows == []", False),
        ("[] == []", True),
        ("[a for a, b in [[1, 2], [3, 4]] if b > 2]", [3]),
        ("[[y for y in [x, x]] for x in [1, 2]]", [[1, 1], [2, 2]]),
        ("[x for x in [x.n for x in rows]]", [1, 2, 3]),
        ("decimal('0.1') + 0.2", Decimal("0.3")),
        ("0.2 + decimal('0.1')", Decimal("0.3")),
        ("'a' in nothing", False),
        ("rows[0].n", 1),
        ("(1, 2)", [1, 2]),
        ("[1] + [2]", [1, 2]),
        ("rows.count(1)", 0),
        ("[5, 6].index(6)", 1),
        ("address.items()[0][0]", "city"),
        ("len(rows) + len(nothing)", 3),
        ("'x'.center(5, '-')", "--x--"),
    ],
)
def test_values(source, value):
    assert run(source) == value


def test_dates_compare_with_now():
    class World:
        now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    context = Context(World(), Options())
    assert run("datetime.datetime.fromisoformat('2025-01-01T00:00:00Z') < now", {}, context) is True


REFUSED = [
    # ways to the interpreter through attributes
    "().__class__",
    "''.__class__.__mro__[1].__subclasses__()",
    "first_name.__class__",
    "_.__init__.__globals__",
    "record._secret",
    "lookup.__globals__",
    "__import__('os')",
    "__builtins__",
    "().__class__.__bases__[0]",
    # ways through format strings
    "'{0.__class__}'.format(first_name)",
    "'{x.__class__}'.format_map(record)",
    "f'{first_name!r}'",
    "f'{age:{age}}'",
    "f'{age:>999999999}'",
    "f'{age:.999999999f}'",
    "f'{age:x>99}'",
    # functions that are not there
    "eval('1')",
    "exec('1')",
    "open('/etc/passwd')",
    "getattr(first_name, 'upper')",
    "type(first_name)",
    "globals()",
    "vars()",
    "dir()",
    "breakpoint()",
    "rand()",
    "os.system('id')",
    "datetime.sys.exit()",
    "json.codecs.open('x')",
    "first_name.encode('utf-7')",
    "first_name.translate({})",
    "first_name.expandtabs(999999999)",
    "rows.sort()",
    "rows.append(1)",
    "record.pop('id')",
    "record.update({})",
    # syntax that is not there
    "lambda: 1",
    "(x := 5)",
    "9 ** 9 ** 9",
    "1 << 999999999",
    "1 | 2",
    "~1",
    "{1, 2}",
    "{x for x in rows}",
    "{**record}",
    "[*rows]",
    "join(*rows)",
    "join(**record)",
    "print(1)",
    "x = 1",
    "import os",
    "1; 2",
    "await x",
    "(yield 1)",
    "[x async for x in rows]",
    "b'bytes'",
    "...",
    "1j",
    "(first_name.upper)()()",
    "rows[0]()",
    "[f for f in rows][0]()",
    "",
    "   ",
    "'" + "a" * 5000 + "'",
    "(" * 300 + ")" * 300,
    "-" * 200 + "1",
    "not " * 300 + "1",
    "\x00",
]


@pytest.mark.parametrize("source", REFUSED, ids=lambda source: source[:40].strip() or "empty")
def test_what_is_no_part_of_the_language_is_refused_at_load(source):
    with pytest.raises(ExpressionError):
        compile_expression(source, FUNCTIONS, Place("t.yml", 1, 1))


BOUNDED = [
    "'a' * 999999999",
    "999999999 * 'a'",
    "'a'.ljust(999999999)",
    "'a'.rjust(999999999)",
    "'a'.zfill(999999999)",
    "'a'.center(999999999)",
    "('a' * 99999).replace('a', 'b' * 99999)",
    "('a' * 99999).replace('', 'b' * 99999)",
    "('a' * 9999).join(['b' * 10 for x in 'c' * 9999])",
    "[x for x in 'a' * 10001]",
    "[1 for x in 'a' * 101 for y in 'a' * 101]",
    "[[1 for y in 'a' * 101] for x in 'a' * 101]",
    "['a' * 99999 for x in 'a' * 9999]",
    "[f'{x}{\"a\" * 99999}' for x in 'a' * 9999]",
    "[('a' * 99999).upper() for x in 'a' * 9999]",
    "['b' in ('a' * 99999) for x in 'a' * 9999]",
    "[('a' * 99999)[1:] for x in 'a' * 9999]",
    " * ".join(["9" * 90] * 40),
    "json.dumps([[[['a' for x in 'a' * 9] for y in 'a' * 9] for z in 'a' * 9] * 1 for w in 'a'])",
    "json.dumps([m for l in [[1 for x in 'a' * 999]] for m in [[l for x in 'a' * 999]]])",
    "[1, 2] * 99999",
    "'%999999999d' % 1",
    "[[1]] == [[1]]",
    "[1] < [2]",
    "[1] in [[1]]",
    "{[1, 2]: 1}",
    "{(1, 2): 1}",
    "str([first_name])",
    "str(_)",
    "f'{rows}'",
    "f'{_}'",
    "md5(_)",
    "text(rows)",
    "text(True)",
    "rows + 1",
    "first_name + 1",
    "first_name - 1",
    "decimal('1e999999999')",
    "decimal('NaN')",
    "first_name.n",
    "rows.n",
    "[x for x in 5]",
    "5[0]",
    "5[1:]",
    "flag.upper()",
]


@pytest.mark.timeout(5)
@pytest.mark.parametrize("source", BOUNDED)
def test_what_is_too_much_stops_soon(source):
    with pytest.raises(UnfitError):
        run(source)


def test_limits_are_told_apart():
    with pytest.raises(LimitError, match="too many turns"):
        run("[x for x in 'a' * 10001]")
    with pytest.raises(LimitError, match="too much text"):
        run("['a' * 99999 for x in 'a' * 9999]")


ANY_OFFSET = -1


@pytest.mark.parametrize(
    ("source", "text", "offset"),
    [
        ("first_name +", "cannot read the expression: invalid syntax", 12),
        ("1 + lokup('a', 1)", "unknown function lokup(); did you mean 'lookup'?", 4),
        ("email.lowr()", "unknown method .lowr(); did you mean 'lower'?", 0),
        (
            "1 + lookup('a')",
            "lookup(): missing a required argument: 'id'; it is written lookup(stream, id)",
            4,
        ),
        (
            "text(value=1, other=2)",
            "text(): got an unexpected keyword argument 'other'; it is written text(value)",
            0,
        ),
        ("2 ** 3", "** is not part of the mapping language", 0),
        ("a + (lambda: 1)", "lambda is not part of the mapping language", 5),
        ("x.__class__", "'__class__' is not a key of a record", 0),
        ("", "an empty expression; write null for nothing", 0),
        ("f'{age:>999}'", "the format '>999' is not part of the mapping language", ANY_OFFSET),
    ],
)
def test_refusals_say_what_and_where(source, text, offset):
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, FUNCTIONS, Place("t.yml", 1, 1))
    assert caught.value.text == text
    # Python 3.11 places the parts of an f-string at its beginning, 3.12 where they stand.
    assert offset in (caught.value.offset, ANY_OFFSET)


NAMES = st.sampled_from([*sorted(RECORD), "missing"])
LITERALS = st.one_of(st.integers(-999, 999), st.text(max_size=8), st.booleans(), st.none()).map(
    repr
)
TREES = st.recursive(
    NAMES | LITERALS,
    lambda inner: st.one_of(
        st.builds(
            "({} {} {})".format,
            inner,
            st.sampled_from(["+", "-", "*", "/", "//", "%", "and", "or", "==", "<", "in", "is"]),
            inner,
        ),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds(
            "({}).{}".format, inner, st.sampled_from(["city", "lines", "upper()", "items()"])
        ),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("[x for x in {}]".format, inner),
        st.builds("{{'k': {}}}".format, inner),
        st.builds("join({}, {})".format, inner, inner),
        st.builds("json.dumps({})".format, inner),
        st.builds("len({})".format, inner),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_any_expression_gives_a_value_or_a_plain_failure(source):
    before = repr(RECORD)
    with contextlib.suppress(ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        run(source)
    assert repr(RECORD) == before


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_compiled_or_refused(source):
    with contextlib.suppress(ExpressionError):
        compile_expression(source, FUNCTIONS, Place("t.yml", 1, 1))
