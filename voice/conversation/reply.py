"""The reply's side of a conversation: session deltas to clauses, clauses to audio, audio to the playout."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from voice.audio.frames import Pcm
from voice.audio.playout import Playout
from voice.audio.resample import Resampler
from voice.conversation.heard_text import HeardText
from voice.errors import VoiceError
from voice.llm.interface import Delta, Done, Effect
from voice.sessions.interface import ConnectionChanged, Reply, ReplyEvent, ReplyFailed, Working
from voice.text.clauses import Clause, ClauseSplitter
from voice.tts.interface import Chunk, Synthesizer
from voice.tts.onset import Onset
from voice.worker import Worker

AUDIO_AHEAD_S = 30.0
"""Seconds of audio that may wait to be played before the next clause is synthesized."""

CLAUSES_AHEAD = 64
"""Clauses that may wait for the synthesizer before the session's stream is left unread."""


@dataclass(slots=True)
class Reports:
    """Whom a reply tells what happens to it. Times are seconds on the loop's clock."""

    moment: Callable[[str, float], None]
    text: Callable[[str], None]
    link: Callable[[ConnectionChanged], None]
    effect: Callable[[Effect], None]
    failed: Callable[[str, str], None]
    """(stage, what happened)"""
    voice_failed: Callable[[str, bool], None]
    """(what happened, whether another voice takes over)"""
    working: Callable[[Working], None] = lambda working: None
    """A tool is called, or has answered."""
    remarkable: Callable[[Done], None] = lambda done: None
    """The reply counts, and moderation or the model server's limits have something to say of it."""


@dataclass(slots=True, eq=False)
class SpokenReply:
    """One revision of one turn on its way from the session to the ear. `number` is its name in the playout."""

    number: int
    turn: int
    revision: int
    voices: Sequence[Worker[Synthesizer]]
    playout: Playout
    reports: Reports
    language: str = ""
    ahead: bool = False
    """Whether the first clause may be synthesized before `release`."""
    silent: bool = False
    """Whether it is only text, given no voice."""

    reply: Reply | None = None
    text: str = ""
    cancelled: bool = False
    over: bool = False
    """All there is to say has been handed to the playout."""

    acted: bool = False
    """An effect was part of it."""

    finish: str = ""
    """Why the model server ended it, in its own word."""

    _speakable: bool = False
    """There were words in it for a voice."""

    _committed: bool = False
    _ended: Done | None = None
    _effects: list[Effect] = field(default_factory=list)
    _heard: HeardText = field(default_factory=HeardText)
    _clauses: asyncio.Queue[Clause | None] = field(default_factory=lambda: asyncio.Queue(CLAUSES_AHEAD))
    _released: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self, tasks: asyncio.TaskGroup, ask: Callable[[], Awaitable[Reply]] | None) -> None:
        """Start speaking; with an `ask` session, start reading its reply too."""
        self.playout.begin(self.number, held=True)
        self._tasks.append(tasks.create_task(self._speak(), name=f"speak {self.turn}.{self.revision}"))
        if ask is not None:
            self._tasks.append(tasks.create_task(self._read(ask), name=f"read {self.turn}.{self.revision}"))

    def release(self) -> None:
        """Let it be heard."""
        self._released.set()
        self.playout.release()

    def commit(self) -> None:
        """The reply counts: its effects act now, and later ones as they come."""
        self._committed = True
        for effect in self._effects:
            self.reports.effect(effect)
        self._effects.clear()
        if self._ended is not None:
            self.reports.remarkable(self._ended)
            self._ended = None

    def cancel(self) -> None:
        """Stop reading, synthesizing and playing; what was played stays known."""
        self.cancelled = True
        for task in self._tasks:
            task.cancel()
        for voice in self.voices:
            if voice.engine is not None:
                voice.engine.cancel()
        self.playout.drop()

    def heard(self) -> int:
        """Code points of the reply's text that have been played."""
        return self.heard_after(self.playout.played)

    def heard_after(self, samples: int) -> int:
        """Code points of the reply's text that are heard in its first `samples`."""
        all_there_is = self.silent or (self.over and self.mute)
        return len(self.text) if all_there_is else self._heard.heard(samples, complete=self.over)

    def sounding(self) -> str:
        """The text to the end of the clause that is being heard, or is next: what may come back as an echo."""
        return self.text[: self._heard.sounding(self.playout.played)]

    @property
    def mute(self) -> bool:
        """It has nothing to hear: only text, only effects, or only what cannot be spoken, such as markup."""
        return self.silent or (not self._speakable and (self.acted or bool(self.text.strip())))

    @property
    def unheard(self) -> bool:
        """Nothing of it has been made into sound yet."""
        return self._heard.samples == 0

    def bridge(self, text: str) -> None:
        """Say this while the reply is awaited; it is not in its text."""
        if not self.cancelled and not self.over and self._clauses.empty():
            self._clauses.put_nowait(Clause(text, len(self.text), len(self.text)))

    async def say_instead(self, text: str) -> None:
        """Stop reading the session's reply; after the pending clauses, speak this, which is not part of its text."""
        for task in self._tasks[1:]:
            task.cancel()
        await self._clauses.put(Clause(text, len(self.text), len(self.text)))
        await self._clauses.put(None)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def _read(self, ask: Callable[[], Awaitable[Reply]]) -> None:
        """Turn the session's events into clauses until its last one. No session may end the conversation."""
        splitter = ClauseSplitter(language=self.language)
        pending: asyncio.Task[ReplyEvent] | None = None
        try:
            self.reply = await ask()
            events = aiter(self.reply)
            while True:
                pending = pending or asyncio.create_task(_next(events))
                due = splitter.due()
                done, _ = await asyncio.wait({pending}, timeout=None if due is None else max(0.0, due - self._now()))
                if not done:
                    await self._queue(splitter.tick(self._now()))
                    continue
                event, pending = pending.result(), None
                if isinstance(event, Done) and event.finish == "length":
                    await self._queue(splitter.finish_cut(self._now()))
                    await self._cut_at(splitter.start)
                elif isinstance(event, Done | ReplyFailed):
                    await self._queue(splitter.finish(self._now()))
                if isinstance(event, Done | ReplyFailed):
                    await self._end(event)
                    return
                await self._take(event, splitter)
        except Exception as error:  # noqa: BLE001  said aloud and shown, like any failure of the model
            self.reports.failed("model", f"{type(error).__name__}: {error}")
        finally:
            if pending is not None:
                pending.cancel()

    async def _take(self, event: Delta | Effect | Working | ConnectionChanged, splitter: ClauseSplitter) -> None:
        if isinstance(event, Delta):
            self.reports.moment("first_token", self._now())
            self.text += event.text
            self.reports.text(self.text)
            await self._queue(splitter.feed(event.text, self._now()))
        elif isinstance(event, Effect):
            self.acted = True
            self._effects.append(event)
            if self._committed:
                self.commit()
        elif isinstance(event, Working):
            self.reports.working(event)
        else:
            self.reports.link(event)

    async def _cut_at(self, end: int) -> None:
        """The half sentence behind `end` is neither said nor remembered."""
        if end < len(self.text) and self.reply is not None:
            self.text = self.text[:end]
            self.reports.text(self.text)
            await self.reply.truncate(end)

    async def _end(self, event: Done | ReplyFailed) -> None:
        if isinstance(event, ReplyFailed):
            self.reports.failed("model", event.message)
        else:
            self.finish = "content_filter" if event.blocked else event.finish
            if event.flagged or event.unchecked or event.finish in ("length", "content_filter"):
                self._ended = event
                if self._committed:
                    self.commit()
            await self._clauses.put(None)

    async def _queue(self, clauses: list[Clause]) -> None:
        for clause in clauses:
            self.reports.moment("first_clause", self._now())
            await self._clauses.put(clause)

    async def _speak(self) -> None:
        first = True
        while True:
            clause = await self._clauses.get()
            if clause is None:
                if self._clauses.empty():
                    break
                continue
            if not (first and self.ahead):
                await self._released.wait()
            first = False
            while (ahead := self.playout.buffered_s - AUDIO_AHEAD_S) > 0:  # noqa: ASYNC110  a lost speaker takes none
                await asyncio.sleep(ahead)
            self._heard.begin(clause)
            self._speakable = self._speakable or bool(clause.text)
            if clause.text and not self.silent and not await self._voice(clause):
                self.reports.failed("synthesizer", "no voice could speak it")
                await asyncio.sleep(0)  # what is said instead is queued now, before this looks whether more is coming
        self.over = True
        self.playout.finish(self.number)

    async def _voice(self, clause: Clause) -> bool:
        """Say a clause with the first voice that can. What one broke off after some sound is not repeated."""
        for place, voice in enumerate(self.voices):
            saying = _Saying(clause.text, self, asyncio.get_running_loop())
            try:
                await voice.call(saying)
            except VoiceError as error:
                saying.given_up = True
                self.reports.voice_failed(str(error), place + 1 < len(self.voices))
            if saying.made:
                return True
        return False

    def _sounded(self, samples: int, words: tuple[tuple[int, int], ...]) -> None:
        if samples:
            self.reports.moment("first_audio", self._now())
        self._heard.add(samples, words)


