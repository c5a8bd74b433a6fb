"""What `voice wyoming` offers, from the settings: engines shared by all clients, and one session a conversation."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from wyoming.info import Info

from voice.asr.interface import Recognizer
from voice.server.wyoming.catalogue import Offering, catalogue
from voice.sessions.interface import ReplyEvent, Session
from voice.settings.schema import Settings
from voice.tts.interface import Synthesizer
from voice.wake.interface import WakeWord
from voice.wiring.engine_choice import recognizer_choice, spoken_language
from voice.wiring.speech_engines import SpeechEngines
from voice.worker import Worker

MOST_CONVERSATIONS = 64
"""The one that was used least recently makes room."""

LEFT_S = 1800.0
"""A conversation that was not continued for so long is over, and forgotten."""


@dataclass(slots=True)
class Talk:
    """A conversation: its session, when it was used last, and who is being answered."""

    session: Session
    used: float
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class SharedServices:
    """See `voice.server.wyoming.services.WyomingServices`; `open_session()` begins a conversation."""

    def __init__(
        self, settings: Settings, open_session: Callable[[], Awaitable[Session]], *, home: bool = False
    ) -> None:
        self._settings, self._open_session, self._home = settings, open_session, home
        self._engines = SpeechEngines(settings)
        self._talks: dict[str, Talk] = {}
        """By Home Assistant's id, the one used last at the end."""
        self._idle: dict[tuple[str, ...], list[WakeWord]] = {}
        """Loaded wake words that no client listens with, by their names."""

    async def warm(self) -> None:
        """Load the engines of the configured language. Raises VoiceError."""
        await self._engines.warm()

    async def info(self) -> Info:
        return await asyncio.to_thread(self._info)

    def _info(self) -> Info:
        assistant = () if self._settings.chat.llm != "builtin" else ("en", "zh")
        return catalogue(
            recognizer=Offering(
                self._engines.recognizer_name, self._engines.languages, str(recognizer_choice(self._settings))
            ),
            voices=[Offering(voice.name, voice.languages, voice.about) for voice in self._engines.voices()],
            wake_words=self._wake_offers(),
            assistant=Offering(self._settings.chat.model or "assistant", assistant),
            home=self._home,
        )

    @staticmethod
    def _wake_offers() -> list[Offering]:
        return [Offering(name, ("en",), phrase=name.replace("_", " ")) for name in wake_word_names()]

    def recognizer(self) -> Worker[Recognizer]:
        return self._engines.recognizer

    def voice(self, name: str, language: str) -> Worker[Synthesizer]:
        return self._engines.voice(name, language)

    @asynccontextmanager
    async def wake_words(self, names: list[str]) -> AsyncIterator[tuple[WakeWord, dict[str, str]]]:
        from voice.wake.micro_wake_word import MicroWakeWords

        wanted = tuple(names or wake_word_names())
        idle = self._idle.setdefault(wanted, [])
        detector: WakeWord = (
            idle.pop() if idle else await asyncio.to_thread(MicroWakeWords, wanted, self._settings.wake.sensitivity)
        )
        yield detector, dict(zip(detector.phrases, wanted, strict=True))
        detector.reset()
        idle.append(detector)

    async def answer(self, text: str, conversation: str) -> AsyncIterator[ReplyEvent]:
        if not conversation:
            session = await self._open_session()
            try:
                async for event in session.send(text):
                    yield event
            finally:
                await session.close()
            return
        talk = await self._talk(conversation)
        async with talk.turn:
            async for event in talk.session.send(text):
                yield event

    async def _talk(self, conversation: str) -> Talk:
        """The conversation of this id; those that were left are ended."""
        now = asyncio.get_running_loop().time()
        found = self._talks.pop(conversation, None)
        if found is not None and now - found.used > LEFT_S:
            await found.session.close()
            found = None
        if found is None:
            found = Talk(await self._open_session(), now)
        found.used = now
        self._talks[conversation] = found
        for name, talk in list(self._talks.items()):
            crowded = len(self._talks) > MOST_CONVERSATIONS and name != conversation
            if (crowded or now - talk.used > LEFT_S) and not talk.turn.locked():
                del self._talks[name]
                await talk.session.close()
        return found

    async def close(self) -> None:
        """Let the engines go and leave all conversations."""
        for talk in self._talks.values():
            await talk.session.close()
        self._engines.close()


def wake_word_names() -> list[str]:
    """The wake words that the installed engine brings; none without it."""
    if importlib.util.find_spec("pymicro_wakeword") is None:
        return []
    import pymicro_wakeword

    return [str(model.value) for model in pymicro_wakeword.Model]


async def sessions_for(settings: Settings, stack: AsyncExitStack) -> tuple[Callable[[], Awaitable[Session]], bool]:
    """What begins a conversation, and whether it can switch things of a home; closed with the stack.

    Timers are not offered: the client that would have to ring is not one that can be called.
    """
    from voice.llm.builtin.timer_list import Timers
    from voice.sessions.local_session import open_local
    from voice.sessions.stores.memory import MemoryStore
    from voice.wiring.sessions import engine, own_options, own_words, upstream
    from voice.wiring.tools import house

    chat, language = settings.chat, spoken_language(settings)
    if chat.server:
        from voice.client import Sessions

        remote = await stack.enter_async_context(Sessions(chat.server, chat.server_key))

        async def begin_there() -> Session:
            return await remote.create(system=chat.system, model=chat.model)

        return begin_there, False
    timers, home, now = Timers(), house(settings), asyncio.get_running_loop().time
    made = await stack.enter_async_context(
        engine(
            settings,
            upstream(settings, timers, now),
            MemoryStore,
            own_options(settings, False),
            lambda: timers.seen(now()),
            home,
        )
    )

    async def begin_here() -> Session:
        return own_words(made, await open_local(made, system=chat.system), language)

    return begin_here, home is not None
