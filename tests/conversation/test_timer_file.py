"""Timers outlast the process: encrypted, private, whole or not at all, and of one process at a time."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from voice.clock import Alarms, VirtualLoop
from voice.conversation.timer_file import TimerFile
from voice.conversation.timers import TimerRinger
from voice.errors import VoiceError
from voice.llm.builtin.repeats import WORKING, Repeat
from voice.llm.builtin.timer_answers import missed
from voice.llm.builtin.timer_list import KINDS, Kind, Timer, Timers
from voice.llm.interface import Effect

KEY = bytes(32)
MONDAY = datetime(2026, 11, 30, 8, 0).timestamp()


def setting(seconds: float, label: str = "", **more: object) -> Effect:
    return Effect("timer.set", {"seconds": seconds, "label": label, **more})


class Run:
    """One run of the program from a time on the wall, for some seconds, with what it is asked to do."""

    def __init__(self, path: Path, begins: float, lasts: float, *effects: Effect) -> None:
        self.rung: list[tuple[str, float]] = []
        self.told: list[object] = []
        kept = TimerFile(path, lambda: KEY)
        timers = Timers()

        async def act() -> None:
            loop = asyncio.get_running_loop()
            start = loop.time()

            def wall() -> float:
                return begins + loop.time() - start

            def rings(timer: Timer) -> None:
                self.rung.append((timer.label, wall() - MONDAY))

            ringing = TimerRinger(timers, Alarms(loop), self.told.append, rings, kept, wall)
            self.missed = ringing.begin(start)
            for effect in effects:
                ringing.act(effect, loop.time())
            await asyncio.sleep(lasts)
            self.left = timers.running(loop.time())

        try:
            with asyncio.Runner(loop_factory=VirtualLoop) as runner:
                runner.run(act())
        finally:
            kept.close()


def test_a_timer_rings_in_the_next_run_at_its_time(tmp_path: Path) -> None:
    Run(tmp_path / "timers", MONDAY, 60, setting(300, "tea"))
    after = Run(tmp_path / "timers", MONDAY + 100, 1000)
    assert after.missed == [] and after.left == []
    ((label, at),) = after.rung
    assert label == "tea" and at == pytest.approx(300, abs=0.1)
    assert Run(tmp_path / "timers", MONDAY + 2000, 1).missed == []  # it rang once


def test_what_came_due_while_it_was_off_is_given_once(tmp_path: Path) -> None:
    Run(tmp_path / "timers", MONDAY, 1, setting(300), setting(30, "eggs"), setting(4000, kind="alarm"))
    after = Run(tmp_path / "timers", MONDAY + 600, 1)
    assert [timer.label for timer in after.missed] == ["eggs", ""]
    said = missed(after.missed, datetime.fromtimestamp(MONDAY + 600), "en")
    assert said == ("While I was off: your eggs timer ended at 8 AM today; your 5 minute timer ended at 8:05 AM today.")
    assert len(after.left) == 1
    assert Run(tmp_path / "timers", MONDAY + 700, 1).missed == []


@pytest.mark.parametrize("language", ["en", "zh", "de"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_missed_is_said_with_its_name_and_time(kind: Kind, language: str) -> None:
    timer = Timer(1, "tea", 300, 0.0, kind, MONDAY + 300)
    said = missed([timer], datetime.fromtimestamp(MONDAY + 86400), language)
    assert "tea" in said and ("05" in said or "零5" in said)


def test_a_repeated_alarm_rings_on_each_of_its_days_also_after_one_was_missed(tmp_path: Path) -> None:
    repeat = Repeat(WORKING, 8, 30).to_data()
    week = Run(tmp_path / "timers", MONDAY, 4.9 * 86400, setting(1800, "up", kind="alarm", repeat=repeat))
    assert [round(at - 1800) // 86400 for _, at in week.rung] == [0, 1, 2, 3, 4]
    weekend = Run(tmp_path / "timers", MONDAY + 5 * 86400, 86400)
    assert weekend.rung == [] and weekend.missed == []
    late = Run(tmp_path / "timers", MONDAY + 7 * 86400 + 7200, 86400)
    assert [timer.label for timer in late.missed] == ["up"]
    ((label, at),) = late.rung
    assert label == "up" and at == pytest.approx(8 * 86400 + 1800, abs=1)


def test_snooze_rings_what_rang_again(tmp_path: Path) -> None:
    run = Run(tmp_path / "timers", MONDAY, 1, Effect("timer.snooze", {"seconds": 60}))
    assert len(run.told) == 1  # nothing has rung
    timers = Timers()
    timers.set(5, "tea", 0.0)
    timers.tick(5.0)
    assert [timer.left for timer in timers.seen(10.0)] == [-5.0]
    again = timers.snooze(60, 10.0)
    assert (again.label, again.at) == ("tea", 70.0)
    assert timers.seen(10.0) == timers.running(10.0)


def test_an_alarm_follows_the_clock_on_the_wall_and_a_timer_does_not() -> None:
    timers = Timers()
    timers.set(3600, "", 0.0, "alarm", wall=1000.0)
    timers.set(3600, "", 0.0, "timer", wall=1000.0)
    timers.follow(10.0, 2000.0)  # the clock was set ahead, or the machine slept
    assert [round(timer.left) for timer in timers.running(10.0)] == [2600, 3590]


def test_the_file_is_private_and_tells_nothing(tmp_path: Path) -> None:
    Run(tmp_path / "own" / "timers", MONDAY, 1, setting(300, "surprise party"))
    path = tmp_path / "own" / "timers"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert b"surprise" not in path.read_bytes()
    assert not path.with_suffix(".new").exists()


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\xff\xfe", b"AAAA" * 40])
def test_a_damaged_file_is_no_timers(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "timers").write_bytes(content)
    run = Run(tmp_path / "timers", MONDAY, 400, setting(300, "tea"))
    assert [label for label, _ in run.rung] == ["tea"]


def test_another_key_reads_nothing(tmp_path: Path) -> None:
    Run(tmp_path / "timers", MONDAY, 1, setting(300))
    other = TimerFile(tmp_path / "timers", lambda: bytes([1]) * 32)
    assert other.load() == []
    other.close()


def test_one_process_has_them_until_it_ends_also_by_force(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from voice.conversation.timer_file import TimerFile\n"
        "from voice.llm.builtin.timer_list import Timer\n"
        "found = TimerFile(Path(sys.argv[1]), lambda: bytes(32)); found.save([Timer(1, '', 5, 0.0, 'timer', 0.0)])\n"
        "print(found.mine, flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "timers"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert other.stdout is not None and other.stdout.readline() == "True\n"
    mine = TimerFile(tmp_path / "timers", lambda: KEY)
    assert not mine.mine and mine.load() == []
    kept = (tmp_path / "timers").read_bytes()
    mine.save([Timer(1, "", 5, 0.0, "timer", MONDAY)])
    assert (tmp_path / "timers").read_bytes() == kept
    other.kill()
    other.communicate()
    after = TimerFile(tmp_path / "timers", lambda: KEY)
    assert after.mine
    after.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(VoiceError, match="cannot be kept"):
        TimerFile(tmp_path / "own" / "timers", lambda: KEY).save([Timer(1, "", 5, 0.0, "timer", MONDAY)])


def test_a_path_that_is_no_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("")
    with pytest.raises(VoiceError, match="cannot be kept"):
        TimerFile(tmp_path / "own" / "timers", lambda: KEY).save([Timer(1, "", 5, 0.0, "timer", MONDAY)])
