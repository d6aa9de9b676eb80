"""The content of a treatment note as a sequence of words, breaks and choices, and its matching.

The mapping fixes what is said and in which order: heading, bold question, answer. It leaves open
how a question and its answer are set (one line or two, a colon or none), how selected options are
strung together (lines, bullets, commas) and whether a section nobody answered keeps its heading.
The matcher is tolerant in exactly these points. A part of a long note may end at any word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from sandbox.check import html_text
from sandbox.check.values import Row, squeezed, text

if TYPE_CHECKING:
    from collections.abc import Callable

_BULLETS = frozenset("•-\u2013\u2014*·☑✓✔")


class Mark(Enum):
    """What may or must stand between words.

    BREAK: a new line. GAP: a new line, a colon or just a space. ITEM: a new line or a comma,
    semicolon or slash. PART: a border between two parts of a long note.
    """

    BREAK = "new line"
    GAP = "gap"
    ITEM = "next item"
    PART = "next part"


Token = str | Mark


@dataclass(frozen=True)
class Block:
    """A stretch of content.

    Attributes:
        tokens: What it says.
        optional: Whether it may be left out.
        open_ended: Whether anything may follow it (a body chart, whose drawing is not shown).
    """

    tokens: tuple[Token, ...]
    optional: bool = False
    open_ended: bool = False


@dataclass
class Outline:
    """What a note must say, in blocks, with what must be a heading and what must be bold."""

    blocks: list[Block] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def outline(content: object) -> Outline:
    """Build the outline of a treatment note's `content` (Cliniko API, treatment notes)."""
    built = Outline()
    sections = content.get("sections") if isinstance(content, dict) else None
    for section in sections or []:
        name = squeezed(section.get("name"))
        blocks, questions = _questions(section.get("questions") or [])
        answered = any(not block.optional for block in blocks)
        if name:
            built.blocks.append(Block((*name.split(), Mark.BREAK), optional=not answered))
            if answered:
                built.headings.append(name)
        if description := squeezed(section.get("description")):
            built.blocks.append(Block((*description.split(), Mark.BREAK), optional=True))
        built.blocks += blocks
        built.questions += questions
    return built


def _questions(questions: list[Row]) -> tuple[list[Block], list[str]]:
    blocks: list[Block] = []
    bold: list[str] = []
    for question in questions:
        name = squeezed(question.get("name"))
        if question.get("type") == "bodycharts":
            if question.get("body_chart_ids"):
                blocks.append(Block(tuple(name.split()), optional=True, open_ended=True))
            continue
        answer = _answer(question)
        if answer:
            blocks.append(Block((*name.split(), Mark.GAP, *answer, Mark.BREAK)))
            bold.append(name)
    return blocks, [name for name in bold if name]


def _answer(question: Row) -> tuple[Token, ...]:
    kind = question.get("type")
    if kind in ("checkboxes", "radiobuttons"):
        chosen = [
            squeezed(each.get("value"))
            for each in question.get("answers") or []
            if each.get("selected")
        ]
        other = question.get("other") or {}
        if other.get("selected"):
            chosen.append(squeezed(other.get("value")))
        return _joined([name for name in chosen if name], Mark.ITEM)
    answer = question.get("answer")
    if kind in _ASKED_OF_THE_PATIENT:
        return _joined(_ASKED_OF_THE_PATIENT[kind](question), Mark.ITEM)
    if kind == "paragraph":
        return _joined(html_text.lines(answer), Mark.BREAK)
    plain = text(answer) or ""
    return _joined([squeezed(line) for line in plain.split("\n") if line.strip()], Mark.BREAK)


def _of(answer: object, *names: str) -> list[str]:
    found = [squeezed(answer.get(name)) for name in names] if isinstance(answer, dict) else []
    return [each for each in found if each]


def _name(question: Row) -> list[str]:
    answer = question.get("answer")
    words = _of(answer, "title", "first_name", "last_name")
    words += [f"({word})" for word in _of(answer, "preferred_first_name")]
    return [" ".join(words)] if words else []


def _phones(question: Row) -> list[str]:
    numbers = [_of(row, "number", "phone_type") for row in question.get("answer") or []]
    return [f"{each[0]} ({each[1]})" if each[1:] else each[0] for each in numbers if each]


