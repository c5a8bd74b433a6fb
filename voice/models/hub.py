"""The first source of models: a Hugging Face hub, asked through its own client; HF_ENDPOINT names another one."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from voice.errors import UnavailableError
from voice.models.registry import Model, ModelFile
from voice.models.store import accept, check_room, writing, wrong_checksum

ANSWER_S = 5.0
"""A hub that has not answered the first question by then is taken for unreachable."""

CHUNK_BYTES = 2**18
"""What a broken connection may cost: the client writes whole chunks only, by default of 10 MB."""


def host_of(url: str) -> str:
    """The host that a URL names, for people; the URL itself where it names none."""
    return urlsplit(url).hostname or url


def hub_host() -> str:
    """The host of the hub that is asked."""
    return host_of(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")


class Hub:
    """Fetches files from the hub; one that was found unreachable is not asked again."""

    def __init__(self, answer_s: float = ANSWER_S) -> None:
        self.name = f"the model hub ({hub_host()})"
        self._answer_s = answer_s
        self._unreachable = ""

    def fetch(
        self, model: Model, files: Sequence[ModelFile], folder: Path, progress: Callable[[int, int], None]
    ) -> None:
        """Put the files into `folder`, each whole and with its published hash, resuming what an earlier call left.

        `progress` is called with the bytes there are and the bytes there will be. Raises UnavailableError where the hub
        cannot be reached, lacks a file or breaks off, VoiceError for a wrong hash, MissingError for a full disk.
        """
        total = sum(file.size for file in files)
        before = 0
        for file in files:

            def step(done: int, before: int = before) -> None:
                progress(before + done, total)

            self._fetch(model, file, folder, step)
            before += file.size

    def _fetch(self, model: Model, file: ModelFile, folder: Path, progress: Callable[[int], None]) -> None:
        from huggingface_hub import constants
        from huggingface_hub.file_download import http_get

        constants.DOWNLOAD_CHUNK_SIZE = CHUNK_BYTES
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        location = self._locate(model, file)
        # The name carries the hash, so that nothing is appended to the beginning of another version of the file.
        partial = folder / f"{file.path}.{file.sha256[:16]}.partial"
        with writing(folder):
            there = partial.stat().st_size if partial.is_file() else 0
            if there > file.size:
                partial.unlink()
                there = 0
            check_room(folder, file.size - there)
            with partial.open("ab") as stream, _hub(model, file):
                http_get(
                    location,
                    stream,
                    resume_size=there,
                    headers=identity(location),
                    expected_size=file.size,
                    tqdm_class=_bar(progress),
                )
                stream.flush()
                os.fsync(stream.fileno())
            accept(partial, folder / file.path, model, file)
        progress(file.size)

    def _locate(self, model: Model, file: ModelFile) -> str:
        """Where the hub says the file is to be had; VoiceError where it would send another one."""
        import httpx2
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        if not model.repo:
            raise UnavailableError("does not have it", where=model.name, remedy="use the package index: --source index")
        if self._unreachable:
            raise UnavailableError(self._unreachable, where=f"{model.repo}/{file.path}")
        path, endpoint = f"{model.folder}/{file.path}".lstrip("/"), os.environ.get("HF_ENDPOINT")
        url = hf_hub_url(model.repo, path, revision=model.revision, endpoint=endpoint)
        with _hub(model, file):
            try:
                offered = _within(self._answer_s, lambda: get_hf_file_metadata(url, timeout=self._answer_s))
            except (TimeoutError, httpx2.TransportError) as error:
                self._unreachable = _words(error)
                raise
        etag = offered.etag or ""
        if len(etag) == len(file.sha256) and etag != file.sha256:
            raise wrong_checksum(model, file, etag)
        return str(offered.location)


def identity(location: str) -> dict[str, str]:
    """The caller's credentials, sent to the hub only: not to the host it sends the reader on to."""
    from huggingface_hub import constants, get_token

    token, hub = get_token(), os.environ.get("HF_ENDPOINT") or constants.ENDPOINT
    return {"authorization": f"Bearer {token}"} if token and location.startswith(hub.rstrip("/") + "/") else {}


def _within(seconds: float, call: Callable[[], Any]) -> Any:
    """The call's result; TimeoutError where it takes longer, as a name look-up can that knows no timeout of its own."""
    results: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()

    def run() -> None:
        try:
            value = call()
        except Exception as error:  # noqa: BLE001 - handed over to the caller as it is
            results.put(_raiser(error))
        else:
            results.put(lambda: value)

    threading.Thread(target=run, name="hub", daemon=True).start()
    try:
        result = results.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    return result()


def _raiser(error: Exception) -> Callable[[], Any]:
    def again() -> Any:
        raise error

    return again


@contextmanager
def _hub(model: Model, file: ModelFile) -> Iterator[None]:
    """Turn failures of the hub and of the way to it into an UnavailableError."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    def unavailable(what: str) -> UnavailableError:
        return UnavailableError(
            what,
            where=f"{model.repo}/{file.path}",
            expected=f"a connection to the hub, {hub_host()} (set HF_ENDPOINT to use a mirror)",
            remedy=f"the partial download is kept; to continue: voice models pull {model.name}",
        )

    try:
        yield
    except (TimeoutError, httpx2.HTTPError, HfHubHTTPError, OfflineModeIsEnabled) as error:
        raise unavailable(_words(error)) from error
    except OSError as error:
        if error.errno is None:  # the client's own size check, not the disk
            raise unavailable("the connection ended early") from error
        raise


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


def _bar(progress: Callable[[int], None]) -> Any:
    """What the hub's client takes for a tqdm class: it passes on how far the file has come."""

    class Bar:
        def __init__(self, *_: object, initial: int = 0, **__: object) -> None:
            self.n = initial
            progress(self.n)

        def update(self, count: int) -> None:
            self.n += count
            progress(self.n)

        def close(self) -> None: ...

        def __enter__(self) -> Bar:
            return self

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
        ) -> None: ...

    return Bar
