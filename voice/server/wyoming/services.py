"""What a Wyoming server needs from outside: recognizers, voices, wake words and an assistant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from wyoming.info import Info

from voice.asr.interface import Recognizer
from voice.sessions.interface import ReplyEvent
from voice.tts.interface import Synthesizer
from voice.wake.interface import WakeWord
from voice.worker import Worker


class WyomingServices(Protocol):
    """Engines that outlive the connections and are shared by them."""

    async def info(self) -> Info:
        """What is offered, as it is installed now."""
        ...

    def recognizer(self) -> Worker[Recognizer]:
        """The recognizer, which all share."""
        ...

    def voice(self, name: str, language: str) -> Worker[Synthesizer]:
        """The voice of this name, else one of the language, else the configured one. Raises VoiceError."""
        ...

    def wake_words(self, names: list[str]) -> AbstractAsyncContextManager[tuple[WakeWord, dict[str, str]]]:
        """A detector for these wake words, all for none, and the name of each of its phrases; for one listener.

        Raises VoiceError.
        """
        ...

    def answer(self, text: str, conversation: str) -> AsyncIterator[ReplyEvent]:
        """The reply to a text in the conversation of this id, empty for a new one."""
        ...
