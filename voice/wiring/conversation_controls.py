"""What the person at the keyboard may change of a conversation in this process while it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from voice.client.session import RemoteSession
from voice.conversation.conversation import Conversation
from voice.errors import UnavailableError, UsageError
from voice.llm.interface import Message
from voice.models.registry import PIPER
from voice.models.store import ModelStore, shipped_registry
from voice.sessions.interface import Session
from voice.sessions.local_session import LocalSession
from voice.sessions.session_wrappers import UnmaskedSession
from voice.settings.schema import Settings
from voice.tts.interface import Synthesizer
from voice.wiring.assembly import WARM_S, Take
from voice.wiring.engine_choice import synthesizer_choice
from voice.wiring.engines import synthesizer
from voice.worker import Worker


class SessionControls:
    """The part of it that is the session's: which model answers, its tools, what was said."""

    def __init__(self, settings: Settings, session: UnmaskedSession | RemoteSession) -> None:
        self._settings, self._session = settings, session
        self._model = settings.chat.model

    @property
    def _inner(self) -> Session:
        return self._session.inner if isinstance(self._session, UnmaskedSession) else self._session

    async def use_model(self, name: str) -> str:
        """Have this model answer from the next turn on; empty: only say which one does."""
        inner = self._inner
        if isinstance(inner, LocalSession) and self._settings.chat.llm == "builtin":
            if name:
                raise UsageError("the builtin responder is no language model", remedy="start with --llm URL")
            return "the builtin responder answers"
        if name:
            self._model = name
            if isinstance(inner, LocalSession):
                inner.model = name
            elif isinstance(inner, RemoteSession):
                inner.options = {**inner.options, "model": name}
        return f"{self._model} answers" if self._model else "the server's own model answers"

    async def tools(self) -> Sequence[str]:
        """The tools offered to the model, one line each."""
        inner = self._inner
        if not isinstance(inner, LocalSession):
            raise UnavailableError("the tools are those of the server", where=self._settings.chat.server)
        return [f"{name}: {tool.spec.description}" for name, tool in inner.tools().items()]

    async def history(self) -> Sequence[Message]:
        """What was said, oldest first."""
        return await self._session.history()

    async def forget(self) -> None:
        """Remove everything said."""
        await self._session.forget()


class ConversationControls(SessionControls):
    """Controls of a conversation that speaks.

    `voices` is its list, whose first is replaced; `take` makes workers; `listens` says that there is a microphone.
    """

    def __init__(
        self,
        settings: Settings,
        conversation: Conversation,
        session: UnmaskedSession,
        voices: list[Worker[Synthesizer]],
        take: Take,
        *,
        listens: bool,
    ) -> None:
        super().__init__(settings, session)
        self._listens = listens
        self._conversation, self._voices, self._take = conversation, voices, take
        self._loaded = {settings.tts.voice: voices[0]}

    def type(self, text: str) -> None:
        """Take typed words as a turn."""
        self._conversation.type(text)

    def mute(self, muted: bool) -> None:
        """Hear nothing, or hear again."""
        if not self._listens:
            raise UsageError("nothing listens here", remedy="voice talk without --text has a microphone")
        self._conversation.mute(muted)

    def talk(self) -> None:
        """Push to talk."""
        self._conversation.talk()

    def hush(self) -> None:
        """Stop the reply, which was read."""
        self._conversation.hush()

    async def use_voice(self, name: str) -> str:
        """Speak with this voice from the next clause on; empty: say which is used and which are downloaded.

        Raises a VoiceError for a voice that is not here or does not load; the one before goes on then.
        """
        if name:
            wanted = replace(self._settings, tts=replace(self._settings.tts, voice=name))
            synthesizer_choice(wanted)
            voice = self._loaded.get(name)
            if voice is None:
                voice = self._take(("tts", wanted.tts), partial(synthesizer, wanted), "voice")
                await voice.call(lambda engine: engine.warm(), patience_s=WARM_S)
                self._loaded[name] = voice
            self._voices[0], self._settings = voice, wanted
        registry = shipped_registry()
        present = [model.name for model in ModelStore(self._settings.models.folder).present(registry)]
        voices = [model.name for model in registry if model.kind == PIPER and model.name in present]
        speaks = synthesizer_choice(self._settings)
        used = f"{speaks.engine} {speaks.model}".strip()
        return f"{used} speaks; downloaded: {', '.join(voices) or 'none (voice models list)'}"
