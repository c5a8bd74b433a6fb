"""The recognizer's side of a conversation: keeps the last moments, feeds the open utterance, answers with words."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import numpy as np

from voice.asr.interface import Interruptible, Recognizer, Transcript, Utterance
from voice.audio.frames import Frame, Pcm, silence
from voice.errors import VoiceError
from voice.turn.events import Event, Stage, StageFailed, Transcribed, WordsHeard
from voice.turn.overlap import asks_for_silence
from voice.wake.strip_wake_phrase import without_phrase
from voice.worker import Worker

KEPT_S = 1.0
"""Audio kept besides the pre-roll: a start is noticed late by what the detector needs to be sure."""

BACKGROUND_SOFTER = 32
"""So much softer than it was does the recognizer hear a voice of the background."""

ONSET_S = 0.15
"""Sound shortly before a person is known to speak is the beginning of their first word."""

BRIDGE_S = 0.6
"""A voice was background for less than this: it was the person, speaking softly."""


class Transcriber:
    """One recognizer, one utterance that hears; the one before may still be awaiting its words.

    Every frame goes through `hear`. `tell` receives `WordsHeard`, `Transcribed` and `StageFailed`; `heard` every
    transcript as the recognizer gave it, with its notes. `audio` gives back the last `keeps_s` of the open utterance.
    A wake phrase at the head of the words, one of `phrases`, is taken off. Voices of the background are made soft
    before and between the person's words; after them they are not given to the recognizer at all.
    """

    def __init__(
        self,
        recognizer: Worker[Recognizer],
        tell: Callable[[Event], None],
        heard: Callable[[int, Transcript], None],
        tasks: asyncio.TaskGroup,
        *,
        preroll_s: float,
        failure: str,
        asked_early: bool = False,
        keeps_s: float = 0.0,
        phrases: tuple[str, ...] = (),
    ) -> None:
        self._recognizer, self._tell, self._heard, self._tasks = recognizer, tell, heard, tasks
        self._preroll_s, self._failure, self._asked_early = preroll_s, failure, asked_early
        self._phrases = phrases
        self._keeps_s = max(keeps_s, preroll_s + KEPT_S)
        self._kept: deque[tuple[Frame, bool]] = deque()
        self._open: _Open | None = None
        self._answering: _Open | None = None

    def add_frame(self, frame: Frame, *, voiced: bool = True, background: bool = False) -> None:
        """Process the next frame, whether or not someone is speaking; `background`: it is not known to be the person's.

        Where words are asked for in the first moments of silence, silent frames wait for that: a recognizer that is
        busy guessing at them would be late with the answer.
        """
        self._kept.append((frame, background))
        while self._kept and frame.at - self._kept[0][0].at > self._keeps_s - frame.duration_s + 1e-9:
            self._kept.popleft()
        if self._open is not None:
            self._open.add(frame, background, wake=voiced or not self._asked_early)

    def open(self, turn: int, at: float, *, over_reply: bool = False) -> None:
        """Begin this turn's utterance with the audio from `preroll_s` before `at`.

        Words that ask for silence need no certainty where they are said over a reply.
        """
        before = self._open
        if before is not None and before.asked is not None:  # a turn that was too long: its words come first
            self._answering, self._open = before, None
            preroll_s = 0.0
        else:
            self.close()
            preroll_s = self._preroll_s
        self._open = _Open(turn, at - preroll_s, over_reply, after=self._answering)
        for frame, background in self._kept:
            if frame.at > self._open.since:
                self._open.add(_softer(frame) if background and frame.at <= at - ONSET_S else frame)
        self._tasks.create_task(self._attend(self._open), name=f"utterance {turn}")

    def forget(self, until: float) -> None:
        """Drop what is kept up to a time: the wake word is not part of the utterance that follows it."""
        while self._kept and self._kept[0][0].at <= until:
            self._kept.popleft()

    def audio(self, turn: int) -> Pcm:
        """This turn's audio so far to the person's end, at most the last `keeps_s`; empty when it is not open."""
        if self._open is None or self._open.turn != turn:
            return silence(0.0)
        since, heard = self._open.since, len(self._kept) - len(self._open.behind)
        frames = (frame for frame, _ in islice(self._kept, max(0, heard)))
        return np.concatenate([silence(0.0), *(frame.pcm for frame in frames if frame.at > since)])

    def transcribe(self, turn: int, revision: int) -> None:
        """Ask for the words of all audio heard so far; answered by `Transcribed` or `StageFailed`."""
        if self._open is not None and self._open.turn == turn:
            self._open.asked = revision
            self._open.wake.set()

    def close(self, turn: int | None = None) -> None:
        """Forget the open utterance, or only that of `turn`; harmless when there is none."""
        for mine in (self._open, self._answering):
            if mine is not None and turn in (None, mine.turn):
                mine.closed = True
                mine.wake.set()
        self._open = self._open if self._open is not None and not self._open.closed else None
        self._answering = self._answering if self._answering is not None and not self._answering.closed else None

    async def _attend(self, mine: _Open) -> None:
        """Feed one utterance until it is closed. Audio waits while the recognizer is busy, and is then fed at once."""
        utterance, engine = None, None
        if mine.after is not None:
            await mine.after.ended.wait()
            mine.after = None
        try:
            utterance = await self._recognizer.call(lambda recognizer: _utterance(recognizer, mine.over_reply))
            engine = self._recognizer.engine
            while not mine.closed:
                if mine.asked is not None:
                    await self._answer(mine, utterance, mine.asked)
                elif mine.wake.is_set():
                    mine.wake.clear()
                    await self._feed(mine, utterance)
                else:
                    await mine.wake.wait()
        except VoiceError as error:
            await self._fail(mine, error)
        if utterance is not None and self._recognizer.engine is engine:  # else it was left behind with its engine
            ended = utterance
            try:
                await self._recognizer.call(lambda _: ended.close())
            except VoiceError as error:
                self._heard(mine.turn, Transcript("", notes={"error": str(error)}))
        mine.ended.set()

    async def _feed(self, mine: _Open, utterance: Utterance) -> None:
        pcm = mine.take()
        if len(pcm) == 0:
            return
        partial = await self._recognizer.call(lambda _: utterance.add_audio(pcm))
        if partial is not None and not mine.closed:
            self._heard(mine.turn, partial)
            self._tell(WordsHeard(mine.turn, self._words(partial, mine)))

    async def _answer(self, mine: _Open, utterance: Utterance, revision: int) -> None:
        """The words of all audio heard by now; a recognizer slower than speech must not be fed for ever first."""
        pcm = mine.take()

        def finish(_: Recognizer) -> Transcript:
            if len(pcm):
                utterance.add_audio(pcm)
            return utterance.result()

        final = await self._recognizer.call(finish)
        if mine.asked == revision:
            mine.asked = None
        if not mine.closed:
            self._heard(mine.turn, final)
            self._tell(Transcribed(mine.turn, revision, self._words(final, mine)))
            if mine is self._answering:
                self.close(mine.turn)

    async def _fail(self, mine: _Open, error: VoiceError) -> None:
        """The words of this turn are lost to us: say so when they are asked for, not before."""
        self._heard(mine.turn, Transcript("", notes={"error": str(error)}))
        while not mine.closed:
            if mine.asked is not None:
                revision, mine.asked = mine.asked, None
                self._tell(StageFailed(mine.turn, revision, Stage.RECOGNIZER, self._failure))
            mine.wake.clear()
            await mine.wake.wait()

    def _words(self, transcript: Transcript, mine: _Open) -> str:
        """What was said; a recognizer that hears a noise may write no more than a full stop."""
        said = transcript.newest or transcript.text
        if mine.over_reply and asks_for_silence(transcript.doubted):
            said = transcript.doubted
        text = without_phrase(said.strip(), self._phrases)
        return text if any(character.isalnum() for character in text) else ""


class _Open:
    """The utterance of one turn, as the event loop sees it."""

    def __init__(self, turn: int, since: float, over_reply: bool, after: _Open | None = None) -> None:
        self.turn, self.since, self.over_reply, self.after = turn, since, over_reply, after
        self.ended = asyncio.Event()
        self.frames: list[Frame] = []
        self.behind: list[Frame] = []
        """The latest frames, of the background; whether the person goes on is not known yet."""
        self.asked: int | None = None
        self.closed = False
        self.wake = asyncio.Event()

    def add(self, frame: Frame, background: bool = False, *, wake: bool = True) -> None:
        """Queue a frame; the machine's longest turn bounds how many there can be."""
        if background:
            self.behind.append(frame)
            return
        if self.behind:
            began, onset = self.behind[0].at, frame.at - ONSET_S
            loud = frame.at - began <= BRIDGE_S
            self.frames += (behind if loud or behind.at > onset else _softer(behind) for behind in self.behind)
            self.behind.clear()
        self.frames.append(frame)
        if wake:
            self.wake.set()

    def take(self) -> Pcm:
        """The audio queued since the last time."""
        pcm = np.concatenate([frame.pcm for frame in self.frames]) if self.frames else np.zeros(0, dtype=np.int16)
        self.frames.clear()
        return pcm


def _utterance(recognizer: Recognizer, over_reply: bool) -> Utterance:
    if over_reply and isinstance(recognizer, Interruptible):
        recognizer = recognizer.over_reply()
    return recognizer.open()


def _softer(frame: Frame) -> Frame:
    return replace(frame, pcm=frame.pcm // BACKGROUND_SOFTER)
