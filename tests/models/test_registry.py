"""The registry that ships, and registries that are not understood."""

from __future__ import annotations

import pytest

from voice.errors import ConfigError, UsageError
from voice.models.registry import PIPER, WHISPER, Model, find_model, parse_registry
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
    assert len(model.revision) == 40
    assert model.licence
    assert model.size > 10_000_000
    assert all(not file.sha256 or len(file.sha256) == 64 for file in model.files)
    names = {file.path for file in model.files}
    if model.kind == WHISPER:
        assert names == {"config.json", "model.bin", "tokenizer.json", "vocabulary.txt"}
    else:
        assert {f"{model.name}.onnx", f"{model.name}.onnx.json"} <= names


@pytest.mark.parametrize("text", ["[[model]]\nname = 1", "model = 3", "not toml", '[[model]]\nname="a"\nodd=1'])
def test_a_registry_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"mine\.toml: not a model registry"):
        parse_registry(text, "mine.toml")


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'base\.eng'; expected base\.en"):
        find_model(REGISTRY, "base.eng")
