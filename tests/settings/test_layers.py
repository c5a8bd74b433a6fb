"""Layers of settings: order, origin, and one-line refusals."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.errors import ConfigError
from voice.settings.layers import DEFAULT, OPTIONS, Given, environment_name, expectation, merge
from voice.settings.schema import Settings


def refusal(*layers: list[Given]) -> str:
    with pytest.raises(ConfigError) as caught:
        merge(layers)
    assert caught.value.exit_code == 78
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_later_layer_wins_and_is_named() -> None:
    resolved = merge(
        [
            [Given("turn.silence_ms", 400, "config/pi.toml"), Given("models.threads", 2, "config/pi.toml")],
            [Given("turn.silence_ms", "700", "VOICE_TURN_SILENCE_MS", text=True)],
        ]
    )
    assert resolved.settings.turn.silence_ms == 700
    assert resolved.origins["turn.silence_ms"] == "VOICE_TURN_SILENCE_MS"
    assert resolved.settings.models.threads == 2
    assert resolved.origins["models.threads"] == "config/pi.toml"
    assert resolved.origins["asr.engine"] == DEFAULT


def test_nothing_given_is_every_default() -> None:
    resolved = merge([])
    assert resolved.settings == Settings()
    assert set(resolved.origins.values()) == {DEFAULT}
    assert all(resolved.value(key) == option.default for key, option in OPTIONS.items())


@pytest.mark.parametrize(
    ("value", "text", "words"),
    [
        (
            Given("turn.silence", 3, "my.toml"),
            False,
            ["turn.silence (my.toml)", "unknown setting", "turn.silence_ms"],
        ),
        (Given("trun.silence_ms", 3, "my.toml"), False, ["trun.silence_ms", "expected turn.silence_ms"]),
        (
            Given("turn.silence_ms", "x", "my.toml"),
            False,
            ["'x' has the wrong type", "a whole number from 100 to 5000"],
        ),
        (Given("turn.silence_ms", True, "my.toml"), False, ["True has the wrong type"]),
        (Given("turn.silence_ms", 3, "my.toml"), False, ["invalid value 3", "from 100 to 5000"]),
        (Given("tts.speed", float("nan"), "my.toml"), False, ["invalid value nan", "from 0.5 to 2"]),
        (Given("asr.engine", "wisper", "--asr"), True, ["asr.engine (--asr)", "one of auto, whisper"]),
        (Given("turn.barge_in", "perhaps", "VOICE_TURN_BARGE_IN"), True, ["expected true or false"]),
        (Given("audio.frame_ms", 25, "my.toml"), False, ["one of 10, 20, 30"]),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_in_one_line(value: Given, text: bool, words: list[str]) -> None:
    line = refusal([dataclasses.replace(value, text=text)])
    for word in words:
        assert word in line


@pytest.mark.parametrize("key", [key for key, option in OPTIONS.items() if option.secret])
def test_a_secret_is_taken_from_the_environment_only_and_never_repeated(key: str) -> None:
    line = refusal([Given(key, "sk-hush", "my.toml")])
    assert environment_name(key) in line
    assert "hush" not in line
    resolved = merge([[Given(key, "sk-hush", environment_name(key), text=True, secrets=True)]])
    assert resolved.value(key) == "sk-hush"


def test_the_shortest_silence_may_not_exceed_the_longest() -> None:
    line = refusal([Given("turn.min_silence_ms", 2000, "my.toml")])
    assert "turn.min_silence_ms (my.toml)" in line
    assert "turn.max_silence_ms = 1200" in line


@pytest.mark.parametrize("key", OPTIONS)
def test_every_default_passes_its_own_check(key: str) -> None:
    option = OPTIONS[key]
    resolved = merge([[Given(key, option.default, "test", secrets=True)]])
    assert resolved.value(key) == option.default
    written = str(option.default).lower() if option.kind is bool else str(option.default)
    assert merge([[Given(key, written, "test", text=True, secrets=True)]]).value(key) == option.default
    assert option.help
    assert expectation(option)


@given(
    st.text(max_size=20),
    st.one_of(st.text(max_size=9), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers())),
)
def test_whatever_a_file_holds_is_taken_or_refused(key: str, value: object) -> None:
    for name in (key, "turn.silence_ms", "tts.speed", "turn.barge_in", "chat.model", "asr.engine"):
        try:
            merge([[Given(name, value, "fuzz.toml")]])
        except ConfigError as error:
            assert "fuzz.toml" in str(error)
