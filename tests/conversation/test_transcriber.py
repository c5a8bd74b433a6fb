from __future__ import annotations

import asyncio

import numpy as np
import pytest

from voice.asr.interface import Recognizer, Transcript, Utterance
from voice.audio.frames import Frame, Pcm, silence
from voice.conversation.transcriber import Transcriber
from voice.turn.events import Event, Transcribed
from voice.worker import Worker


class Unsure:
    """Hears "So" where it first took the word for something else."""

    name = "unsure"

    def __init__(self, doubted: str, *, text: str = "So", hints: bool = False) -> None:
        self._doubted, self._text, self._hints = doubted, text, hints

    def warm(self) -> None: ...

    def open(self) -> Utterance:
        return self

    def over_reply(self) -> Recognizer:
        return Unsure(self._doubted, text="Stop.") if self._hints else self

    def add_audio(self, pcm: Pcm) -> Transcript | None:
        return None

    def result(self) -> Transcript:
        return Transcript(self._text, doubted=self._doubted)

    def close(self) -> None: ...


async def transcribed(doubted: str, *, over_reply: bool, hints: bool = False) -> str:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def tell(event: Event) -> None:
        if isinstance(event, Transcribed):
            answer.set_result(event.text)

    recognizer: Worker[Recognizer] = Worker("recognizer", lambda: Unsure(doubted, hints=hints))
    try:
        async with asyncio.TaskGroup() as tasks:
            listener = Transcriber(recognizer, tell, lambda *_: None, tasks, preroll_s=0.3, failure="failed")
            listener.open(1, loop.time(), over_reply=over_reply)
            listener.add_frame(Frame(silence(0.02), loop.time()))
            listener.transcribe(1, 1)
            text = await answer
            listener.close()
    finally:
        recognizer.close()
    return text


@pytest.mark.parametrize(
    ("doubted", "over_reply", "text"),
    [
        ("Stop.", True, "Stop."),
        ("Stop.", False, "So"),
        ("Thank you.", True, "So"),
        ("", True, "So"),
        ("I cannot stop thinking of it all day", True, "So"),
    ],
)
def test_a_doubted_word_counts_where_it_asks_a_reply_for_silence(doubted: str, over_reply: bool, text: str) -> None:
    assert asyncio.run(transcribed(doubted, over_reply=over_reply)) == text


@pytest.mark.parametrize("over_reply", [True, False])
def test_a_recognizer_that_can_listen_for_a_word_to_stop_does_it_over_a_reply(over_reply: bool) -> None:
    text = asyncio.run(transcribed("", over_reply=over_reply, hints=True))
    assert text == ("Stop." if over_reply else "So")


class Recording:
    """Keeps the audio that it was given."""

    name = "recording"

    def __init__(self) -> None:
        self.pcm = silence(0.0)

    def warm(self) -> None: ...

    def open(self) -> Utterance:
        return self

    def add_audio(self, pcm: Pcm) -> Transcript | None:
        self.pcm = np.concatenate((self.pcm, pcm))
        return None

    def result(self) -> Transcript:
        return Transcript("words")

    def close(self) -> None: ...


async def given_to_recognizer(frames: str, *, at: int) -> str:
    """What reaches the recognizer of frames of 20 ms, `P` a person's, `b` background's; `.` where made soft.

    The person begins with frame number `at`.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[None] = loop.create_future()

    def tell(event: Event) -> None:
        if isinstance(event, Transcribed):
            answer.set_result(None)

    recording = Recording()
    recognizer: Worker[Recognizer] = Worker("recognizer", lambda: recording)
    try:
        async with asyncio.TaskGroup() as tasks:
            listener = Transcriber(
                recognizer, tell, lambda *_: None, tasks, preroll_s=0.3, failure="failed", keeps_s=9.0
            )
            for index, kind in enumerate(frames):
                frame = Frame(np.full(320, ord(kind), dtype=np.int16), (index + 1) * 0.02)
                listener.add_frame(frame, background=kind == "b")
                if index == at + 2:
                    listener.open(1, at * 0.02)
            assert len(listener.audio(1)) == 320 * len(frames.rstrip("b")), (
                "the turn model hears no television at the end"
            )
            listener.transcribe(1, 1)
            await answer
            listener.close()
    finally:
        recognizer.close()
    return "".join(chr(level) if level > 32 else "." for level in recording.pcm[::320])


@pytest.mark.parametrize(
    ("frames", "at", "given"),
    [
        ("b" * 15 + "P" * 20, 15, "." * 7 + "b" * 8 + "P" * 20),
        ("P" * 20 + "b" * 60, 0, "P" * 20),
        ("P" * 10 + "b" * 20 + "P" * 10, 0, "P" * 10 + "b" * 20 + "P" * 10),
        ("P" * 10 + "b" * 50 + "P" * 10, 0, "P" * 10 + "." * 43 + "b" * 7 + "P" * 10),
    ],
    ids=["before", "after", "a soft word", "in a pause"],
)
def test_a_voice_of_the_background_is_soft_before_the_person_and_gone_after_them(
    frames: str, at: int, given: str
) -> None:
    assert asyncio.run(given_to_recognizer(frames, at=at)) == given
