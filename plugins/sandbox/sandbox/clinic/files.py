"""Attachments: ordinary ones, and the names, sizes and states that break careless readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.clinic.builder import moment
from sandbox.cliniko.content import Content
from sandbox.cliniko.state import stamp

if TYPE_CHECKING:
    from sandbox.clinic.builder import Builder
    from sandbox.clinic.practice import Practice
    from sandbox.cliniko.resource import Row

TOO_LARGE = 55_000_000
"""Size in bytes of the one file that is over every limit; made on the fly, it costs no memory."""

_TYPES = {
    "pdf": ("application/pdf", b"%PDF-1.4\n"),
    "png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    "jpg": ("image/jpeg", b"\xff\xd8\xff\xe0"),
    "txt": ("text/plain", b""),
    "docx": (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        b"PK\x03\x04",
    ),
    "mp4": ("video/mp4", b"\x00\x00\x00\x18ftypmp42"),
}
_USUAL = (
    "Referral letter.pdf",
    "X-ray left knee.png",
    "Consent form.pdf",
    "photo.jpg",
    "notes.txt",
)
_SHARE = 0.3
_TWIN_SEED = 4242

# name, size or None for an ordinary one, state
_SPECIAL: tuple[tuple[str, int | None, str], ...] = (
    ("../../etc/passwd.pdf", None, ""),
    ("scans\\2021/knee.png", None, ""),
    (".hidden.txt", None, ""),
    ("line\nbreak\tand\x07bell.pdf", None, ""),
    ("Überweisung Nguyễn 佐藤.pdf", None, ""),
    ("a very long name " * 18 + ".pdf", None, ""),
    ("no extension", None, ""),
    ("empty.txt", 0, ""),
    ("twin A.pdf", 2048, "twin"),
    ("twin B.pdf", 2048, "twin"),
    ("still scanning.pdf", None, "pending"),
    ("removed.pdf", None, "archived"),
    ("gait analysis.mp4", TOO_LARGE, ""),
)


def build(b: Builder, practice: Practice, patients: list[Row]) -> None:
    """Add attachments to some patients; the special ones hang on the first."""
    for number, patient in enumerate(patients):
        if number < len(_SPECIAL):
            # The twins belong to one patient: the same bytes twice, in two records.
            owner = patients[number - 1] if _SPECIAL[number][0] == "twin B.pdf" else patient
            _attach(b, practice, owner, *_SPECIAL[number])
        elif b.chance(_SHARE):
            _attach(b, practice, patient, b.pick(_USUAL), None, "")


def _attach(
    b: Builder, practice: Practice, patient: Row, name: str, size: int | None, state: str
) -> Row:
    kind, head = _TYPES.get(name.rpartition(".")[2], ("application/octet-stream", b""))
    length = b.rng.randint(200, 60_000) if size is None else size
    since = b.between(moment(patient["created_at"]), b.now)
    ready = state != "pending"
    row = b.add(
        "patient_attachments",
        b.now if not ready else since,
        filename=name,
        content_type=kind,
        description="From the GP" if b.chance(0.2) else b.pick(("", None)),
        size=length,
        processing_completed=ready,
        processed_at=stamp(since) if ready else None,
        patient_id=patient["id"],
        user_id=practice.users["desk"]["id"],
        archived_at=stamp(b.now) if state == "archived" else None,
    )
    seed = _TWIN_SEED if state == "twin" else b.rng.getrandbits(32)
    b.state.contents[row["id"]] = Content(length, seed, head[:length])
    return row
