"""Ctrl-C ends the process even where a thread will not end."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.support.patience import PATIENCE_S

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
        rest, _ = process.communicate(timeout=PATIENCE_S)
    assert rest == "cleaned up\n"
    assert process.returncode == 130


EARLY = """
import sys

class PressedMeanwhile:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            exec("raise KeyboardInterrupt")  # text, as in a dataclass: CPython would end by SIGINT for it

sys.meta_path.insert(0, PressedMeanwhile())
from voice.__main__ import main
main()
"""


def test_it_is_quiet_while_modules_are_still_being_read() -> None:
    done = subprocess.run([sys.executable, "-c", EARLY], capture_output=True, text=True, timeout=PATIENCE_S)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
