"""What a spoken conversation needs from outside: ears, a voice, rules of turns; lent to one connection at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from voice.asr.interface import Recognizer
from voice.audio.interfaces import Sink
from voice.audio.playout import Playout
from voice.conversation.components import Components
from voice.conversation.observer import Observer
from voice.llm.builtin.timer_list import Timers
from voice.sessions.interface import Session
from voice.settings.schema import Settings
from voice.tts.interface import Synthesizer
from voice.turn.machine import TurnMachine
from voice.turn.turn_model import TurnModel
from voice.worker import Worker


@dataclass(slots=True)
class EngineSet:
    """Engines lent to one connection. `give_back` is called once, when they are no longer used.

    `notice` is what the person should know about them, if anything.
    """

    recognizer: Worker[Recognizer]
    voices: list[Worker[Synthesizer]]
    turn_model: Worker[TurnModel] | None
    language: str
    give_back: Callable[[], None]
    notice: str = ""


class EnginePool(Protocol):
    """Lends engines for settings. `settings` are those of the server, which a connection changes for itself."""

    settings: Settings

    @property
    def full(self) -> bool:
        """Whether all voice slots are in use."""
        ...

    async def lend(self, settings: Settings) -> EngineSet:
        """Engines, warm. Raises VoiceError for a voice or language that is not here."""
        ...

    def machine(self, settings: Settings, spoken: Callable[[], str]) -> TurnMachine:
        """The rules of turns."""
        ...

    def components(
        self,
        settings: Settings,
        engines: EngineSet,
        *,
        machine: TurnMachine,
        sink: Sink,
        playout: Playout,
        session: Session,
        timers: Timers,
        observer: Observer,
    ) -> Components:
        """What the conversation of a connection is made of."""
        ...
