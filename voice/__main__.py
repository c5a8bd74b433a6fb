"""`python -m voice` is the command `voice`."""

import contextlib
import io
import os
import signal
import sys
from typing import Any, NoReturn

INTERRUPTED = 130
PATIENCE_S = 3.0
"""How long engines may take to end. Their last work cannot be cancelled, but its result is not needed."""


def main() -> NoReturn:
    """Run the command and leave with its exit code, once the threads of its engines have ended.

    SIGINT and SIGTERM are quiet from the first moment, while its modules are still being read.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal or log without Unicode shows ? for what it cannot write
    code: Any = 0
    try:
        from voice.threads import spare_for_engines

        spare_for_engines()
        from voice.cli import main as command

        command(prog_name="voice")
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as end:
        code = end.code or 0
    handle_stops(_leave)  # nothing is left to clean up
    from voice import threads

    if not threads.end_all(PATIENCE_S):
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):  # the reader has closed it
                stream.flush()
        os._exit(code if isinstance(code, int) else 1)  # a library that hangs would crash the interpreter's end
    # The interpreter's end takes a tenth of a second and puts signals back to their default, which is to be killed.
    handle_stops(signal.SIG_IGN)
    # Where a KeyboardInterrupt passed through an `exec` of text, as dataclasses do on import, CPython remembers it and
    # ends by SIGINT however it was handled; the next such text that ends well makes it forget.
    exec("")
    raise SystemExit(code)


def handle_stops(handler: Any) -> None:
    """Set what SIGINT and SIGTERM do."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _leave(number: int, frame: object) -> NoReturn:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
