#!/usr/bin/env python3
"""Fetches recorded people for the tests of recognition from the package indexes into the user's cache.

    scripts/fetch_recordings.py [FOLDER]

FOLDER is VOICE_TEST_RECORDINGS by default, or test-recordings in the cache. Nothing is installed, nothing needs root,
and a folder that is already right is left as it is. The folder can be given to `voice bench asr`.

| package | clips | rights |
|---|---|---|
| asterisk-core-sounds-en, -wav (Debian) | telephone prompts, one woman, 8 kHz | CC-BY-SA-3.0, Allison Smith |
| pocketsphinx-testdata (Debian) | LibriVox readings of one woman | recordings in the public domain, package BSD-2 |
| useful-moonshine-onnx (Python) | one reading | MIT, Useful Sensors |

Which prompts are taken is a rule and not a result (`chosen`): those of the top folder with at least three words, no
figures and no marks that are not spoken; of these, sorted by name, every third.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

DIGEST = "3c62c485fc8db0f33c1559cbadf0a1232299e83f84abe91467f323fe11f5225c"
"""SHA-256 over the names, words and audio of all clips."""
DEBIAN = ("asterisk-core-sounds-en", "asterisk-core-sounds-en-wav", "pocketsphinx-testdata")
PYTHON = "useful-moonshine-onnx==20251121"
PROMPTS = "usr/share/asterisk/sounds/en_US_f_Allison"
WORDS_OF_PROMPTS = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
READINGS = "usr/share/pocketsphinx/test/data/librivox"
READING = "moonshine_onnx/assets/beckett.wav"
WORDS_OF_READING = "ever tried ever failed no matter try again fail again fail better"
MISSPELT = {"represenatives": "representatives", "Un-indentified": "Unidentified", "witheld": "withheld"}
"""What the listing of the prompts has otherwise than they are spoken."""
LEAST_WORDS = 3
EVERY = 3


class CannotFetchError(Exception):
    """The recordings cannot be had here; one line says why."""


def recordings_folder() -> Path:
    """Where the tests look for the recordings."""
    named = os.environ.get("VOICE_TEST_RECORDINGS")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) if named else Path(cache) / "voice-assistant" / "test-recordings"


def chosen(listing: str) -> list[tuple[str, str]]:
    """Names and words of the prompts to take, by the rule above; `listing` has lines `name: words`."""
    rows = []
    for line in listing.splitlines():
        name, colon, said = line.partition(": ")
        plain = re.sub(r"[.,!?'’-]", " ", said)
        if colon and "/" not in name and re.fullmatch(r"[A-Za-z ]+", plain) and len(said.split()) >= LEAST_WORDS:
            rows.append((name.strip(), " ".join(MISSPELT.get(word, word) for word in said.split())))
    return sorted(rows)[::EVERY]


def clips(debian: Path, python: Path) -> Iterator[tuple[str, str, Path]]:
    """Name, words and file of every clip, from the unpacked packages."""
    with gzip.open(debian / WORDS_OF_PROMPTS, "rt", encoding="utf-8") as file:
        prompts = chosen(file.read())
    for name, said in prompts:
        yield f"asterisk-{name}.wav", said, debian / PROMPTS / f"{name}.wav"
    for line in (debian / READINGS / "transcription").read_text(encoding="utf-8").splitlines():
        if found := re.fullmatch(r"<s> (.*?) *</s> \((.*)\)", line.strip()):
            yield f"librivox-{found[2][-4:]}.wav", found[1], debian / READINGS / f"{found[2]}.wav"
    yield "reading.wav", WORDS_OF_READING, python / READING


def fetch(folder: Path) -> str:
    """Bring the recordings into `folder`, whole or not at all; returns what was done. Raises CannotFetchError."""
    if (folder / "stamp").is_file() and (folder / "stamp").read_text(encoding="utf-8") == DIGEST:
        return f"{folder}: all there"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".recordings-", dir=folder.parent) as made:
        packages, new = Path(made) / "packages", Path(made) / "new"
        packages.mkdir()
        new.mkdir()
        count, digest = 0, hashlib.sha256()
        with (new / "transcripts.tsv").open("w", encoding="utf-8") as table:
            for name, said, file in clips(from_debian(packages), from_python(packages)):
                try:
                    audio = file.read_bytes()
                except OSError as error:
                    raise CannotFetchError(f"{file.name} is not in its package ({error.strerror})") from error
                digest.update(f"{name}\t{said}\n".encode() + audio)
                (new / name).write_bytes(audio)
                table.write(f"{name}\t{said}\n")
                count += 1
        if digest.hexdigest() != DIGEST:
            raise CannotFetchError(
                f"the packages hold other recordings than the tests know: {digest.hexdigest()} instead of {DIGEST}"
            )
        (new / "stamp").write_text(DIGEST, encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        new.replace(folder)
    return f"{folder}: {count} recordings"


def from_debian(folder: Path, names: Sequence[str] = DEBIAN) -> Path:
    """The Debian packages of these names, unpacked. Lists that are missing are fetched for this once, beside them."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise CannotFetchError("the recordings are Debian packages; run this on Debian or Ubuntu and copy the folder")
    lists = folder / "lists"
    private = ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={folder / 'cache'}"]
    (lists / "partial").mkdir(parents=True)
    (folder / "cache" / "archives" / "partial").mkdir(parents=True)
    download = ["download", *names]
    if failure(["apt-get", "-qq", *download], folder):
        said = failure(["apt-get", "-qq", *private, "update"], folder)
        if said := said or failure(["apt-get", "-qq", *private, *download], folder):
            raise CannotFetchError(f"apt-get download {' '.join(names)} failed: {said}")
    unpacked = folder / "debian"
    for name in names:
        for package in folder.glob(f"{name}_*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(package), str(unpacked)], check=True)
    return unpacked


def from_python(folder: Path) -> Path:
    """The Python package, unpacked."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PYTHON]
    if said := failure(command, folder):
        raise CannotFetchError(f"pip download {PYTHON} failed: {said}")
    unpacked = folder / "python"
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extract(READING, unpacked)
    return unpacked


def failure(command: list[str], folder: Path) -> str:
    """Run a command there; empty where it succeeded, else the last line that it wrote."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]


def report(name: str, fetched: Callable[[], str]) -> int:
    """Print what was fetched, or in one line why it could not be; returns the exit code."""
    try:
        print(fetched())
    except (CannotFetchError, OSError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else recordings_folder()
    return report("fetch_recordings", lambda: fetch(folder))


if __name__ == "__main__":
    sys.exit(main())
