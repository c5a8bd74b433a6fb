"""A turn model in the loop: what it is given and when, what its verdict changes, and that nothing waits for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.people import Person, Talk, converse, speaks
from tests.support.scripted_session import ScriptedSession, words
from tests.support.turn_models import Ear, write_turn_model
from voice.clock import VirtualLoop, run_virtual
from voice.errors import ConfigError, MissingError, VoiceError
from voice.settings.schema import Settings
from voice.turn.endpointing import Endpointer
from voice.turn.state import Policy
from voice.wiring import conversation
from voice.wiring.engines import judges

SPEECH = Path(__file__).parents[1] / "fixtures" / "speech"


def talk(person: Person, ear: Ear, *, speculate: str = "tts", judge_s: float = 0.07) -> Talk:
    return run_virtual(
        converse(
            person,
            ScriptedSession(lambda text: words("yes."), first_token_s=0.02),
            policy=Policy(speculate=speculate, judges=True),
            endpointer=Endpointer(silence_s=0.5, min_s=0.25, max_s=1.2, adaptive=True),
            turn_model=ear,
            judge_s=judge_s,
        )
    )


def endpoint_s(done: Talk) -> float:
    moments = done.traces[0].moments
    return moments["endpoint"] - moments["speech_end"]


@pytest.mark.parametrize("speculate", ["off", "tts"])
def test_who_sounds_done_is_answered_sooner(speculate: str) -> None:
    person = Person(6, speaks(1.0, "hello there"))
    ear = Ear(person)
    done = talk(person, ear, speculate=speculate)
    assert done.traces[0].rule == "complete: model 0.90"
    assert endpoint_s(done) == pytest.approx(0.25, abs=0.021)
    assert ear.words == ["hello there"]


def test_who_sounds_cut_off_may_breathe_longer() -> None:
    person = Person(8, speaks(1.0, "hello-", 0.9, "there"))
    ear = Ear(person)
    done = talk(person, ear)
    assert done.session.turns[-1].text == "hello- there" and done.outcomes == ["answered"]
    assert ear.words == ["hello-", "hello- there"], "the turn as it has grown is judged from its beginning"


def test_who_sounds_cut_off_and_says_no_more_is_answered_in_the_end() -> None:
    person = Person(6, speaks(1.0, "hello-"))
    done = talk(person, Ear(person))
    assert done.traces[0].rule == "unfinished: model 0.10"
    assert endpoint_s(done) == pytest.approx(1.2, abs=0.021)


def test_it_is_given_this_turn_only_and_at_most_its_last_8_s() -> None:
    person = Person(24, speaks(1.0, "first"), speaks(5.0, " ".join(f"w{index}" for index in range(40))))
    ear = Ear(person)
    talk(person, ear)
    assert ear.words[0] == "first"
    assert ear.seconds[0] == pytest.approx(0.3 + 0.3 + 0.12, abs=0.04), (
        "what was kept from before, the word, the silence"
    )
    assert ear.words[1].split()[-1] == "w39" and "first" not in ear.words[1]
    assert 7.9 <= ear.seconds[1] <= 8.0


def test_nothing_waits_for_a_slow_model() -> None:
    person = Person(8, speaks(1.0, "hello-"), speaks(5.0, "again"))
    done = talk(person, Ear(person), judge_s=2.0)
    assert [trace.rule for trace in done.traces] == ["default", "default"]
    assert endpoint_s(done) == pytest.approx(0.5, abs=0.021)
    assert done.outcomes == ["answered", "answered"]


def test_a_model_that_fails_is_named_and_does_without() -> None:
    person = Person(6, speaks(1.0, "hello"))
    done = talk(person, Ear(person, fails=True))
    assert done.notices() == ["turn detection uses only the words: deaf"]
    assert done.traces[0].rule == "default" and done.outcomes == ["answered"]


def settings(tmp_path: Path, model: Path, endpointing: str = "adaptive") -> Settings:
    plain = Settings()
    return replace(
        plain,
        asr=replace(plain.asr, engine="pocketsphinx"),
        tts=replace(plain.tts, engine="tone"),
        turn=replace(plain.turn, model=str(model), endpointing=endpointing),
        chat=replace(plain.chat, store=f"sqlite:///{tmp_path / 'sessions.sqlite'}"),
    )


def rules(using: Settings) -> list[str]:
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(frozen=True)) as runner:
        told = conversation.converse(using, source=SPEECH / "times.wav", fast=True, observer=lambda event: None)
        return [trace.rule for trace in runner.run(told) if trace.reply]


def test_the_file_of_the_settings_is_asked(tmp_path: Path) -> None:
    model = write_turn_model(tmp_path / "turn.onnx", bias=-9.0)
    assert rules(settings(tmp_path, model)) == ["default: command, model 0.00"]


def test_a_fixed_silence_needs_no_model_and_does_not_load_one(tmp_path: Path) -> None:
    model = tmp_path / "turn.onnx"
    assert judges(settings(tmp_path, model)) and not judges(settings(tmp_path, model, "fixed"))


@pytest.mark.parametrize(("frames", "error"), [(None, MissingError), (3000, ConfigError)])
def test_a_file_that_cannot_be_used_is_refused_before_anyone_speaks(
    tmp_path: Path, frames: int | None, error: type[VoiceError]
) -> None:
    model = tmp_path / "turn.onnx"
    if frames is not None:
        write_turn_model(model, frames=frames)
    with pytest.raises(error, match=r"turn\.onnx: no"):
        rules(settings(tmp_path, model))
