"""What no longer comes with a stream that comes whole is gone at the source."""

from __future__ import annotations

from .conftest import script


def product(account, key):
    return account.labelled("products", "productFields", "Cliniko ID", f"product {key}")


def test_what_vanished_is_taken_away_and_what_was_computed_from_it_changes(loader, account):
    first, without_the_tax, without_the_ball = script("vanished")
    loader.load(first)
    assert [row["tax"] for row in product(account, 7711)] == [10]

    run = loader.load(without_the_tax)
    (change,) = run.writes
    assert (change.method, change.body) == ("PATCH", {"tax": 0})
    assert product(account, 7712), "products did not come to their end"

    run = loader.load(without_the_ball)
    assert run.kinds() == {"DELETE products": 1}
    assert product(account, 7711)
    assert not product(account, 7712)
    assert loader.load(without_the_ball).writes == []


def test_what_vanished_stays_where_it_is_to_stay(loader, account):
    first, _, without_the_ball = script("vanished")
    loader.load(first, when_removed="keep")
    assert loader.load(without_the_ball, when_removed="keep").writes == []
    assert product(account, 7712)


def test_what_a_stream_map_filters_has_not_vanished(loader, account):
    first, _, without_the_ball = script("vanished")
    loader.load(first)
    maps = {"products": {"__filter__": "id != '7711'"}}
    run = loader.load(without_the_ball, stream_maps=maps)
    assert run.writes == []
    assert product(account, 7711)
    assert product(account, 7712)
