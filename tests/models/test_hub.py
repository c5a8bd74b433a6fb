"""The real hub client against a hub on this machine: whole, resumed, broken off, tampered with, and not answering."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub import Hub, serve_hub
from tests.support.model_files import AT_THE_HUB, CONFIG, WEIGHTS, a_model, leftovers
from voice.errors import UnavailableError, VoiceError
from voice.models.download import Downloader
from voice.models.hub import CHUNK_BYTES, identity
from voice.models.hub import Hub as HubSource
from voice.models.store import ModelStore


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve_hub(Hub(dict(AT_THE_HUB))) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(str(tmp_path / "models"))


@pytest.fixture
def downloader(store: ModelStore) -> Downloader:
    return Downloader(store, "hub")


def test_a_model_arrives_whole(hub: Hub, store: ModelStore, downloader: Downloader) -> None:
    model = a_model()
    seen: list[tuple[int, int]] = []
    assert not store.has(model)
    path = downloader.pull(model, lambda done, total: seen.append((done, total)))
    assert (path / "voice.onnx").read_bytes() == WEIGHTS
    assert store.has(model)
    assert store.verify(model) == []
    assert leftovers(store) == ["voice"]
    assert seen[0] == (0, model.size)
    assert seen[-1] == (model.size, model.size)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_broken_connection_goes_on_where_it_was(hub: Hub, store: ModelStore, downloader: Downloader) -> None:
    hub.cut_after = [2 * CHUNK_BYTES + 100]
    downloader.pull(a_model())
    assert hub.ranges()[:2] == ["", f"bytes={2 * CHUNK_BYTES}-"]
    assert store.verify(a_model()) == []


def test_a_later_call_takes_up_what_an_earlier_one_left(hub: Hub, store: ModelStore, downloader: Downloader) -> None:
    model = a_model()
    hub.cut_after = [3 * CHUNK_BYTES]

    def interrupt(done: int, total: int) -> None:
        if done >= 2 * CHUNK_BYTES:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        downloader.pull(model, interrupt)
    assert not store.has(model)
    assert leftovers(store) == ["voice.part"]
    hub.requests.clear()
    hub.cut_after = []
    downloader.pull(model)
    start = int(hub.ranges()[0].removeprefix("bytes=").removesuffix("-"))
    assert start >= CHUNK_BYTES
    assert store.verify(model) == []
    assert leftovers(store) == ["voice"]


def test_a_file_that_changed_is_not_appended_to_the_old_beginning(
    hub: Hub, store: ModelStore, downloader: Downloader
) -> None:
    part = store.folder / "voice.part"
    part.mkdir(parents=True)
    (part / f"voice.onnx.{'0' * 16}.partial").write_bytes(b"another file's beginning")
    downloader.pull(a_model())
    assert hub.ranges()[0] == ""
    assert sorted(path.name for path in store.path(a_model()).iterdir()) == ["voice.onnx", "voice.onnx.json"]


@pytest.mark.parametrize(
    ("path", "lie"),
    [
        ("voice.onnx", WEIGHTS[:-1] + b"\0"),
        ("voice.onnx.json", CONFIG.replace(b"16000", b"44100")),
    ],
)
def test_content_with_a_wrong_hash_is_refused_and_deleted(
    hub: Hub, store: ModelStore, downloader: Downloader, path: str, lie: bytes
) -> None:
    hub.lies[f"en/voice/{path}"] = lie
    with pytest.raises(VoiceError, match=rf"voice/{path}: wrong checksum.*nothing was installed") as caught:
        downloader.pull(a_model())
    assert "\n" not in str(caught.value)
    assert not store.has(a_model())
    assert not (store.folder / "voice.part" / path).exists()
    hub.lies.clear()
    downloader.pull(a_model())
    assert store.verify(a_model()) == []


def test_a_hub_that_offers_another_file_is_refused_before_the_download(hub: Hub, downloader: Downloader) -> None:
    hub.files["en/voice/voice.onnx"] = WEIGHTS[::-1]
    with pytest.raises(VoiceError, match="wrong checksum"):
        downloader.pull(a_model())
    assert hub.ranges() == []


def test_a_hub_that_is_not_there_is_one_line_with_the_remedy(
    downloader: Downloader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(UnavailableError, match=r"owner/repo/voice\.onnx: .*HF_ENDPOINT.*models pull voice") as caught:
        downloader.pull(a_model())
    assert "\n" not in str(caught.value)


def test_a_file_the_hub_does_not_have_is_one_line(hub: Hub, store: ModelStore, downloader: Downloader) -> None:
    del hub.files["en/voice/voice.onnx.json"]
    with pytest.raises(UnavailableError, match="404"):
        downloader.pull(a_model())
    assert not store.has(a_model())


def test_a_hub_that_never_answers_is_given_up_in_time_and_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection, says nothing
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        source = HubSource(answer_s=0.2)
        begun = time.monotonic()
        for _ in range(20):
            with pytest.raises(UnavailableError, match=r"no answer within 0\.2 s|timed out"):
                source.fetch(a_model(), a_model().files, tmp_path, lambda *_: None)
        assert time.monotonic() - begun < 3.0  # one wait, not twenty


def test_a_token_is_told_to_the_hub_and_to_no_other_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example/")
    assert identity("https://hub.example/a/b") == {"authorization": "Bearer hf_secret"}
    assert identity("https://hub.example.net/a/b") == {}
