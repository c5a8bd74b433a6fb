"""The loop in virtual time: scripted people talk, and every state begins when it should."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import people
from tests.support.people import COUGH, Person, Reader, ReaderUtterance, Talk, converse, speaks
from tests.support.scripted_session import ScriptedReply, ScriptedSession, words
from voice.asr.interface import Transcript
from voice.audio.earcons import earcons
from voice.audio.frames import RATE
from voice.clock import VirtualLoop, run_virtual
from voice.conversation.components import Components
from voice.conversation.conversation import Conversation
from voice.errors import EngineError, MissingError
from voice.llm.builtin.timer_list import Timer
from voice.llm.interface import Delta, Done, Effect
from voice.sessions.interface import ReplyEvent, ReplyFailed, Working
from voice.tts.interface import Emit
from voice.tts.tone import ToneSynthesizer
from voice.turn.state import Overlap, Policy
from voice.wake.wake_gate import WakeGate

LONG = "one two three four five six seven eight nine ten. " * 3


def echo(text: str) -> list[object]:
    return words(f"you said {text}.")  # type: ignore[return-value]


def session(answer: object = echo, **latency: float) -> ScriptedSession:
    return ScriptedSession(answer, **latency)  # type: ignore[arg-type]


def broken_at(text: str) -> Callable[[], ToneSynthesizer]:
    return lambda: ToneSynthesizer(fail_on=text)


def overlap(text: str) -> Overlap:
    return Overlap.BACKCHANNEL if text in ("mhm", "") else Overlap.WORDS


def talk(person: Person, chat: ScriptedSession, **how: object) -> Talk:
    return run_virtual(converse(person, chat, **how))  # type: ignore[arg-type]


def test_a_question_is_answered_after_the_silence_and_the_history_holds_both() -> None:
    done = talk(Person(6, speaks(1.0, "hello there")), session())
    assert done.session.asked == ["hello there"]
    assert done.outcomes == ["answered"]
    assert done.said() == ["you said hello there."]
    states = {state: at for at, state in reversed(done.states())}
    assert states["listening"] == pytest.approx(1.06, abs=0.021)
    assert states["thinking"] == pytest.approx(1.6 + 0.5, abs=0.021), "silence counts from the last speech sample"


def test_latency_parts_sum_to_the_response_latency() -> None:
    done = talk(Person(6, speaks(1.0, "hello")), session(first_token_s=0.1, token_s=0.02), asr_s=0.05, tts_s=0.03)
    (trace,) = done.traces
    spans = trace.spans()
    assert [name for name, _ in spans] == [
        "endpoint", "transcript", "first_token", "first_clause", "first_audio", "audible",
    ]  # fmt: skip
    assert trace.response_ms == pytest.approx(sum(ms for _, ms in spans))
    fastest = 500 + 50 + 100 + 40 + 30
    assert trace.response_ms is not None and fastest <= trace.response_ms + 1e-6 <= fastest + 50 + 45, (
        "at most one feed in flight and two frames more"
    )


def test_speculation_hides_recognition_model_and_synthesis_in_the_silence() -> None:
    slow = {"asr_s": 0.08, "tts_s": 0.08}
    plain = talk(Person(6, speaks(1.0, "hello")), session(first_token_s=0.1), **slow)
    ahead = talk(Person(6, speaks(1.0, "hello")), session(first_token_s=0.1), policy=Policy(speculate="tts"), **slow)
    assert plain.traces[0].response_ms is not None and plain.traces[0].response_ms >= 500 + 80 + 100 + 80
    assert ahead.traces[0].response_ms == pytest.approx(500, abs=45)
    assert ahead.said() == plain.said() == ["you said hello."]


@pytest.mark.parametrize("speculate", ["off", "asr", "llm", "tts"])
def test_a_question_whose_answer_repeats_it_is_no_echo_of_the_answer(speculate: str) -> None:
    """A draft that is ready before the end of the turn is decided has been heard by no one yet."""
    person = Person(8, speaks(1.0, "what is twelve times seven"))
    done = talk(person, session(), policy=Policy(speculate=speculate), guarded=True)
    assert done.outcomes == ["answered"]
    assert done.said() == ["you said what is twelve times seven."]


@pytest.mark.parametrize(
    ("speculate", "pause_s"),
    [(stage, pause) for stage in ("off", "asr", "llm", "tts") for pause in (0.2, 0.4)]
    + [(stage, pause) for stage in ("off", "asr") for pause in (0.6, 0.75)],
)
def test_whoever_goes_on_before_the_reply_is_heard_grows_the_turn(speculate: str, pause_s: float) -> None:
    """Pauses shorter than the silence, and longer ones that end while the reply is still being thought of."""
    chat = session(first_token_s=0.4)
    done = talk(Person(8, speaks(1.0, "well", pause_s, "hello there")), chat, policy=Policy(speculate=speculate))
    assert done.outcomes == ["answered"]
    assert chat.turns[-1].text == "well hello there", "no word is lost and none is heard twice"
    assert len(chat.turns) == 1, "what was dropped leaves no trace"


def test_a_word_over_the_reply_stops_it_and_cuts_the_history_to_what_was_heard() -> None:
    chat = session(lambda text: words(LONG if text == "tell me" else "yes."))
    done = talk(Person(12, speaks(1.0, "tell me"), speaks(4.0, "stop it now")), chat)
    assert done.outcomes == ["interrupted", "answered"]
    assert chat.asked == ["tell me", "stop it now"]
    heard = done.said()[0]
    assert LONG.startswith(heard) and 0 < len(heard) < len(LONG) / 2
    assert done.traces[0].heard == heard
    assert float(str(done.traces[0].notes["barge_in_ms"])) <= 150


@pytest.mark.parametrize(("sound", "resumed_by"), [("mhm", 3.6), (COUGH, 4.2)])
def test_a_backchannel_or_cough_resumes_the_reply_and_nothing_of_it_is_lost(sound: str, resumed_by: float) -> None:
    chat = session(lambda text: words(LONG))
    done = talk(Person(20, speaks(1.0, "tell me"), speaks(3.0, sound)), chat, policy=Policy(overlap=overlap))
    assert done.outcomes == ["empty", "answered"]
    assert done.said() == [LONG]
    paused = [at for at, state in done.states() if state == "paused"]
    resumed = [at for at, state in done.states() if state == "speaking" and at > paused[0]]
    assert paused[0] == pytest.approx(3.06, abs=0.021)
    assert resumed[0] <= resumed_by


def test_an_interruption_by_sheer_length_needs_no_words() -> None:
    chat = session(lambda text: words(LONG))
    person = Person(14, speaks(1.0, "tell me"), speaks(3.0, "and so on and on"))
    done = talk(person, chat, reader=Reader(person, partials=False))
    assert done.outcomes == ["interrupted", "answered"]
    assert chat.asked[1] == "and so on and on"


def test_a_recognizer_slower_than_the_pause_still_stops_the_reply() -> None:
    chat = session(lambda text: words(LONG if text == "tell me" else "yes."))
    person = Person(16, speaks(1.0, "tell me"), speaks(4.0, "stop it"))
    done = talk(person, chat, reader=Reader(person, partials=False), asr_s=0.6)
    assert chat.asked == ["tell me", "stop it"]
    assert done.outcomes == ["interrupted", "answered"]


def test_silence_is_nobody() -> None:
    done = talk(Person(5), session())
    assert done.outcomes == [] and done.session.asked == []


def test_a_cough_is_an_empty_turn_and_nothing_is_sent() -> None:
    done = talk(Person(5, speaks(1.0, COUGH)), session())
    assert done.outcomes == ["empty"] and done.session.asked == []


@pytest.mark.parametrize("over", [False, True])
def test_a_noise_that_is_written_as_a_full_stop_is_no_word(over: bool) -> None:
    class Punctual(ReaderUtterance):
        def result(self) -> Transcript:
            return Transcript(ReaderUtterance.result(self).text or "...")

    class Writer(Reader):
        def open(self) -> ReaderUtterance:
            return Punctual(self)

    person = Person(20, *([speaks(1.0, "tell me"), speaks(3.0, COUGH)] if over else [speaks(1.0, COUGH)]))
    chat = session(lambda text: words(LONG))
    done = talk(person, chat, reader=Writer(person), policy=Policy(overlap=overlap))
    assert done.outcomes == (["empty", "answered"] if over else ["empty"])
    assert chat.asked == (["tell me"] if over else [])


def test_a_recognizer_that_fails_is_said_and_the_next_turn_works() -> None:
    person = Person(16, speaks(1.0, "hello"), speaks(9.0, "again"))
    done = talk(person, session(), reader=Reader(person, fails=["broken"]))
    assert done.outcomes == ["failed", "answered"]
    assert "broken" in done.notices()
    assert done.session.asked == ["again"]


def test_a_model_that_fails_is_said_and_the_next_turn_works() -> None:
    def answer(text: str) -> list[object]:
        return [ReplyFailed("retry_failed", "the model is away")] if text == "hello" else echo(text)

    done = talk(Person(16, speaks(1.0, "hello"), speaks(9.0, "again")), session(answer))
    assert done.outcomes == ["failed", "answered"]
    assert "the model is away" in done.notices()
    assert done.said()[-1] == "you said again."


def test_the_times_of_a_draft_that_failed_are_not_those_of_the_reply() -> None:
    failing = [Delta("you"), ReplyFailed("cut", "the model is away")]

    def answer(text: str) -> list[object]:
        return failing if len(chat.asked) == 1 else echo(text)

    chat = session(answer, first_token_s=0.1)
    done = talk(Person(8, speaks(1.0, "hello")), chat, policy=Policy(speculate="llm"))
    assert len(chat.asked) == 2 and done.said() == ["you said hello."]
    (trace,) = done.traces
    assert trace.moments["first_token"] == pytest.approx(trace.moments["endpoint"] + 0.1, abs=0.001)


def test_a_reply_without_text_is_said_to_be_missing() -> None:
    done = talk(Person(10, speaks(1.0, "hello")), session(lambda text: words("")))
    assert done.outcomes == ["failed"]


@pytest.mark.parametrize("markup", ["<img src=x>", "***", "\N{THUMBS UP SIGN}"])
def test_a_reply_that_only_shows_something_is_an_answer_and_no_failure(markup: str) -> None:
    done = talk(Person(10, speaks(1.0, "hello")), session(lambda text: words(markup)))
    assert done.outcomes == ["answered"]
    assert done.said() == [markup]
    assert done.traces[0].heard == markup
    assert "audible" not in done.traces[0].moments and not done.notices()


def test_another_voice_takes_over_from_one_that_fails() -> None:
    broken = lambda: ToneSynthesizer(fail_on="said")  # noqa: E731
    done = talk(Person(8, speaks(1.0, "hello")), session(), voices=(broken, ToneSynthesizer))
    assert done.outcomes == ["answered"]
    assert any("switching to another voice" in text for text in done.notices())


def test_with_no_voice_left_the_turn_fails_and_the_loop_lives() -> None:
    broken = lambda: ToneSynthesizer(fail_on="o")  # noqa: E731
    chat = session(lambda text: words("hello" if text == "first" else "it is"))
    done = talk(Person(16, speaks(1.0, "first"), speaks(8.0, "next")), chat, voices=(broken,))
    assert done.outcomes == ["failed", "answered"]


def test_a_recognizer_that_is_late_with_a_failure_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unclosable(ReaderUtterance):
        def close(self) -> None:
            raise EngineError("cannot close")

    class Clumsy(Reader):
        def open(self) -> ReaderUtterance:
            return Unclosable(self)

    kept: list[Conversation] = []

    class Kept(Conversation):
        def __init__(self, parts: Components) -> None:
            super().__init__(parts)
            kept.append(self)

    person = Person(6, speaks(1.0, COUGH))
    monkeypatch.setattr(people, "Conversation", Kept)
    done = talk(person, session(), reader=Clumsy(person))
    assert done.outcomes == ["empty"] and "cannot close" in done.notices()
    assert kept[0]._traces == {}


def test_a_text_that_cannot_be_said_is_excused_by_the_same_voice() -> None:
    done = talk(Person(10, speaks(1.0, "hello")), session(lambda text: words("grmbl")), voices=(broken_at("grmbl"),))
    assert done.outcomes == ["failed"]
    assert "audible" in done.traces[0].moments, "the excuse was heard"


def test_a_spare_voice_that_is_not_there_ends_the_turn_and_not_the_conversation() -> None:
    def absent() -> ToneSynthesizer:
        raise MissingError("there is no spare voice")

    person = Person(16, speaks(1.0, "hello"), speaks(9.0, "again"))
    done = talk(person, session(), voices=(broken_at("hello"), absent))
    assert done.outcomes == ["failed", "answered"]
    assert "there is no spare voice" in done.notices()


def test_a_voice_that_wakes_up_late_is_not_heard() -> None:
    """Its clause has been said by another voice by then; this one would say it again, in the middle of the next."""
    go_on, spoke_late = threading.Event(), threading.Event()

    class Hanging(ToneSynthesizer):
        def speak(self, text: str, emit: Emit) -> None:
            go_on.wait()
            super().speak(text, emit)
            spoke_late.set()

    class Spare(ToneSynthesizer):
        def speak(self, text: str, emit: Emit) -> None:
            if "five" in text:
                go_on.set()
                assert spoke_late.wait(10.0)
            super().speak(text, emit)

    def impatient(parts: Components) -> None:
        parts.voices[0].patience_s = 0.2

    chat = session(lambda text: words("one two three four. five six seven eight."))
    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            done = runner.run(
                converse(Person(10, speaks(1.0, "hello")), chat, voices=(Hanging, Spare), parts=impatient)
            )
    finally:
        go_on.set()
    spoken = [at for at, state in done.states() if state in ("speaking", "idle")]
    assert spoken[-1] - spoken[-2] == pytest.approx(8 * 0.16, abs=0.1), "eight words, each once"
    assert done.outcomes == ["answered"]


def test_a_conversation_that_is_over_does_not_wait_for_a_voice_that_hangs() -> None:
    answer = [Effect("timer.set", {"seconds": 1.0, "label": ""}), *words("yes.")]
    go_on = threading.Event()

    class Hanging(ToneSynthesizer):
        def speak(self, text: str, emit: Emit) -> None:
            if "timer" in text:
                go_on.wait()
            super().speak(text, emit)

    async def typed() -> AsyncIterator[str]:
        yield "set it"
        await asyncio.sleep(2.0)

    def typing(parts: Components) -> None:
        parts.source, parts.typed = None, typed()

    async def conversation() -> Talk:
        async with asyncio.timeout(10.0):
            return await converse(Person(1), session(lambda text: answer), voices=(Hanging,), parts=typing)

    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            done = runner.run(conversation())
    finally:
        go_on.set()
    assert done.outcomes == ["answered", "empty"]


@pytest.mark.parametrize(
    ("seconds", "notice"),
    [(20.0, "Your timer is up."), (600.0, "a timer is still running and will not ring")],
)
def test_typed_lines_that_end_wait_for_a_timer_that_rings_soon(seconds: float, notice: str) -> None:
    async def typed() -> AsyncIterator[str]:
        yield "set"

    def shape(parts: Components) -> None:
        parts.source, parts.typed = None, typed()

    done = talk(Person(1), session(lambda _: [Effect("timer.set", {"seconds": seconds}), *words("yes.")]), parts=shape)
    assert done.notices() == [notice]
    assert done.outcomes == ["answered"] * (2 if seconds < 30 else 1), "the ringing is said to its end"


def test_a_reply_cut_at_the_limit_ends_at_a_sentence_and_says_so() -> None:
    def answer(_: str) -> list[object]:
        return [*words("The first is whole. The second is whole too. And the third has")[:-1], Done(finish="length")]

    done = talk(Person(8, speaks(1.0, "hello")), session(answer))
    assert done.said() == ["The first is whole. The second is whole too."]
    assert done.outcomes == ["answered"]
    assert done.notices() == ["the reply was cut at the model server's limit of tokens; say “go on” for the rest"]
    (turn,) = done.session.turns
    assert turn.heard == len("The first is whole. The second is whole too.")


def test_a_timer_acts_only_after_commit_and_rings_aloud() -> None:
    def answer(text: str) -> list[object]:
        return [Effect("timer.set", {"seconds": 3.0, "label": "tea"}), *echo(text)]

    done = talk(Person(4, speaks(1.0, "set it")), session(answer))
    assert done.notices() == ["Your tea timer is up."]
    assert done.outcomes == ["answered", "answered"]
    rung = next(at for at, seen in done.notes if getattr(seen, "text", "") == "Your tea timer is up.")
    assert rung == pytest.approx(1.6 + 0.5 + 3.0, abs=0.1), "counted from when the answer was heard"


def test_a_tool_that_acts_runs_once_the_turn_is_decided_and_before_a_sound() -> None:
    committed: list[float] = []

    class Waiting(ScriptedReply):
        async def __aiter__(self) -> AsyncIterator[ReplyEvent]:
            self.counts = asyncio.Event()
            yield Working("switch", acts=True)
            await self.counts.wait()
            committed.append(asyncio.get_running_loop().time())
            yield Working("switch", acts=True, done=True)
            for event in words("It is on."):
                yield event

        async def commit(self) -> None:
            await super().commit()
            self.counts.set()

    class Home(ScriptedSession):
        def send(self, text: str, *, draft: bool = False) -> ScriptedReply:
            self.asked.append(text)
            return Waiting(self, len(self.asked), text, committed=not draft)

    done = talk(Person(6, speaks(1.0, "switch it on")), Home(echo), policy=Policy(speculate="tts"))  # type: ignore[arg-type]
    assert done.outcomes == ["answered"]
    assert [trace.reply for trace in done.traces] == ["It is on."]
    assert committed[0] == pytest.approx(1.9 + 0.5, abs=0.05)


def test_a_discarded_draft_sets_no_timer() -> None:
    def answer(text: str) -> list[object]:
        return [Effect("timer.set", {"seconds": 1.0, "label": ""}), *echo(text)] if text == "set" else echo(text)

    done = talk(Person(9, speaks(1.0, "set", 0.4, "not")), session(answer), policy=Policy(speculate="tts"))
    assert done.session.discarded == 1
    assert done.notices() == []


def test_a_long_reply_is_preceded_by_a_filler_but_a_quick_one_is_not() -> None:
    for latency, fillers in ((2.0, 1), (0.2, 0)):
        chimes: list[int] = []

        def watch(parts: object, chimes: list[int] = chimes) -> None:
            parts.earcons = earcons(RATE, ["thinking"])  # type: ignore[attr-defined]
            parts.playout.chime = lambda pcm: chimes.extend([len(pcm)] if len(pcm) else [])  # type: ignore[attr-defined]

        talk(Person(8, speaks(1.0, "hello")), session(first_token_s=latency), policy=Policy(filler_s=1.5), parts=watch)
        assert len(chimes) == fillers


def test_a_recognizer_that_hangs_is_said_and_the_next_turn_works() -> None:
    person = Person(16, speaks(1.0, "hello"), speaks(9.0, "again"))
    go_on = threading.Event()
    hangs = [True]

    class Hanging(Reader):
        def open(self) -> ReaderUtterance:
            if hangs:
                hangs.clear()
                go_on.wait()
            return super().open()

    def impatient(parts: Components) -> None:
        parts.recognizer.patience_s = 0.3

    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            done = runner.run(converse(person, session(), reader=Hanging(person), parts=impatient))
    finally:
        go_on.set()
    assert done.outcomes == ["failed", "answered"]
    assert any("did not answer within 0.3 s" in text for text in done.notices())
    assert done.session.asked == ["again"]


WORDS = st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4, 0.55, 0.7, 1.1, 2.5]), min_size=1, max_size=7)


@settings(max_examples=60, deadline=None)
@given(
    pauses=WORDS,
    speculate=st.sampled_from(["off", "asr", "llm", "tts"]),
    first_token_s=st.sampled_from([0.0, 0.08, 0.3, 0.9]),
    token_s=st.sampled_from([0.0, 0.05]),
    asr_s=st.sampled_from([0.0, 0.04, 0.12]),
    tts_s=st.sampled_from([0.0, 0.06]),
)
def test_whatever_the_timing_the_history_holds_what_was_said_and_heard(
    pauses: list[float], speculate: str, first_token_s: float, token_s: float, asr_s: float, tts_s: float
) -> None:
    """Every word spoken is in exactly one turn, in order; every reply is kept as far as it was heard; drafts add up."""
    spoken = [f"w{index}" for index in range(len(pauses))]
    parts = [part for word, pause in zip(spoken, pauses, strict=True) for part in (word, pause)]
    chat = session(first_token_s=first_token_s, token_s=token_s)
    done = talk(
        Person(1.0 + sum(pauses) + len(pauses) * 0.3 + 1.5, speaks(1.0, *parts)),
        chat,
        policy=Policy(speculate=speculate),
        asr_s=asr_s,
        tts_s=tts_s,
    )
    assert " ".join(turn.text for turn in chat.turns).split() == spoken
    assert len(chat.asked) == len(chat.turns) + chat.discarded
    assert set(done.outcomes) <= {"answered", "interrupted"}
    for trace, kept in zip(done.traces, done.said(), strict=True):
        assert trace.heard == kept
        assert trace.reply.startswith(kept)


def test_a_reply_that_ends_the_conversation_is_spoken_and_closes_the_gate_behind_it() -> None:
    class Watched(WakeGate):
        told: tuple[str, ...] = ()

        def answered(self, at: float) -> None:
            self.told += ("answered",)

        def close(self) -> None:
            self.told += ("closed",)

    gate = Watched(always=True)

    def shape(parts: Components) -> None:
        parts.wake = gate

    def answer(text: str) -> list[ReplyEvent]:
        return [Effect("conversation.end"), *words("goodbye.")] if text == "that is all" else words("yes.")

    person = Person(12, speaks(1.0, "hello"), speaks(6.0, "that is all"))
    done = talk(person, session(answer), parts=shape)
    assert done.outcomes == ["answered", "answered"]
    assert done.traces[1].heard.strip() == "goodbye."
    assert gate.told == ("answered", "closed")


def test_what_came_due_while_it_was_off_is_spoken_at_the_start_and_the_rest_rings() -> None:
    class Kept:
        def load(self) -> list[Timer]:
            return [Timer(0, "tea", 60.0, 0.0, "timer", 900.0), Timer(0, "eggs", 60.0, 0.0, "timer", 1006.0)]

        def save(self, timers: Iterable[Timer]) -> None:
            saved.append([timer.label for timer in timers])

    saved: list[list[str]] = []

    def shape(parts: Components) -> None:
        parts.kept, parts.wall = Kept(), lambda: 1000.0 + asyncio.get_running_loop().time()

    done = talk(Person(12), session(), parts=shape)
    first, second = done.traces
    assert str(first.notes["said"]).startswith("While I was off: your tea timer ended at ")
    assert second.notes["said"] == "Your eggs timer is up."
    assert saved == [["eggs"], []]
