"""How far a run is: told by the run itself, or read from its ledger while it goes on elsewhere.

`picture` is what there is to tell, `view` how it is told. `progress` tells it from within a run,
`looking` reads what a run wrote down.
"""

from __future__ import annotations

from target_pipedrive.progress.looking import Look, Seen
from target_pipedrive.progress.picture import Picture
from target_pipedrive.progress.progress import Progress

__all__ = ["Look", "Picture", "Progress", "Seen"]
