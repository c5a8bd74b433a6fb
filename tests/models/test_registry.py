"""The registry that ships, and registries that are not understood."""

from __future__ import annotations

import re

import pytest

from voice.errors import ConfigError, UsageError
from voice.models.registry import PIPER, SPEAKER, TURN, WHISPER, Model, ModelFile, Wheel, find_model, parse_registry
from voice.models.store import shipped_registry

REGISTRY = shipped_registry()


def test_the_shipped_registry_holds_what_the_product_promises() -> None:
    whisper = {model.name for model in REGISTRY if model.kind == WHISPER}
    assert {"tiny", "tiny.en", "base", "base.en", "small"} <= whisper
    voices = [model for model in REGISTRY if model.kind == PIPER]
    assert len({model.name.rpartition("-")[2] for model in voices if model.speaks("en")}) >= 2
    assert any(model.speaks("zh-CN") for model in voices)
    assert any(model.speaks("de") for model in voices)


@pytest.mark.parametrize("model", REGISTRY, ids=lambda model: model.name)
def test_every_entry_is_complete(model: Model) -> None:
    assert len(model.revision) == 40 or (not model.repo and model.wheels)  # what the hub has not
    assert model.licence
    assert model.size > 8_000_000
    assert all(file.size > 0 and re.fullmatch("[0-9a-f]{64}", file.sha256) for file in model.files)
    names = {file.path for file in model.files}
    if model.kind == WHISPER:
        assert names == {"config.json", "model.bin", "tokenizer.json", "vocabulary.txt"}
    elif model.kind in (TURN, SPEAKER):
        assert len(names) == 1
    else:
        assert {f"{model.name}.onnx", f"{model.name}.onnx.json"} <= names


def test_what_the_first_start_needs_is_in_a_package_index_too() -> None:
    carried = {model.name for model in REGISTRY if model.wheels}
    assert carried == {"tiny.en", "base", "en_US-joe-medium", "smart-turn", "voice-encoder"}


@pytest.mark.parametrize("model", [model for model in REGISTRY if model.wheels], ids=lambda model: model.name)
def test_the_wheels_carry_every_file_of_the_model_and_nothing_else(model: Model) -> None:
    members = [member for wheel in model.wheels for member in wheel.members]
    assert sorted(piece for file in model.files for piece in model.pieces(file)) == sorted(members)
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", wheel.requirement) and wheel.size > 0 for wheel in model.wheels)


def test_pieces_are_joined_by_their_number_not_by_their_spelling() -> None:
    big, small = ModelFile("m.bin", 9, "0" * 64), ModelFile("c.json", 1, "0" * 64)
    other = ModelFile("not_here", 1, "0" * 64)
    wheels = (
        Wheel("a", "1", 1, "a", ("m.bin.part10", "m.bin.part2", "c.json", "xm.bin.part1")),
        Wheel("b", "1", 1, "b", ("m.bin.part1",)),
    )
    model = Model("m", "piper", "o/r", "c" * 40, "", ("en",), "", 1, "", (big, small, other), wheels)
    assert model.pieces(big) == ("m.bin.part1", "m.bin.part2", "m.bin.part10")
    assert model.pieces(small) == ("c.json",)
    assert model.pieces(other) == ()


@pytest.mark.parametrize("text", ["[[model]]\nname = 1", "model = 3", "not toml", '[[model]]\nname="a"\nodd=1'])
def test_a_registry_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"mine\.toml: not a model registry"):
        parse_registry(text, "mine.toml")


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'base\.eng'; expected base\.en"):
        find_model(REGISTRY, "base.eng")
