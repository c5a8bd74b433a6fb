"""Ctrl-C ends the process even where a thread will not end."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

STUCK = """
import asyncio, threading
from voice.cli.interrupt import run

async def main():
    never = threading.Event()
    print("waiting", flush=True)
    try:
        await asyncio.to_thread(never.wait)
    finally:
        print("cleaned up", flush=True)

run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_thread_inside_a_library_does_not_keep_the_process(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(number)
        rest, _ = process.communicate(timeout=30)
    assert rest == "cleaned up\n"
    assert process.returncode == 130
