"""Which engines the settings select on this machine, in words."""

from __future__ import annotations

from dataclasses import dataclass

from voice.models.selection import Choice, choose_recognizer, choose_synthesizer
from voice.models.store import ModelStore, shipped_registry
from voice.settings.schema import ChatSettings, Settings


@dataclass(frozen=True, slots=True)
class EngineChoices:
    """The recognizer and the synthesizer that will be used."""

    recognizer: Choice
    synthesizer: Choice

    def lines(self, chat: ChatSettings) -> list[str]:
        """The selected engines, and the commands that install better ones."""
        mind = chat.server or (f"{chat.llm} {chat.model}".strip() if chat.llm != "builtin" else "builtin responder")
        better = [choice.better for choice in (self.recognizer, self.synthesizer) if choice.better]
        if mind == "builtin responder":
            better.append("for a language model: --llm http://localhost:11434/v1 --model NAME")
        return [f"words: {self.recognizer} · speech: {self.synthesizer} · answers: {mind}", *better]


def engines(settings: Settings) -> EngineChoices:
    """The engines that the settings select; raises MissingError if a named one is not available."""
    registry = shipped_registry()
    present = ModelStore(settings.models.folder).present(registry)
    asr, tts = settings.asr, settings.tts
    return EngineChoices(
        choose_recognizer(asr.engine, asr.model, asr.language, present, registry, asr.url),
        choose_synthesizer(tts.engine, tts.voice, tts.language or asr.language, present, registry, tts.url),
    )
