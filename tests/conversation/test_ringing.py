"""The effects of a reply: set, changed and cancelled exactly as asked, by number or in words."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.clock import Alarms, VirtualLoop
from voice.conversation.timers import TimerRinger
from voice.llm.builtin.question import Question
from voice.llm.builtin.timer_list import Timer, Timers
from voice.llm.builtin.timers import timer
from voice.llm.interface import Effect

NOW = datetime(2026, 11, 22, 15, 5)
NAMES = ("pasta", "tea", "eggs", "laundry", "rice")


def after(*effects: Effect) -> tuple[list[Timer], list[object], list[tuple[float, str]]]:
    """What rang, what was told, and the timers as the last effect left them (at, label)."""
    rung: list[Timer] = []
    told: list[object] = []
    left: list[tuple[float, str]] = []

    async def act() -> None:
        loop, timers = asyncio.get_running_loop(), Timers()
        ringing = TimerRinger(timers, Alarms(loop), told.append, rung.append)
        start = loop.time()
        ringing.begin(start)
        for effect in effects:
            ringing.act(effect, start)
        left.extend((timer.left, timer.label) for timer in timers.running(start))
        await asyncio.sleep(100_000)  # of virtual time

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(act())
    return rung, told, left


def setting(seconds: float, label: str = "", **more: object) -> Effect:
    return Effect("timer.set", {"seconds": seconds, "label": label, **more})


def test_it_sets_changes_and_cancels_by_number() -> None:
    change, cancel = Effect("timer.change", {"number": 1, "by": 60.0}), Effect("timer.cancel", {"numbers": [2]})
    rung, told, left = after(setting(60), setting(90, "tea"), setting(30, "get up", kind="alarm"), change, cancel)
    assert left == [(120.0, ""), (30.0, "get up")]
    assert [(timer.label, timer.kind) for timer in rung] == [("get up", "alarm"), ("", "timer")]
    assert told == []


def test_a_server_that_cannot_see_the_timers_says_which_in_words() -> None:
    *_, left = after(setting(60, "tea"), setting(300), Effect("timer.cancel", {"which": "cancel the 5 minute timer"}))
    assert left == [(60.0, "tea")]
    *_, left = after(setting(60, "tea"), Effect("timer.change", {"which": "add to the tea timer", "by": 30.0}))
    assert left == [(90.0, "tea")]


@pytest.mark.parametrize(
    "effect",
    [
        Effect("timer.cancel", {"which": "cancel the timer"}),
        Effect("timer.cancel", {"which": "cancel the pizza timer"}),
        Effect("timer.change", {"number": 1, "by": -1000.0}),
        Effect("timer.change", {"number": 1, "by": "soon"}),
        Effect("timer.set", {"seconds": -1}),
        Effect("timer.set", {"seconds": 5, "kind": "bomb"}),
        Effect("lights.on"),
    ],
)
def test_what_cannot_be_done_is_told_and_touches_no_timer(effect: Effect) -> None:
    _, told, left = after(setting(60, "tea"), setting(90), effect)
    assert left == [(60.0, "tea"), (90.0, "")]
    assert len(told) == 1


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 90), st.sampled_from(("", *NAMES))),
        min_size=1,
        max_size=6,
        unique_by=lambda one: one[0],
    ),
    st.data(),
)
def test_cancelling_one_never_touches_another(running: list[tuple[int, str]], data: st.DataObject) -> None:
    timers = Timers()
    for minutes, label in running:
        timers.set(minutes * 60.0, label, 0.0)
    index = data.draw(st.integers(0, len(running) - 1))
    minutes, label = running[index]
    ordinal = ("first", "second", "third", "fourth", "fifth", "last")[index if index < len(running) - 1 else 5]
    ways = [f"cancel the {minutes} minute timer", f"cancel the {ordinal} timer", f"取消{minutes}分钟的计时器"]
    if label and sum(name == label for _, name in running) == 1:
        ways.append(f"cancel the {label} timer")
    found = timer(Question(data.draw(st.sampled_from(ways)), NOW, (), timers.running(0.0)))
    assert found is not None and [effect.kind for effect in found.effects] == ["timer.cancel"]
    numbers = found.effects[0].data["numbers"]
    assert isinstance(numbers, list)
    timers.cancel(numbers)
    assert [one.number for one in timers.running(0.0)] == [n for n in range(1, len(running) + 1) if n != index + 1]
