"""The plan as a file: JSON with a hash over its content, so that a changed one is noticed."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from target_pipedrive.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "plan.json"
PAGE = "plan.html"
FORM = 1
"""Of the content; another release may write another."""

AGAIN = "Type: meltano run tap-cliniko plan-pipedrive"


def digest(content: Mapping[str, Any]) -> str:
    """Return the hash of a plan: of its canonical JSON (sorted keys, no blanks, ASCII)."""
    text = json.dumps(
        {key: value for key, value in content.items() if key != "sha256"},
        sort_keys=True,
        separators=(",", ":"),
    )
    return sha256(text.encode()).hexdigest()


def save(content: Mapping[str, Any], path: Path) -> str:
    """Write a plan, for its owner's eyes only; return its hash."""
    found = digest(content)
    fresh = path.with_name(f"{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as out:  # noqa: PTH123 - of a descriptor
        json.dump({**content, "sha256": found}, out, indent=2, ensure_ascii=False)
        out.write("\n")
    fresh.replace(path)
    return found


def read(path: Path) -> dict[str, Any]:
    """Read a plan.

    Raises:
        SettingsError: There is none, or it is not as it was written.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"There is no plan at {path}. {AGAIN}") from error
    except (OSError, ValueError) as error:
        raise SettingsError(f"The plan {path} cannot be read. {AGAIN}") from error
    if not isinstance(content, dict) or content.get("sha256") != digest(content):
        raise SettingsError(
            f"The plan {path} is not as it was written: its hash does not fit its content. {AGAIN}"
        )
    if content.get("form") != FORM:
        raise SettingsError(f"Another release wrote the plan {path}. {AGAIN}")
    return content
