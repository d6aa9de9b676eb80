"""The mapping: which Pipedrive objects a source record becomes, as the files of a folder say.

`load` reads the files; a `MappingSet` answers for each stream which rules apply, what must be kept
of its records, and what one record becomes. Nothing here talks to a network or a database.
"""

from __future__ import annotations

from target_pipedrive.mapping.context import Context, ObjectKeys, Options, World
from target_pipedrive.mapping.kept import Kept, Why
from target_pipedrive.mapping.loader import load
from target_pipedrive.mapping.mappingset import MappingSet
from target_pipedrive.mapping.rules import ObjectRule
from target_pipedrive.mapping.users import UserRule

__all__ = [
    "Context",
    "Kept",
    "MappingSet",
    "ObjectKeys",
    "ObjectRule",
    "Options",
    "UserRule",
    "Why",
    "World",
    "load",
]
