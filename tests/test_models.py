"""The registry that ships, and what `auto` makes of what is present."""

from __future__ import annotations

import pytest

from voice.choice import choose_recognizer, choose_synthesizer
from voice.errors import ConfigError, MissingError, UsageError
from voice.model_store import shipped_registry
from voice.models import PIPER, WHISPER, Model, find_model, parse_registry

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


@pytest.mark.parametrize(
    ("asked", "present", "engine", "model", "better"),
    [
        (("auto", "", ""), (), "pocketsphinx", "", "base.en"),
        (("auto", "", "zh"), (), "pocketsphinx", "", "small"),
        (("auto", "", ""), ("tiny.en",), "whisper", "tiny.en", "base.en"),
        (("auto", "", "en"), ("tiny", "base.en"), "whisper", "base.en", ""),
        (("auto", "", "de"), ("tiny.en", "tiny"), "whisper", "tiny", "small"),
        (("pocketsphinx", "", ""), ("base.en",), "pocketsphinx", "", ""),
        (("auto", "tiny", ""), ("tiny", "base.en"), "whisper", "tiny", ""),
        (("whisper", "/my/folder", ""), (), "whisper", "/my/folder", ""),
    ],
)
def test_auto_takes_the_best_recognizer_present(
    asked: tuple[str, str, str], present: tuple[str, ...], engine: str, model: str, better: str
) -> None:
    choice = choose_recognizer(*asked, [find_model(REGISTRY, name) for name in present], REGISTRY)
    assert (choice.engine, choice.model) == (engine, model)
    assert choice.better.endswith(better)
    assert bool(choice.better) == bool(better)
    assert choice.why


@pytest.mark.parametrize(
    ("asked", "present", "engine", "model"),
    [
        (("auto", "", ""), (), "espeak", ""),
        (("auto", "", "zh"), ("en_US-lessac-low",), "espeak", ""),
        (("auto", "", "en"), ("en_US-lessac-low", "de_DE-thorsten-medium"), "piper", "en_US-lessac-low"),
        (("auto", "de_DE-thorsten-medium", ""), ("de_DE-thorsten-medium",), "piper", "de_DE-thorsten-medium"),
        (("auto", "en-gb", ""), ("en_US-lessac-low",), "espeak", "en-gb"),
        (("auto", "my/voice.onnx", ""), (), "piper", "my/voice.onnx"),
        (("espeak", "", ""), ("en_US-lessac-low",), "espeak", ""),
    ],
)
def test_auto_takes_the_best_voice_present(
    asked: tuple[str, str, str], present: tuple[str, ...], engine: str, model: str
) -> None:
    choice = choose_synthesizer(*asked, [find_model(REGISTRY, name) for name in present], REGISTRY)
    assert (choice.engine, choice.model) == (engine, model)


def test_what_was_asked_for_and_is_not_here_says_how_to_get_it() -> None:
    with pytest.raises(MissingError, match=r"no Whisper model is here; for better words: voice models pull base\.en"):
        choose_recognizer("whisper", "", "", [], REGISTRY)
    with pytest.raises(MissingError, match="voice models pull tiny"):
        choose_recognizer("auto", "tiny", "", [], REGISTRY)
    with pytest.raises(MissingError, match="voice models pull zh_CN-huayan-medium"):
        choose_synthesizer("piper", "", "zh", [], REGISTRY)
