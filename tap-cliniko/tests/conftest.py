from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # for fake_cliniko, under every import mode

from fake_cliniko import Server, small_clinic


@pytest.fixture
def server():
    with Server(small_clinic()).running() as running:
        yield running
