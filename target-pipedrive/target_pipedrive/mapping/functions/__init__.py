"""The functions that mapping expressions may call; docs/mapping.md lists them."""

from __future__ import annotations

from target_pipedrive.mapping.functions import (
    account,
    files,
    money,
    notes,
    people,
    records,
    sdk,
    texts,
    times,
)
from target_pipedrive.mapping.functions.registry import FUNCTIONS, Function

GROUPS = (records, texts, people, times, money, account, notes, files, sdk)
"""Modules of functions, in the order of the reference."""

__all__ = ["FUNCTIONS", "GROUPS", "Function"]
