"""The way back: what was loaded is taken out of Pipedrive again, and what was changed is put back.

`run` looks at every row through list pages, decides by `judging` what goes and what stays, and,
unless it is a rehearsal, does it: children before parents, each step in the ledger before it is
taken, so that a rollback that was stopped goes on where it stopped when it is run again.
"""

from __future__ import annotations

from target_pipedrive.rollback.choices import Choices
from target_pipedrive.rollback.opening import run
from target_pipedrive.rollback.tally import Kept, Tally

__all__ = ["Choices", "Kept", "Tally", "run"]
