"""The speaker of each utterance at the microphone, heard by their voice beside recognition."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence

from voice.audio.frames import RATE, Frame, Pcm
from voice.conversation import observer as note
from voice.errors import VoiceError
from voice.speakers.interface import PIECE_S, VoiceEncoder
from voice.speakers.recognition import (
    ENOUGH_S,
    LEAST_S,
    KnownVoice,
    LastSpeaker,
    Sample,
    VoicedSpeech,
    alike,
    mean,
    who,
)
from voice.worker import Worker

MOST_PIECES = 5
"""Pieces of an utterance that are listened to; a voice is known by then."""

BEFORE_S = 0.5
"""An utterance has begun so long before it is noticed."""

WITHIN = 2
"""The voice of so many utterances is kept at all, in memory: "my name is Ann" and "yes"."""

SAME_PERSON = 0.45
"""How alike two utterances of one person are at least, however short."""

LATE_S = 0.25
"""A voice that is not known so long after the words is someone's."""

SAMPLE_S = 10.0
"""How long the first sample of a voice may take: the encoder is loaded for it."""

SOMEONE: Mapping[str, str] = {"id": "", "name": "someone"}


class SpeakerWatch:
    """Hears the frames of each turn, and says who spoke. Without an encoder it does nothing.

    While no voice is known, sound is kept for a moment and nothing is computed, unless `sample` is asked for. `improve`
    is given more of a voice that is not known well yet.
    """

    def __init__(
        self, encoder: Worker[VoiceEncoder] | None = None, name: str = "", observer: note.Observer = lambda told: None
    ) -> None:
        self.encoder = name
        self.improve: Callable[[str, str, Sample], Awaitable[None]] | None = None
        self._worker, self._observer = encoder, observer
        self._known: Sequence[KnownVoice] = ()
        self._last: LastSpeaker | None = None
        self._kept: deque[tuple[Frame, bool]] = deque()
        self._turns: deque[_SpokenTurn] = deque(maxlen=WITHIN)
        self._open: _SpokenTurn | None = None
        self._answered: _SpokenTurn | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def known(self) -> Sequence[KnownVoice]:
        """The voices that are known."""
        return self._known

    def learn(self, known: Sequence[KnownVoice], speaker: str = "") -> None:
        """These voices are known from now on; `speaker` is the id of who has just been speaking."""
        self._known = list(known)
        if speaker:
            self._last = LastSpeaker(speaker, asyncio.get_running_loop().time())

    def hear(self, frame: Frame, *, voiced: bool) -> None:
        """The next frame, whether or not someone is speaking."""
        if self._worker is None:
            return
        self._kept.append((frame, voiced))
        while frame.at - self._kept[0][0].at > BEFORE_S:
            self._kept.popleft()
        if self._open is not None:
            self._open.speech.add(frame.pcm, voiced=voiced)
            self._listen(self._open)

    def open(self, turn: int) -> None:
        """A turn begins, with what was heard just before it was noticed."""
        if self._worker is None:
            return
        self._open = _SpokenTurn(turn)
        for frame, voiced in self._kept:
            self._open.speech.add(frame.pcm, voiced=voiced)

    def finish(self, turn: int) -> None:
        """The turn may have ended: its words are asked for, and meanwhile what is left of its voice is listened to."""
        if self._open is not None and self._open.turn == turn:
            self._listen(self._open, rest=True)

    async def sending(self, turn: int) -> None:
        """This turn's words are sent next: decide who speaks. As recognition takes longer, nothing waits as a rule."""
        spoken = self._answered = self._open if self._open is not None and self._open.turn == turn else None
        if spoken is None:
            return
        if spoken not in self._turns:
            self._turns.append(spoken)
        known = await spoken.done(LATE_S)
        now = asyncio.get_running_loop().time()
        spoken.person = who(self._known, spoken.heard(), self._last, now) if known else None

    def committed(self, turn: int) -> None:
        """This turn counts: its speaker is the last one, and is known better from now on. Nothing is added to it."""
        spoken = self._answered
        if self._open is spoken:
            self._open = None
        if spoken is None or spoken.turn != turn or not self._known:
            return
        person, heard = spoken.person, spoken.heard()
        self._last = LastSpeaker(person.id, asyncio.get_running_loop().time()) if person is not None else None
        if person is None or heard is None or heard.seconds < PIECE_S or spoken.learned or self.improve is None:
            return
        if person.seconds < ENOUGH_S:
            spoken.learned = True
            self._begin(self._told(self.improve(person.id, person.name, heard)))

    @property
    def speaker(self) -> Mapping[str, str]:
        """The id and name of who says the words that are answered now; nothing for typed words or unknown voices."""
        if self._answered is None or not self._known:
            return {}
        person = self._answered.person
        return {"id": person.id, "name": person.name} if person is not None else SOMEONE

    async def sample(self) -> Sample | None:
        """The voice in the last utterances, as far as one person said them; None where too little was said."""
        for spoken in self._turns:
            self._listen(spoken, rest=True, wanted=True)
            await spoken.done(SAMPLE_S)
        heard = [found for spoken in self._turns if (found := spoken.heard()) is not None]
        if not heard:
            return None
        longest = max(heard, key=lambda one: one.seconds)
        return mean([one for one in heard if alike(one.voice, longest.voice) >= SAME_PERSON])

    async def close(self) -> None:
        """Nothing more is listened to."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _listen(self, spoken: _SpokenTurn, *, rest: bool = False, wanted: bool = False) -> None:
        """Have what is there of the voice listened to, in the order in which it was said."""
        if not self._known and not wanted:
            return
        while (piece := spoken.speech.take(rest=rest)) is not None:
            seconds = len(piece) / RATE
            if seconds >= LEAST_S:
                spoken.pieces.append(self._begin(self._embed(spoken, piece, seconds)))

    async def _embed(self, spoken: _SpokenTurn, piece: Pcm, seconds: float) -> None:
        assert self._worker is not None
        try:
            voice = await self._worker.call(lambda encoder: encoder.embed(piece))
        except VoiceError as error:
            self._observer(note.Notice(f"who speaks is not known: {error}", "warning"))
        else:
            spoken.voices.append(Sample(voice, seconds))

    async def _told(self, work: Awaitable[None]) -> None:
        try:
            await work
        except VoiceError as error:
            self._observer(note.Notice(str(error), "warning"))

    def _begin(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class _SpokenTurn:
    """One utterance: its voiced sound that was not listened to yet, and the voice in what was."""

    def __init__(self, turn: int) -> None:
        self.turn = turn
        self.speech = VoicedSpeech(round(PIECE_S * RATE), MOST_PIECES)
        self.voices: list[Sample] = []
        self.pieces: list[asyncio.Task[None]] = []
        self.person: KnownVoice | None = None
        self.learned = False

    def heard(self) -> Sample | None:
        return mean(self.voices) if self.voices else None

    async def done(self, limit_s: float) -> bool:
        """Whether all that was given to the encoder has been listened to, within this time."""
        waiting = [piece for piece in self.pieces if not piece.done()]
        return not waiting or not (await asyncio.wait(waiting, timeout=limit_s))[1]
