"""Where models lie, what an engine is given of one, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.model_files import CONFIG, WEIGHTS, a_model
from tests.support.real_models import models_folder, piper_voice, smart_turn_file, whisper_folder
from voice.errors import MissingError, VoiceError
from voice.models.registry import find_model
from voice.models.store import ModelStore, accept, check_room, shipped_registry


def test_engines_are_given_what_they_open() -> None:
    store, registry = ModelStore(str(models_folder())), shipped_registry()
    voice = piper_voice()
    assert store.given(find_model(registry, "tiny.en")) == whisper_folder()
    assert store.given(find_model(registry, "en_US-joe-medium")) == voice / "en_US-joe-medium.onnx"
    assert store.given(find_model(registry, "smart-turn")) == smart_turn_file()


@pytest.mark.parametrize("name", ["tiny.en", "en_US-joe-medium", "smart-turn"])
def test_the_registry_knows_the_published_files(name: str) -> None:
    store, model = ModelStore(str(models_folder())), find_model(shipped_registry(), name)
    assert store.verify(model) == []
    assert model.size == sum((store.path(model) / file.path).stat().st_size for file in model.files)


def test_a_model_is_here_when_all_its_files_are(tmp_path: Path) -> None:
    store, model = ModelStore(str(tmp_path)), a_model()
    store.path(model).mkdir()
    (store.path(model) / "voice.onnx").write_bytes(WEIGHTS)
    assert not store.has(model)
    assert store.present([model]) == []
    (store.path(model) / "voice.onnx.json").write_bytes(CONFIG[::-1])
    assert store.present([model]) == [model]
    assert len(store.verify(model)) == 1
    assert "voice.onnx.json: wrong checksum" in store.verify(model)[0]


def test_only_the_published_content_gets_its_name(tmp_path: Path) -> None:
    model = a_model()
    fetched, target = tmp_path / "fetched", tmp_path / "voice.onnx"
    fetched.write_bytes(WEIGHTS[:-1])
    with pytest.raises(VoiceError, match=r"voice/voice\.onnx: wrong checksum"):
        accept(fetched, target, model, model.files[0])
    assert list(tmp_path.iterdir()) == []
    fetched.write_bytes(WEIGHTS)
    accept(fetched, target, model, model.files[0])
    assert list(tmp_path.iterdir()) == [target]


def test_room_is_asked_for_before_it_is_needed(tmp_path: Path) -> None:
    check_room(tmp_path, 1)
    with pytest.raises(MissingError, match=r"the disk is full: \d+ MB free; expected \d+ MB; free some space"):
        check_room(tmp_path, 2**62)
