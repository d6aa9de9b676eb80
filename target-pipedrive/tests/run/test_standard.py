"""The SDK's own tests of a target. None of their streams has a mapping: all are left out."""

from __future__ import annotations

import pytest
from singer_sdk.testing import get_target_test_class
from singer_sdk.testing.runners import TargetTestRunner

from target_pipedrive.target import TargetPipedrive


class TestTargetPipedrive(get_target_test_class(TargetPipedrive)):
    # A record without its key is rejected and does not end the run: see test_persons.
    test_target_record_missing_key_property = None

    @pytest.fixture
    def runner(self, settings):
        return TargetTestRunner(TargetPipedrive, config=settings, parse_env_config=False)
