"""What `auto` makes of the models that are present."""

from __future__ import annotations

import pytest

from voice.errors import ConfigError, MissingError
from voice.models.registry import find_model
from voice.models.selection import choose_recognizer, choose_synthesizer, choose_turn_model
from voice.models.store import shipped_registry

REGISTRY = shipped_registry()


@pytest.mark.parametrize(
    ("asked", "present", "engine", "model", "better"),
    [
        (("auto", "", ""), (), "pocketsphinx", "", "tiny.en"),
        (("auto", "", "zh"), (), "pocketsphinx", "", "base"),
        (("auto", "", ""), ("tiny.en",), "whisper", "tiny.en", ""),
        (("auto", "", "en"), ("tiny", "base.en"), "whisper", "base.en", ""),
        (("auto", "", "de"), ("tiny.en", "tiny"), "whisper", "tiny", "base"),
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
    with pytest.raises(
        MissingError, match=r"no Whisper model is downloaded; for better words: voice models pull tiny\.en"
    ):
        choose_recognizer("whisper", "", "", [], REGISTRY)
    with pytest.raises(MissingError, match="voice models pull tiny"):
        choose_recognizer("auto", "tiny", "", [], REGISTRY)
    with pytest.raises(MissingError, match="voice models pull zh_CN-huayan-medium"):
        choose_synthesizer("piper", "", "zh", [], REGISTRY)


def test_a_server_in_the_house_is_taken_where_its_address_is_given() -> None:
    url = "http://pi5.local:8000/v1"
    assert choose_recognizer("auto", "", "de", [], REGISTRY, url).engine == "remote"
    assert str(choose_synthesizer("auto", "joe", "en", [], REGISTRY, url)) == f"remote joe (at {url})"
    assert choose_recognizer("pocketsphinx", "", "", [], REGISTRY, url).engine == "pocketsphinx"
    with pytest.raises(ConfigError, match=r"tts\.url: no server is set"):
        choose_synthesizer("remote", "", "", [], REGISTRY)


@pytest.mark.parametrize(
    ("asked", "present", "chosen"),
    [
        ("auto", (), ""),
        ("auto", ("tiny.en", "smart-turn"), "smart-turn"),
        ("off", ("smart-turn",), ""),
        ("", ("smart-turn",), ""),
        ("smart-turn", ("smart-turn",), "smart-turn"),
        ("mine/turn.onnx", ("smart-turn",), "mine/turn.onnx"),
    ],
)
def test_auto_takes_the_turn_model_where_it_is_present(asked: str, present: tuple[str, ...], chosen: str) -> None:
    assert choose_turn_model(asked, [find_model(REGISTRY, name) for name in present], REGISTRY) == chosen


def test_a_turn_model_asked_for_by_name_must_be_here() -> None:
    with pytest.raises(MissingError, match="voice models pull smart-turn"):
        choose_turn_model("smart-turn", [], REGISTRY)
