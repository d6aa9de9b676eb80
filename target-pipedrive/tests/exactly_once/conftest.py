"""What the proofs of exactly-once share."""

from __future__ import annotations

from pathlib import Path

import pytest

from target_pipedrive import mapping
from target_pipedrive.pipedrive import OBJECTS

pytest.importorskip("sandbox.pipedrive")

ROOT = Path(__file__).parents[3]
SHORT_NOTES = 4_000
"""Bytes of a note, so that short ones become parts."""


@pytest.fixture(scope="session")
def transforms():
    """The default mapping."""
    return mapping.load(
        ROOT / "transforms",
        options=mapping.Options(max_note_bytes=SHORT_NOTES),
        objects={
            name: mapping.ObjectKeys(kind.writable, kind.custom_fields)
            for name, kind in OBJECTS.items()
        },
    )
