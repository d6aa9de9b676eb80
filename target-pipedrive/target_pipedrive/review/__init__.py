"""Ambiguous matches: asked in a file, answered by a person, obeyed by the next run."""

from __future__ import annotations

from target_pipedrive.review.review import Review

__all__ = ["Review"]
