"""pocketsphinx in processes of its own: it keeps Python's lock while it works, and others have to speak meanwhile.

As a program this file is a nursery: it loads the recognizer once, and forks for everyone who needs one, so that a new
recognizer is there at once and shares the model's memory. Pickled calls come over a socket, answers go back over it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from typing import IO, Any, cast

from voice.asr.recognizer import Transcript
from voice.audio.frames import Pcm
from voice.errors import EngineError


class ApartRecognizer:
    """A recognizer that hears in another process; one that died is replaced when the next utterance opens."""

    name = "pocketsphinx"

    def __init__(self) -> None:
        self._line: IO[bytes] | None = None
        self._opened = 0

    def warm(self) -> None:
        self.ask("warm")

    def forget(self) -> None:
        """Start over with a stranger."""
        self.ask("forget")

    def open(self) -> ApartUtterance:
        """Begin an utterance; one at a time, an earlier one ends."""
        self._opened += 1
        self.ask("open", self._opened)
        return ApartUtterance(self, self._opened)

    def ask(self, method: str, *arguments: Any) -> Any:
        """Have it do something there. Raises EngineError when it fails, or the process is gone."""
        if self._line is None:
            self._line = _nursery().newborn()
        try:
            _write(self._line, (method, arguments))
            answer, failure = _read(self._line)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self._line = None
            raise EngineError(f"the recognizer's process ended ({error})", where="asr") from error
        if failure:
            raise EngineError(failure, where="asr")
        return answer


class ApartUtterance:
    """One turn's audio in the other process."""

    def __init__(self, recognizer: ApartRecognizer, number: int) -> None:
        self._recognizer, self._number = recognizer, number

    def feed(self, pcm: Pcm) -> Transcript | None:
        found: Transcript | None = self._recognizer.ask("feed", self._number, pcm)
        return found

    def result(self) -> Transcript:
        found: Transcript = self._recognizer.ask("result", self._number)
        return found

    def close(self) -> None:
        self._recognizer.ask("close", self._number)


class _Nursery:
    """The process that forks recognizers; it and they end when this one does."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        command = [sys.executable, "-m", "voice.asr.apart", str(theirs.fileno())]
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], start_new_session=True)
        theirs.close()
        atexit.register(self.close)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def newborn(self) -> IO[bytes]:
        """A line to a new recognizer. Raises EngineError."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            try:
                socket.send_fds(self._control, [b"1"], [theirs.fileno()])
            except OSError as error:
                raise EngineError(f"no recognizer can be started ({error})", where="asr") from error
            return cast("IO[bytes]", ours.makefile("rwb"))

    def close(self) -> None:
        self._control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)


_shared: _Nursery | None = None
_shared_lock = threading.Lock()


def _nursery() -> _Nursery:
    global _shared
    with _shared_lock:
        if _shared is None or not _shared.alive:
            _shared = _Nursery()
        return _shared


def _write(line: IO[bytes], message: Any) -> None:
    data = pickle.dumps(message, protocol=5)
    line.write(len(data).to_bytes(4, "big") + data)
    line.flush()


def _read(line: IO[bytes]) -> Any:
    size = line.read(4)
    if len(size) < 4:
        raise EOFError("no answer")
    return pickle.loads(line.read(int.from_bytes(size, "big")))


def _serve(line: IO[bytes], recognizer: Any) -> None:
    """Answer calls until there are no more."""
    utterances: dict[int, Any] = {}
    while True:
        try:
            method, arguments = _read(line)
        except EOFError:
            return
        answer, failure = None, ""
        try:
            if method in ("warm", "forget"):
                getattr(recognizer, method)()
            elif method == "open":
                utterances = {arguments[0]: recognizer.open()}
            elif arguments[0] in utterances:
                answer = getattr(utterances[arguments[0]], method)(*arguments[1:])
            elif method == "result":
                answer = Transcript("")
        except Exception as error:  # noqa: BLE001  the other side gets it, whatever it is
            failure = f"{type(error).__name__}: {error}"
        _write(line, (answer, failure))


def _nurse(control: socket.socket) -> None:
    from voice.asr.sphinx import SphinxRecognizer

    recognizer = SphinxRecognizer()
    recognizer.warm()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # what has ended is gone at once
    while True:
        word, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not word:
            return
        if os.fork() == 0:
            try:
                control.close()
                with socket.socket(fileno=descriptors[0]) as theirs, contextlib.suppress(OSError):
                    _serve(cast("IO[bytes]", theirs.makefile("rwb")), recognizer)
            finally:
                os._exit(0)  # whatever happened, it is no nursery
        os.close(descriptors[0])


if __name__ == "__main__":
    _nurse(socket.socket(fileno=int(sys.argv[1])))
