"""What a waiting `voice talk` takes of one core through real PortAudio and PulseAudio, and how much memory it holds.

`python -m tests.support.live_idle [SECONDS] [FLAGS OF voice talk]`, from the folder of the checkout; no test runs it.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.processes import VOICE, Service
from tests.support.pulse import Pulse, missing

SETTLE_S = 10.0
ENGINES = ("--llm", "builtin", "--asr", "pocketsphinx", "--tts", "espeak", "--set", "wake.mode=word")


def processor_s(pid: int) -> dict[str, float]:
    """Seconds of processor each thread has used, by its name and number."""
    used = {}
    for thread in Path(f"/proc/{pid}/task").iterdir():
        name = (thread / "comm").read_text().strip()
        used[f"{name} {thread.name}"] = int((thread / "schedstat").read_text().split()[0]) / 1e9
    return used


def memory_mb(pid: int, kind: str) -> float:
    """`Rss`, or `Pss` that counts shared pages by their share, in MiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")) / 1024


def main(seconds: str = "30", *flags: str) -> None:
    if missing():
        sys.exit(missing())
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with Pulse() as pulse, tempfile.TemporaryDirectory() as folder:
        store = f"chat.store=sqlite:///{folder}/sessions.sqlite"
        command = [*VOICE, "talk", "--profile", "pi", *ENGINES, "--set", store, *flags]
        process = Service(command, "", environment=pulse.env)
        process.launch()
        try:
            time.sleep(SETTLE_S)
            if not process.running():
                sys.exit(process.output())
            before, began = processor_s(process.pid), time.monotonic()
            time.sleep(float(seconds))
            used, passed = processor_s(process.pid), time.monotonic() - began
            shares = {name: (spent - before.get(name, 0.0)) / passed * 100 for name, spent in used.items()}
            for name, share in shares.items():
                print(f"{share:6.2f} %  {name}")
            resident, proportional = memory_mb(process.pid, "Rss"), memory_mb(process.pid, "Pss")
            print(
                f"{sum(shares.values()):6.2f} %  of a core; {resident:.0f} MB resident, {proportional:.0f} MB its share"
            )
        finally:
            process.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
