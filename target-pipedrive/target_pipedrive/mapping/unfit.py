"""The error of values that do not fit."""

from __future__ import annotations


class UnfitError(ValueError):
    """A value does not fit where it is used. The text never holds the value itself."""
