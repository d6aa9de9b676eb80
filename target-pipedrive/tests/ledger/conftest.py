"""Everything about the ledger holds in both of its databases."""

from __future__ import annotations

import itertools

import pytest

from target_pipedrive.ledger import Ledger

_numbers = itertools.count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/deep/ledger.db"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"ledger_{next(_numbers)}"  # a schema is made ten times as fast as a database
    server.query(f"create schema {name}")
    yield f"{server.url}&options=-csearch_path%3D{name}"
    server.query(f"set client_min_messages = error; drop schema {name} cascade")


@pytest.fixture
def ledger(url):
    ledger = Ledger(url, "run 1")
    yield ledger
    ledger.close()
