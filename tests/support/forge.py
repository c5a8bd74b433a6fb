"""A process that has imported the server and forks it on request: real processes without their second of imports.

As a program it reads lines of JSON `{"arguments", "environment", "log"}` and answers each with the fork's process id.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[2]


@functools.cache
def _forge() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.forge"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def fork(arguments: list[str], environment: dict[str, str], log: Path) -> int:
    """Start `voice` with these arguments; return its process id. It ends with the tests at the latest."""
    forge = _forge()
    assert forge.stdin is not None
    assert forge.stdout is not None
    print(
        json.dumps({"arguments": arguments, "environment": environment, "log": str(log)}), file=forge.stdin, flush=True
    )
    return int(forge.stdout.readline())


def _run(arguments: list[str], environment: dict[str, str], log: str) -> NoReturn:
    from voice.cli import main

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    os.close(descriptor)
    os.environ.update(environment)
    main(arguments)
    sys.exit()


def _serve() -> None:
    import openai
    import openai.types.chat

    import voice.cli.servers.serve
    import voice.llm.openai
    import voice.server.app
    import voice.server.server
    import voice.wiring.sessions

    assert openai
    assert voice.server.server
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # what has ended is gone at once
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _run(**json.loads(line))
        print(pid, flush=True)


if __name__ == "__main__":
    _serve()
