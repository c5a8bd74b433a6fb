"""What is asked, and which answer comes first."""

from __future__ import annotations

import pytest

from voice.cli.commands.setup import questions
from voice.cli.commands.setup.questions import Sound
from voice.llm.model_list import ModelServer
from voice.models.store import shipped_registry
from voice.settings.layers import OPTIONS

ALL = Sound(("mic",), ("speaker",))
REGISTRY = shipped_registry()


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_AT.UTF-8"}, "de"),
        ({"LANG": "de_DE", "LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "", "LC_MESSAGES": "POSIX", "LANG": "fr_FR@euro"}, "fr"),
        ({"LANG": "../../etc"}, "en"),
    ],
)
def test_the_language_of_the_login(environment: dict[str, str], language: str) -> None:
    assert questions.system_language(environment) == language


def test_the_language_of_the_login_comes_first() -> None:
    assert [tag for tag, _ in questions.languages("de")][:2] == ["de", "en"]
    assert questions.languages("sv")[0] == ("sv", "sv")
    assert len(dict(questions.languages("en"))) == len(questions.languages("en"))


def test_a_first_start_asks_at_most_six_things() -> None:
    asked = questions.first_steps([], ALL, offline=False)
    assert asked == list(questions.FIRST)
    answers = [step for step in asked if step != "echo"]  # it only asks where the canceller is not installed
    assert len(answers) + 1 <= 6


def test_what_is_not_here_is_not_asked() -> None:
    assert questions.first_steps([], Sound(), offline=False) == ["language", "models", "llm"]
    assert "echo" not in questions.first_steps([], Sound(("mic",), ()), offline=False)
    assert "models" not in questions.first_steps([], ALL, offline=True)


def test_what_a_flag_decides_is_not_asked() -> None:
    assert "llm" not in questions.first_steps(["chat.llm"], ALL, offline=False)
    assert "microphone" not in questions.first_steps(["audio.input"], ALL, offline=False)


def test_every_setting_of_a_step_exists() -> None:
    for _, keys in questions.STEPS.values():
        assert set(keys) <= set(OPTIONS)
    assert set(questions.FIRST) < set(questions.STEPS)


@pytest.mark.parametrize("language", ["en", "de", "zh", "en-GB", ""])
def test_voices_speak_the_language_the_suggested_one_first(language: str) -> None:
    offered = questions.voices(language, [], REGISTRY)
    assert 1 <= len(offered) <= questions.VOICES
    assert all(voice.speaks(language or "en") for voice in offered)
    if language[:2] == "en":
        assert offered[0].name == "en_US-joe-medium"


def test_a_language_without_a_piper_voice_offers_none() -> None:
    assert questions.voices("fr", [], REGISTRY) == []


def test_a_voice_says_what_must_be_fetched() -> None:
    joe, amy = (next(model for model in REGISTRY if model.name == f"en_US-{name}-medium") for name in ("joe", "amy"))
    assert questions.voice_answers([joe, amy], [joe], amy.name) == [
        (amy.name, f"keep {amy.name}"),
        (joe.name, f"try {joe.name}"),
    ]
    assert "fetches 63 MB" in questions.voice_answers([joe, amy], [joe], joe.name)[1][1]


def test_the_model_found_comes_first_and_none_without() -> None:
    found = ModelServer("Ollama", "http://127.0.0.1:11434/v1", tuple("abcdefghijk"))
    answers = questions.model_answers([found])
    assert answers[0] == ((found.url, "a"), "a (Ollama, http://127.0.0.1:11434/v1)")
    assert len(answers) == questions.MOST_MODELS + 2
    assert questions.model_answers([])[0][0] == ("builtin", "")
