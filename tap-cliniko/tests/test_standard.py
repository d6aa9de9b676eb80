"""The SDK's own tests of a tap."""

from __future__ import annotations

import atexit
import tempfile

import pytest
from fake_cliniko import Server, small_clinic
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_cliniko.tap import TapCliniko

_running = Server(small_clinic()).running()
_server = _running.__enter__()  # the SDK asks for its configuration when the class is made
_spool = tempfile.TemporaryDirectory()
atexit.register(_running.__exit__, None, None, None)
atexit.register(_spool.cleanup)

# The fake's rows are short; test_schemas holds the schemas against the official OpenAPI.
pytestmark = pytest.mark.filterwarnings("ignore:Fields in transformed catalog")

TestTapCliniko = get_tap_test_class(
    TapCliniko,
    config=_server.config(attachments_dir=_spool.name),
    suite_config=SuiteConfig(max_records_limit=None),
    parse_env_config=False,
)
