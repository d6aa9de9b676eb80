"""Report pages: one HTML file each that opens from disk, without network.

`write(report, path)` makes a page of a `Report`; `mask(value)` hides a value of a patient.
"""

from __future__ import annotations

from target_pipedrive.report.masking import mask
from target_pipedrive.report.model import (
    Bar,
    Bars,
    Cell,
    Column,
    Difference,
    Fact,
    Link,
    Moment,
    Record,
    Records,
    Report,
    Section,
    Segment,
    Step,
    Table,
    Timeline,
    Tone,
    Verdict,
)
from target_pipedrive.report.page import write

__all__ = [
    "Bar",
    "Bars",
    "Cell",
    "Column",
    "Difference",
    "Fact",
    "Link",
    "Moment",
    "Record",
    "Records",
    "Report",
    "Section",
    "Segment",
    "Step",
    "Table",
    "Timeline",
    "Tone",
    "Verdict",
    "mask",
    "write",
]