_ADDRESS = (
    *("address_1", "address_2", "address_3"),
    *("city", "state", "post_code", "country_code"),
)
_PRONOUNS = (
    "nominative",
    "accusative",
    "pronominal_possessive",
    "predicative_possessive",
    "reflexive",
)
_ASKED_OF_THE_PATIENT: dict[str, Callable[[Row], list[str]]] = {
    "full_name": _name,
    "address": lambda question: _of(question.get("answer"), *_ADDRESS),
    "phone": _phones,
    "pronouns": lambda question: _of(question.get("answer"), *_PRONOUNS),
    "signature": lambda question: ["Signed in Cliniko"] if question.get("signature_id") else [],
}
"""What a form asks beside what a note does (Cliniko API, patient forms)."""


def _joined(lines: list[str], mark: Mark) -> tuple[Token, ...]:
    tokens: list[Token] = []
    for line in lines:
        tokens += [*([mark] if tokens else []), *line.split()]
    return tuple(tokens)


def tokens(parts: list[list[str]]) -> list[Token]:
    """Turn the lines of each part into words and breaks, with a border between parts."""
    found: list[Token] = []
    for number, lines in enumerate(parts):
        if number:
            if found and found[-1] is Mark.BREAK:
                found.pop()
            found.append(Mark.PART)
        for line in lines:
            words = line.split()
            while words and (words[0] in _BULLETS):
                words.pop(0)
            found += [*words, Mark.BREAK]
    return found


def first_fault(blocks: list[Block], found: list[Token]) -> str | None:
    """Match what stands against the blocks.

    Returns:
        None when it matches, else where it first does not, in a few words of both sides.
    """
    at = 0
    for index, block in enumerate(blocks):
        end, wanted = _match(block.tokens, found, at)
        if end is None:
            if block.optional:
                continue
            return f"{wanted!r} wanted at {_glimpse(found, at)!r}"
        at = _resume(blocks[index + 1 :], found, end) if block.open_ended else end
    rest = [token for token in found[at:] if isinstance(token, str)]
    return f"nothing more wanted at {' '.join(rest[:8])!r}" if rest else None


def _match(wanted: tuple[Token, ...], found: list[Token], at: int) -> tuple[int | None, str]:
    """Match one block; return where it ends (None when it does not match) and what was wanted."""
    position = at
    for index, token in enumerate(wanted):
        following = wanted[index + 1] if index + 1 < len(wanted) else None
        if isinstance(token, str):
            if token in _BULLETS and (index == 0 or isinstance(wanted[index - 1], Mark)):
                continue
            position = _skip(found, position, Mark.PART)
            if not _word(token, following, found, position):
                return None, " ".join(str(each) for each in wanted[index : index + 4])
            position += 1
        elif token is Mark.BREAK or (token is Mark.ITEM and not _listed(found, position)):
            if position < len(found) and not isinstance(found[position], Mark):
                return None, token.value
            position = _skip(found, position, Mark.BREAK, Mark.PART)
        else:
            position = _skip(found, position, Mark.BREAK, Mark.PART)
            if position < len(found) and found[position] in (":", *_BULLETS, ",", ";", "/"):
                position = _skip(found, position + 1, Mark.BREAK, Mark.PART)
    return position, ""


def _word(token: str, following: Token | None, found: list[Token], at: int) -> bool:
    if at >= len(found):
        return False
    word = found[at]
    if following is Mark.GAP:
        return word in (token, f"{token}:")
    if following is Mark.ITEM:
        return word in (token, f"{token},", f"{token};")
    return word == token


def _listed(found: list[Token], at: int) -> bool:
    """Whether an item ended in a comma or semicolon, or one stands here by itself."""
    before = found[at - 1] if at else None
    here = found[at] if at < len(found) else None
    return here in (",", ";", "/", "•", "·") or (
        isinstance(before, str) and before.endswith((",", ";"))
    )


def _skip(found: list[Token], at: int, *marks: Mark) -> int:
    while at < len(found) and found[at] in marks:
        at += 1
    return at


def _resume(blocks: list[Block], found: list[Token], at: int) -> int:
    """Find where the content goes on after something that cannot be compared."""
    for position in range(at, len(found) + 1):
        starts = position == at or isinstance(found[position - 1], Mark)
        if starts and first_fault(blocks, found[position:]) is None:
            return position
    return at


def _glimpse(found: list[Token], at: int) -> str:
    return " ".join(str(token) for token in found[at : at + 8] if isinstance(token, str))
