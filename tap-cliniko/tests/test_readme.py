from __future__ import annotations

from pathlib import Path

from tap_cliniko.readme import up_to_date

README = Path(__file__).parents[1] / "README.md"


def test_tables_are_up_to_date():
    text = README.read_text()
    assert up_to_date(text) == text, "run: python -m tap_cliniko.readme tap-cliniko/README.md"
