from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_pipedrive.flow import Flow, SettleLog


@given(st.lists(st.sampled_from(["record", "state", "settle"]), max_size=60), st.randoms())
def test_state_leaves_when_everything_read_before_it_is_settled(events, random):
    log = SettleLog()
    open_tickets: list[int] = []
    before: dict[int, set[int]] = {}
    for number, event in enumerate(events):
        if event == "record":
            open_tickets.append(log.open())
        elif event == "state":
            log.state({"at": number})
            before[number] = set(open_tickets)
        elif open_tickets:
            ticket = open_tickets.pop(random.randrange(len(open_tickets)))
            log.settle(ticket)
            for unsettled in before.values():
                unsettled.discard(ticket)
        ready = log.take_ready()
        if ready is not None:
            assert not before[ready["at"]]
            before = {at: left for at, left in before.items() if at > ready["at"]}
        assert all(before[at] for at in before), "a settled state was held back"


def test_only_the_newest_settled_state_leaves_and_only_once():
    log = SettleLog()
    ticket = log.open()
    log.state({"n": 1})
    log.state({"n": 2})
    assert log.take_ready() is None
    log.settle(ticket)
    assert log.take_ready() == {"n": 2}
    assert log.take_ready() is None


async def scenario_same_record_in_order():
    flow, written = Flow(10), []

    def work(number):
        async def run():
            await asyncio.sleep(0.01 / number)  # later ones are quicker
            written.append(number)

        return run

    for number in (1, 2, 3):
        await flow.start("patient 1", work(number))
    await flow.idle()
    assert written == [1, 2, 3]
    assert not flow.busy("patient 1")


async def scenario_child_waits_for_its_parent_alone():
    flow, written = Flow(10), []
    release = asyncio.Event()

    async def parent():
        await release.wait()
        written.append("parent")

    async def child():
        await flow.after("parent")
        written.append("child")

    async def stranger():
        written.append("stranger")
        release.set()

    await flow.start("parent", parent)
    await flow.start("child", child)
    await flow.start("stranger", stranger)
    await flow.idle()
    assert written == ["stranger", "parent", "child"]


async def scenario_work_on_a_record_does_not_wait_for_itself():
    flow = Flow(10)

    async def work():
        await flow.after("patient 1")

    for _ in range(3):  # later work on the record waits for the first, not the first for it
        await flow.start("patient 1", work)
    await flow.idle()


async def scenario_never_more_than_the_limit():
    flow, running, most = Flow(3), 0, 0

    async def work():
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1

    for number in range(20):
        await flow.start(number, work)
    await flow.idle()
    assert most == 3


async def scenario_a_failure_ends_what_comes_after():
    flow = Flow(1)

    async def fail():
        raise ZeroDivisionError

    async def never():
        raise AssertionError("begun after a failure")

    await flow.start(1, fail)
    with pytest.raises(ZeroDivisionError):
        await flow.start(2, never)
    with pytest.raises(ZeroDivisionError):
        await flow.idle()


async def scenario_close_ends_work_where_it_stands():
    flow, ended = Flow(2), []

    async def hang():
        await asyncio.sleep(60)

    async def end():
        await asyncio.sleep(0.01)
        ended.append("in time")

    await flow.start(1, hang)
    await flow.start(2, end)
    await flow.close(0.1)
    await flow.idle()
    assert ended == ["in time"]


async def scenario_a_failure_is_told_at_once():
    flow = Flow(2)

    async def fail():
        raise ZeroDivisionError

    await flow.start(1, fail)
    with pytest.raises(ZeroDivisionError):
        await flow.broken()


async def scenario_records_that_refer_to_each_other_do_not_wait_for_ever():
    flow, written = Flow(10), []

    def work(key, *others):
        async def run():
            await asyncio.sleep(0.01)
            for other in others:
                await flow.after(other)
            written.append(key)

        return run

    await flow.start("a", work("a", "b"))
    await flow.start("b", work("b", "c"))
    await flow.start("c", work("c", "a"))
    await flow.start("a", work("a again", "c"))
    await flow.idle()
    assert sorted(written) == ["a", "a again", "b", "c"]


@pytest.mark.parametrize(
    "scenario",
    [
        scenario_records_that_refer_to_each_other_do_not_wait_for_ever,
        scenario_same_record_in_order,
        scenario_child_waits_for_its_parent_alone,
        scenario_work_on_a_record_does_not_wait_for_itself,
        scenario_never_more_than_the_limit,
        scenario_a_failure_ends_what_comes_after,
        scenario_close_ends_work_where_it_stands,
        scenario_a_failure_is_told_at_once,
    ],
    ids=lambda scenario: scenario.__name__.removeprefix("scenario_"),
)
def test_flow(scenario):
    asyncio.run(asyncio.wait_for(scenario(), 10))
