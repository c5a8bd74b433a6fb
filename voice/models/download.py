"""Fetches models from the hub: resumed, checked against size and checksum, put in place whole or not at all."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from voice.errors import MissingError, UnavailableError, VoiceError
from voice.models.registry import Model, ModelFile
from voice.models.store import PINS, ModelStore, sha256_of

Progress = Callable[[str, int, int], None]
"""Called with the file's name, the bytes there are so far, and the bytes there will be."""

CHUNK_BYTES = 2**18
"""What a broken connection may cost: the client writes whole chunks only, by default of 10 MB."""

SPARE_BYTES = 16 * 2**20
"""Kept free on the disk beside the model."""


def pull(model: Model, store: ModelStore, progress: Progress = lambda *_: None) -> Path:
    """Fetch a model through the hub's own client and return its folder.

    Files grow in `NAME.part`, which a later call takes up where this one stopped, and are renamed to `NAME` together
    once every one has its size and checksum. HF_ENDPOINT names another hub. Raises UnavailableError when the hub cannot
    be reached or the connection breaks, MissingError when the disk is full, VoiceError when a checksum is wrong.
    """
    final = store.path(model)
    part = store.folder / f"{model.name}.part"
    with _disk(part):
        part.mkdir(parents=True, exist_ok=True)
    pins = {file.path: _fetch(model, file, part, progress) for file in model.files}
    with _disk(part):
        (part / PINS).write_text(
            json.dumps({"repo": model.repo, "revision": model.revision, "files": pins}, indent=2) + "\n", "utf-8"
        )
        for leftover in part.glob("*.partial"):
            leftover.unlink()
        if final.exists():
            shutil.rmtree(final)
        part.rename(final)
    return final


def _fetch(model: Model, file: ModelFile, part: Path, progress: Progress) -> str:
    """Fetch one file into `part` and return its SHA-256."""
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils._headers import build_hf_headers

    constants.DOWNLOAD_CHUNK_SIZE = CHUNK_BYTES
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    target = part / file.path
    if target.is_file() and file.sha256 and sha256_of(target) == file.sha256:
        progress(file.path, file.size, file.size)
        return file.sha256
    path, endpoint = f"{model.folder}/{file.path}".lstrip("/"), os.environ.get("HF_ENDPOINT")
    url = hf_hub_url(model.repo, path, revision=model.revision, endpoint=endpoint)
    with _hub(model, file):
        offered = get_hf_file_metadata(url)
    etag = offered.etag or ""
    if file.sha256 and len(etag) == 64 and etag != file.sha256:
        raise _wrong(model, file, file.sha256, etag)
    size = offered.size or file.size
    # The name carries the hub's hash, so that a file that changed there is never appended to an old beginning.
    partial = part / f"{file.path}.{etag[:16]}.partial"
    with _disk(part):
        there = partial.stat().st_size if partial.is_file() else 0
        if there > size:
            partial.unlink()
            there = 0
        _check_room(part, size - there)
        with partial.open("ab") as stream, _hub(model, file):
            http_get(
                offered.location,
                stream,
                resume_size=there,
                headers=build_hf_headers(),
                expected_size=offered.size,
                tqdm_class=_bar(file.path, progress),
            )
            stream.flush()
            os.fsync(stream.fileno())
        digest = sha256_of(partial)
        expected = file.sha256 or etag
        if expected not in (digest, _git_blob_sha1(partial)):
            partial.unlink()
            raise _wrong(model, file, expected, digest)
        partial.replace(target)
    progress(file.path, size, size)
    return digest


def _git_blob_sha1(path: Path) -> str:
    """The hash by which the hub names small files: that of a git blob."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    digest.update(path.read_bytes())
    return digest.hexdigest()


def _wrong(model: Model, file: ModelFile, expected: str, found: str) -> VoiceError:
    return VoiceError(
        f"wrong checksum: {found[:12]}…",
        where=f"{model.name}/{file.path}",
        expected=f"{expected[:12]}…",
        remedy=f"nothing was installed; try again: voice models pull {model.name}",
    )


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE_BYTES:
        raise MissingError(
            f"the disk is full: {free // 2**20} MB free",
            where=str(folder),
            expected=f"{(needed + SPARE_BYTES) // 2**20} MB",
            remedy="free some, or choose another place: --set models.folder=FOLDER",
        )


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    """Failures of this disk, said as such."""
    try:
        yield
    except OSError as error:
        raise MissingError(
            error.strerror or str(error),
            where=str(error.filename or folder),
            expected="room to write",
            remedy="free some, or choose another place: --set models.folder=FOLDER",
        ) from error


@contextmanager
def _hub(model: Model, file: ModelFile) -> Iterator[None]:
    """Failures of the hub and of the way to it, said as such."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        yield
    except (httpx2.HTTPError, HfHubHTTPError, OfflineModeIsEnabled) as error:
        what = " ".join(str(error).split())[:160] or type(error).__name__
        raise UnavailableError(
            f"cannot be fetched: {what}",
            where=f"{model.repo}/{file.path}",
            expected="a connection to the hub (HF_ENDPOINT names another)",
            remedy=f"what is there is kept; go on with: voice models pull {model.name}",
        ) from error
    except OSError as error:
        if error.errno is None:  # the client's own size check, not the disk
            raise UnavailableError(
                "the connection ended early",
                where=f"{model.repo}/{file.path}",
                remedy=f"what is there is kept; go on with: voice models pull {model.name}",
            ) from error
        raise


def _bar(name: str, progress: Progress) -> Any:
    """What the hub's client takes for a tqdm class: it passes on how far the file has come."""

    class Bar:
        def __init__(self, *_: object, total: int | None = None, initial: int = 0, **__: object) -> None:
            self.total, self.n = total or 0, initial
            progress(name, self.n, self.total)

        def update(self, count: int) -> None:
            self.n += count
            progress(name, self.n, self.total)

        def close(self) -> None: ...

        def __enter__(self) -> Bar:
            return self

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
        ) -> None: ...

    return Bar
