"""Lets ``python -m tap_cliniko`` run the tap."""

from __future__ import annotations

from tap_cliniko.cli import main

main()
