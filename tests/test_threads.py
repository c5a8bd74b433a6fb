"""The end of a process waits for the threads of engines, but not for one that hangs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from voice import threads

ENGINE = """
import asyncio, sys, threading
from voice import threads
from voice.worker import Worker

def slow(engine):
    begun.set()
    threading.Event().wait(float(sys.argv[1]))
    print("the engine is done", flush=True)

async def main():
    global begun
    begun = threading.Event()
    call = asyncio.create_task(Worker("engine", object).call(slow))
    await asyncio.to_thread(begun.wait)
    call.cancel()
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", ENGINE + code, *arguments], capture_output=True, text=True, timeout=60)


def test_a_program_that_ends_waits_for_an_engine_that_works() -> None:
    done = run("asyncio.run(main())", "0.5")
    assert (done.returncode, done.stdout, done.stderr) == (0, "the engine is done\n", "")


def test_it_does_not_wait_for_ever() -> None:
    done = run("asyncio.run(main())\nprint(threads.end_all(0.1))\nimport os; sys.stdout.flush(); os._exit(0)", "1000")
    assert (done.returncode, done.stdout) == (0, "False\n")


def test_all_have_ended() -> None:
    done = run("asyncio.run(main())\nprint(threads.end_all(30))", "0.1")
    assert done.stdout == "the engine is done\nTrue\n"


HANGING = """
from voice import __main__ as entry
import voice.cli

def command(prog_name):
    asyncio.run(main())
    print("no more to say")
    raise SystemExit(int(sys.argv[2]))

voice.cli.main = command
entry.PATIENCE_S = 0.1
entry.main()
"""


@pytest.mark.parametrize("code", [0, 66])
def test_the_command_leaves_an_engine_that_hangs_with_its_own_exit_code(code: int) -> None:
    done = run(HANGING, "1000", str(code))
    assert (done.returncode, done.stdout, done.stderr) == (code, "no more to say\n", "")


@pytest.mark.parametrize(("own", "kept"), [(None, "1"), ("3", "3")])
def test_numpy_keeps_to_one_thread_unless_its_owner_wants_otherwise(
    own: str | None, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if own is not None:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", own)
    threads.spare_for_engines()
    assert os.environ["OPENBLAS_NUM_THREADS"] == kept
