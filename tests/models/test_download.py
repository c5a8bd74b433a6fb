"""The real hub client against a hub on this machine: whole, resumed, broken off, tampered with, and no room."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub import Hub, serve_hub
from voice.errors import MissingError, UnavailableError, VoiceError
from voice.models.download import CHUNK_BYTES, pull
from voice.models.registry import Model, ModelFile
from voice.models.store import PINS, ModelStore

WEIGHTS = random.Random(7).randbytes(4 * CHUNK_BYTES + 1234)
CONFIG = b'{"sample_rate": 16000}\n'


def a_model(*, sha256: str = "") -> Model:
    files = (ModelFile("voice.onnx", len(WEIGHTS), sha256), ModelFile("voice.onnx.json", 40))
    return Model("voice", "piper", "owner/repo", "c" * 40, "en/voice", ("en",), "CC0", 1, "a test", files)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve_hub(Hub({"en/voice/voice.onnx": WEIGHTS, "en/voice/voice.onnx.json": CONFIG})) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(str(tmp_path / "models"))


def leftovers(store: ModelStore) -> list[str]:
    return sorted(path.name for path in store.folder.iterdir()) if store.folder.exists() else []


def test_a_model_arrives_whole_and_is_pinned(hub: Hub, store: ModelStore) -> None:
    model = a_model()
    seen: list[tuple[str, int, int]] = []
    assert not store.has(model)
    path = pull(model, store, lambda *step: seen.append(step))
    assert (path / "voice.onnx").read_bytes() == WEIGHTS
    assert store.has(model)
    assert store.verify(model) == []
    assert leftovers(store) == ["voice"]
    pins = json.loads((path / PINS).read_text())
    assert pins["files"]["voice.onnx"] == hashlib.sha256(WEIGHTS).hexdigest()
    assert seen[0] == ("voice.onnx", 0, len(WEIGHTS))
    assert ("voice.onnx", len(WEIGHTS), len(WEIGHTS)) in seen
    assert [done for name, done, _ in seen if name == "voice.onnx"] == sorted(
        done for name, done, _ in seen if name == "voice.onnx"
    )


def test_a_broken_connection_goes_on_where_it_was(hub: Hub, store: ModelStore) -> None:
    hub.cut_after = [2 * CHUNK_BYTES + 100]
    pull(a_model(sha256=hashlib.sha256(WEIGHTS).hexdigest()), store)
    assert hub.ranges()[:2] == ["", f"bytes={2 * CHUNK_BYTES}-"]
    assert store.verify(a_model()) == []


def test_a_later_call_takes_up_what_an_earlier_one_left(hub: Hub, store: ModelStore) -> None:
    model = a_model()
    hub.cut_after = [3 * CHUNK_BYTES]

    def interrupt(name: str, done: int, total: int) -> None:
        if done >= 2 * CHUNK_BYTES:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(model, store, interrupt)
    assert not store.has(model)
    assert leftovers(store) == ["voice.part"]
    hub.requests.clear()
    hub.cut_after = []
    pull(model, store)
    start = int(hub.ranges()[0].removeprefix("bytes=").removesuffix("-"))
    assert start >= CHUNK_BYTES
    assert store.verify(model) == []
    assert leftovers(store) == ["voice"]


def test_a_file_that_changed_at_the_hub_is_not_appended_to_the_old_beginning(hub: Hub, store: ModelStore) -> None:
    part = store.folder / "voice.part"
    part.mkdir(parents=True)
    (part / f"voice.onnx.{'0' * 16}.partial").write_bytes(b"another file's beginning")
    pull(a_model(), store)
    assert hub.ranges()[0] == ""
    assert sorted(path.name for path in store.path(a_model()).iterdir()) == [PINS, "voice.onnx", "voice.onnx.json"]


def test_content_with_a_wrong_checksum_is_refused_and_deleted(hub: Hub, store: ModelStore) -> None:
    hub.lies["en/voice/voice.onnx"] = WEIGHTS[:-1] + b"\0"
    with pytest.raises(VoiceError, match=r"voice/voice\.onnx: wrong checksum.*nothing was installed") as caught:
        pull(a_model(), store)
    assert "\n" not in str(caught.value)
    assert not store.has(a_model())
    assert list((store.folder / "voice.part").iterdir()) == []
    hub.lies.clear()
    pull(a_model(), store)
    assert store.verify(a_model()) == []


def test_a_small_file_is_checked_by_its_git_hash(hub: Hub, store: ModelStore) -> None:
    hub.lies["en/voice/voice.onnx.json"] = CONFIG.replace(b"16000", b"44100")
    with pytest.raises(VoiceError, match=r"voice\.onnx\.json: wrong checksum"):
        pull(a_model(), store)


def test_a_hub_that_offers_another_file_than_the_registry_knows_is_refused_before_the_download(
    hub: Hub, store: ModelStore
) -> None:
    with pytest.raises(VoiceError, match="wrong checksum"):
        pull(a_model(sha256="0" * 64), store)
    assert hub.ranges() == []


def test_a_hub_that_is_not_there_is_one_line_with_the_remedy(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(
        UnavailableError, match=r"owner/repo/voice\.onnx: cannot be fetched.*HF_ENDPOINT.*models pull voice"
    ):
        pull(a_model(), store)


def test_a_file_the_hub_does_not_have_is_one_line(hub: Hub, store: ModelStore) -> None:
    del hub.files["en/voice/voice.onnx.json"]
    with pytest.raises(UnavailableError, match="404"):
        pull(a_model(), store)
    assert not store.has(a_model())


def test_a_full_disk_is_noticed_before_the_download(
    hub: Hub, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2**20))
    with pytest.raises(MissingError, match=r"the disk is full: 1 MB free.*models\.folder"):
        pull(a_model(), store)
    assert hub.ranges() == []


def test_a_folder_that_cannot_be_written_is_one_line(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(MissingError, match="expected room to write"):
        pull(a_model(), ModelStore(str(tmp_path / "models")))


def test_verify_names_each_file_that_is_missing_or_changed(hub: Hub, store: ModelStore) -> None:
    model = a_model()
    path = pull(model, store)
    (path / "voice.onnx").write_bytes(WEIGHTS[:-1])
    (path / "voice.onnx.json").unlink()
    faults = store.verify(model)
    assert "wrong checksum" in faults[0]
    assert "No such file" in faults[1]
