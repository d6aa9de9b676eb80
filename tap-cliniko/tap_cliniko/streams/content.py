"""The trees that notes, forms and patients' own fields hold, as parts of stream schemas."""

from __future__ import annotations

from tap_cliniko.schemas import Field, anything, flag, group, groups, ids, sections, text

_NOTE_KINDS = ("text", "paragraph", "date", "checkboxes", "radiobuttons")
_FORM_KINDS = (
    *_NOTE_KINDS,
    "signature",
    "full_name",
    "address",
    "phone",
    "pronouns",
    "select",
)


def note_content(*, answered: bool) -> Field:
    """The content of a treatment note, or without answers of its template.

    Args:
        answered: Whether it holds answers.
    """
    charts = (ids("body_chart_ids", "Drawings; they cannot be read."),) if answered else ()
    return _questions(
        "The note." if answered else "The note to fill in.",
        text("type", "Kind.", *_NOTE_KINDS, "bodycharts"),
        text("answer", "Answer; HTML for a paragraph." if answered else "Text a paragraph has."),
        *_choices(answered=answered),
        *charts,
    )


def form_content(*, answered: bool) -> Field:
    """The content of a patient form, or without answers of its template.

    Args:
        answered: Whether it holds answers.
    """
    asked = (
        text("type", "Kind.", *_FORM_KINDS),
        flag("required", "Whether it must be answered."),
        text("patient_field_connection", "Field of the patient that the answer goes into."),
        *_choices(answered=answered),
    )
    if not answered:
        return _questions("The form to fill in.", text("answer", "Text a paragraph has."), *asked)
    return _questions(
        "The form.",
        anything(
            "answer",
            "Answer: a text (HTML for a paragraph), an object for full_name, address and pronouns, "
            "a list of numbers for phone.",
        ),
        *asked,
        anything("options", "What a select offers, or which parts a full_name has."),
        text("signature_id", "The signature; its image is never read."),
    )


def custom_fields(name: str, description: str, *, answered: bool) -> Field:
    """The account's own patient fields, or a patient's answers to them.

    Names can be edited and repeated, tokens not.

    Args:
        name: Name of the field that holds the tree.
        description: What it is.
        answered: Whether it holds answers.
    """
    archived = flag("archived", "Whether it is out of use.")
    chosen = (flag("selected", "Whether it is chosen; absent means no."),) if answered else ()
    value = text("value", "Answer to a text, paragraph or date; absent when unanswered.")
    own_text = text("value", "Its text; absent when it is not chosen.")
    return sections(
        name,
        description,
        text("name", "Title."),
        text("token", "What identifies the section."),
        archived,
        groups(
            "fields",
            "Fields in order.",
            text("name", "Title."),
            text("token", "What identifies the field."),
            archived,
            text("type", "Kind.", *_NOTE_KINDS),
            *((value,) if answered else ()),
            groups(
                "options",
                "Options of checkboxes and radiobuttons.",
                text("name", "Text of the option."),
                text("token", "What identifies the option."),
                archived,
                *chosen,
            ),
            group(
                "other",
                "The option with a text of its own.",
                flag("enabled", "Whether it is offered."),
                archived,
                *chosen,
                *((own_text,) if answered else ()),
            ),
        ),
    )


def _questions(description: str, *question: Field) -> Field:
    return sections(
        "content",
        description,
        text("name", "Title."),
        text("description", "Explanation."),
        groups(
            "questions",
            "Questions in order; an unanswered one has no answer.",
            text("name", "Title."),
            *question,
        ),
    )


def _choices(*, answered: bool) -> tuple[Field, ...]:
    chosen = (flag("selected", "Whether it is chosen; absent means no."),) if answered else ()
    own_text = (text("value", "Its text."),) if answered else ()
    return (
        groups(
            "answers",
            "Options of checkboxes and radiobuttons.",
            text("value", "Text of the option."),
            *chosen,
        ),
        group(
            "other",
            "The option with a text of its own.",
            flag("enabled", "Whether it is offered."),
            *chosen,
            *own_text,
        ),
    )