@dataclass(slots=True)
class _Saying:
    """One clause on the synthesizer's thread: resampled to the playout's rate and pushed as it is made."""

    text: str
    reply: SpokenReply
    loop: asyncio.AbstractEventLoop
    made: bool = False
    given_up: bool = False
    """A voice that hung may wake up while others speak."""

    def __call__(self, voice: Synthesizer) -> None:
        resampler = Resampler(voice.rate, self.reply.playout.rate)
        scale = self.reply.playout.rate / voice.rate
        onset = Onset(voice.rate) if self.reply.unheard else None

        def emit(chunk: Chunk) -> bool:
            self.made = self.made or len(chunk.pcm) > 0
            chunk = chunk if onset is None else onset.without_quiet(chunk)
            words = tuple((round(mark.sample * scale), mark.char) for mark in chunk.marks)
            return self._push(resampler.convert(chunk.pcm), words)

        if not self.reply.cancelled:
            voice.speak(self.text, emit)
            self._push(resampler.flush(), ())

    def _push(self, pcm: Pcm, words: tuple[tuple[int, int], ...]) -> bool:
        """Hand audio over; the bookkeeping follows on the event loop, in the same order."""
        if self.reply.cancelled or self.given_up:
            return False
        self.reply.playout.push(pcm, self.reply.number)
        if len(pcm) or words:
            self.loop.call_soon_threadsafe(self.reply._sounded, len(pcm), words)
        return True


async def _next(events: AsyncIterator[ReplyEvent]) -> ReplyEvent:
    try:
        return await anext(events)
    except StopAsyncIteration:
        return ReplyFailed("reply_incomplete", "the reply ended without a final event", temporary=True)
