"""The labelled lines at the end of what we write: `Label: value`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Footer:
    """A text divided into what stands before the footer and the footer's values by label."""

    body: tuple[str, ...]
    values: dict[str, str]


def read(lines: list[str], labels: tuple[str, ...]) -> Footer:
    """Find the footer: each label's last line, in any order, with the lines that continue it.

    Args:
        lines: The text, one line each.
        labels: Labels that may stand in the footer.
    """
    at = {
        label: position
        for label in labels
        for position, line in enumerate(lines)
        if line.startswith(f"{label}: ") or line == f"{label}:"
    }
    if not at:
        return Footer(tuple(lines), {})
    starts = sorted(at.values())
    ends = dict(zip(starts, [*starts[1:], len(lines)], strict=True))
    values = {
        label: " ".join([lines[start][len(label) + 1 :], *lines[start + 1 : ends[start]]]).strip()
        for label, start in at.items()
    }
    return Footer(tuple(lines[: starts[0]]), values)


def marker(lines: list[str], label: str) -> str | None:
    """Return the id of the last line `label: id`, or None."""
    for line in reversed(lines):
        if line.startswith(f"{label}: "):
            value = line[len(label) + 2 :].strip()
            return value if value.isdigit() else None
    return None
