"""What a comparison found, counted by object and told in a few lines."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

SHOWN = 20
"""How many single findings `Report.lines` prints before it only counts the rest."""

_COLUMNS = ("object", "expected", "present", "missing", "extra", "twice", "different", "normalised")


@dataclass(frozen=True)
class Difference:
    """One field of one record that is not what the mapping asks for.

    Attributes:
        kind: The object's name, as in `Section.kind`.
        cliniko_id: Id of the source record; None for a row that came from no record.
        pipedrive_id: Id of the row that was looked at; None when no row carries the fact.
        field: Name of the field, as a person sees it.
        expected: What the mapping asks for, in words where several forms are right.
        actual: What stands in Pipedrive.
    """

    kind: str
    cliniko_id: str | None
    pipedrive_id: str | None
    field: str
    expected: str
    actual: str

    def line(self) -> str:
        """Tell the difference in one line."""
        source = f" {self.cliniko_id}" if self.cliniko_id else ""
        row = f" (Pipedrive {self.pipedrive_id})" if self.pipedrive_id else ""
        told = f"{self.expected} expected, {self.actual} found"
        return f"{self.kind}{source}{row}: {self.field}: {told}"


@dataclass
class Section:
    """The findings for one kind of object.

    Attributes:
        kind: Name of the object.
        expected: How many rows the mapping asks for.
        present: How many of those stand in Pipedrive.
        missing: Cliniko ids (or names) of those that do not.
        extra: Rows of ours that nothing asks for, each as a short description.
        duplicates: Surplus rows for a record that already has one.
        differences: Fields that differ.
        normalised: Rows whose HTML was judged by its structure, since the server rewrites HTML.
        unverified: Rows whose content the dump does not show; they count as present.
    """

    kind: str
    expected: int = 0
    present: int = 0
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    normalised: int = 0
    unverified: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with this kind of object."""
        return not (self.missing or self.extra or self.duplicates or self.differences)

    def differ(
        self, source: object, row: object, name: str, expected: object, actual: object
    ) -> None:
        """Note one field that differs.

        Args:
            source: Cliniko id or None.
            row: Pipedrive id or None.
            name: The field.
            expected: What was asked for; shown by `repr` unless it is a string.
            actual: What was found; shown likewise.
        """
        self.differences.append(
            Difference(
                self.kind,
                None if source is None else str(source),
                None if row is None else str(row),
                name,
                _shown(expected),
                _shown(actual),
            )
        )

    def findings(self) -> list[str]:
        """Every finding as one line, the gravest first."""
        return [
            *(f"{self.kind} {key}: missing in Pipedrive" for key in self.missing),
            *(f"{self.kind} {key}: stands twice" for key in self.duplicates),
            *(f"{self.kind} {key}: nothing in Cliniko asks for it" for key in self.extra),
            *(difference.line() for difference in self.differences),
        ]


@dataclass
class Report:
    """The whole comparison.

    Attributes:
        sections: One section for each kind of object, in the order they were compared.
    """

    sections: list[Section]

    @property
    def ok(self) -> bool:
        """Whether Pipedrive holds what the mapping asks for and nothing else of ours."""
        return all(section.ok for section in self.sections)

    def __getitem__(self, name: str) -> Section:
        """Return one kind's section by its name; KeyError when there is none."""
        for section in self.sections:
            if section.kind == name:
                return section
        raise KeyError(name)

    def lines(self) -> list[str]:
        """Render an aligned table, then up to `SHOWN` findings, then what was not seen."""
        table = [_COLUMNS, *(_cells(section) for section in self.sections)]
        widths = [max(len(row[column]) for row in table) for column in range(len(_COLUMNS))]
        lines = [
            "  ".join(
                cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in table
        ]
        findings = [line for section in self.sections for line in section.findings()]
        lines += findings[:SHOWN]
        if len(findings) > SHOWN:
            lines.append(f"… and {len(findings) - SHOWN} more")
        lines += [
            f"{section.kind} {key}: too large for the dump, content not compared"
            for section in self.sections
            for key in section.unverified
        ]
        return lines

    def as_dict(self) -> dict[str, object]:
        """Return the report as JSON-ready values: `{"ok": bool, "objects": {name: {...}}}`."""
        return {
            "ok": self.ok,
            "objects": {
                section.kind: {"ok": section.ok, **asdict(section)} for section in self.sections
            },
        }


def _cells(section: Section) -> tuple[str, ...]:
    return (
        section.kind,
        str(section.expected),
        str(section.present),
        str(len(section.missing)),
        str(len(section.extra)),
        str(len(section.duplicates)),
        str(len(section.differences)),
        str(section.normalised),
    )


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else text[:199] + "…"  # noqa: PLR2004 - a line's length
