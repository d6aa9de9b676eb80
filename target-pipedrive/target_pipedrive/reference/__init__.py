"""The workflow reference: what no API can move, listed so that it can be rebuilt by hand."""

from __future__ import annotations

from target_pipedrive.reference.session import ReferenceSession

__all__ = ["ReferenceSession"]
