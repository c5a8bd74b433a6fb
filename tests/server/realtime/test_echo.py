"""A client that cancels no echo, in a simulated room: it is not interrupted by its own speaker, but by a person."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.room_client import Visit, visit
from benchmarks.room_simulation import Echo, at_level, scene
from tests.benchmarks.test_room_simulation import Hearer, desktop, sphinx, whisper
from tests.support.speech import command
from voice.audio.frames import RATE, silence

ROOMS = [Echo(0.1, 0.06), Echo(0.4, 0.3)]


def ask(echo: Echo | None, *, again_at: float | None = None, handling: str = "guard", ears: Hearer = sphinx) -> Visit:
    sounds = [(1.0, at_level(command("private"), -20.0))]
    if again_at is not None:
        sounds.append((again_at, at_level(command("time"), -20.0)))
    return visit(desktop(**{"audio.echo": handling}), scene(13.0, sounds), echo, ears)


@pytest.mark.parametrize("echo", ROOMS, ids=["soft", "loud and late"])
@pytest.mark.parametrize(("handling", "ears"), [("guard", sphinx), ("auto", sphinx), ("auto", whisper)])
def test_its_own_speaker_interrupts_nothing(echo: Echo, handling: str, ears: Hearer) -> None:
    seen = ask(echo, handling=handling, ears=ears)
    assert seen.interrupted == 0 and len(seen.asked) == 1
    assert [reply[-21:] for reply in seen.replies] == ["ct a model elsewhere."], "said to its end"


@pytest.mark.parametrize("echo", ROOMS, ids=["soft", "loud and late"])
def test_a_person_cuts_the_reply_through_the_echo(echo: Echo) -> None:
    seen = ask(echo, again_at=7.0)
    assert seen.interrupted == 1
    begins_s, starts = 7.0 + 0.24, [at for at, _ in seen.of("input_audio_buffer.speech_started")]
    assert begins_s < starts[1] < begins_s + 1.0, "as soon as there are words"
    assert len(seen.asked) == 2


@pytest.mark.parametrize("breath_s", [0.0, 0.25])
def test_a_person_cuts_the_first_words_before_it_is_known_whether_there_is_an_echo(breath_s: float) -> None:
    said = command("time")
    what, time_is_it = said[: round(0.56 * RATE)], said[round(0.56 * RATE) :]
    over = np.concatenate([what, silence(breath_s), time_is_it])
    sounds = [(1.0, at_level(command("private"), -20.0)), (4.6, at_level(over, -20.0))]
    seen = visit(desktop(**{"audio.echo": "auto"}), scene(13.0, sounds), None, whisper)
    assert seen.interrupted == 1 and len(seen.asked) == 2 and "time is it" in seen.asked[1].lower()


def test_a_question_over_the_end_of_a_reply_is_told_like_any_other() -> None:
    sounds = [(1.0, at_level(command("minutes"), -20.0)), (5.8, at_level(command("time"), -20.0))]
    seen = visit(desktop(**{"audio.echo": "auto"}), scene(13.0, sounds), None, whisper)
    assert seen.asked == ["How many minutes are in 3 hours?", "What time is it?"]
    assert [len(seen.of(f"input_audio_buffer.speech_{edge}")) for edge in ("started", "stopped")] == [2, 2]
    assert seen.interrupted == 0, "the reply had been heard to its end"


def test_without_any_handling_the_room_shows_what_an_echo_does() -> None:
    assert ask(Echo(0.4, 0.06), handling="off").interrupted > 0


def test_a_client_that_cancels_its_echo_is_cut_as_soon_as_without_the_guard() -> None:
    def starts(handling: str) -> float:
        seen = ask(None, again_at=7.0, handling=handling)
        assert seen.interrupted == 1 and len(seen.asked) == 2
        return [at for at, _ in seen.of("input_audio_buffer.speech_started")][1]

    assert starts("auto") == pytest.approx(starts("off"), abs=0.05)
