from __future__ import annotations

import asyncio

import pytest

from voice.asr.interface import Recognizer, Transcript, Utterance
from voice.audio.frames import Frame, Pcm, silence
from voice.conversation.transcriber import Transcriber
from voice.turn.events import Event, Transcribed
from voice.worker import Worker


class Unsure:
    """Hears "So" where it first took the word for something else."""

    name = "unsure"

    def __init__(self, doubted: str) -> None:
        self._doubted = doubted

    def warm(self) -> None: ...

    def open(self) -> Utterance:
        return self

    def add_audio(self, pcm: Pcm) -> Transcript | None:
        return None

    def result(self) -> Transcript:
        return Transcript("So", doubted=self._doubted)

    def close(self) -> None: ...


async def transcribed(doubted: str, *, over_reply: bool) -> str:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def tell(event: Event) -> None:
        if isinstance(event, Transcribed):
            answer.set_result(event.text)

    recognizer: Worker[Recognizer] = Worker("recognizer", lambda: Unsure(doubted))
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
