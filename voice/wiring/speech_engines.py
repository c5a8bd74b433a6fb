"""A recognizer and voices for clients that bring a recording or a text, not a conversation."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from functools import partial

from voice.asr.interface import Multilingual, Recognizer
from voice.models.registry import PIPER
from voice.models.store import ModelStore, shipped_registry
from voice.server.openai_api.speech_services import InstalledVoice
from voice.settings.schema import Settings
from voice.text.language_tags import base_language
from voice.text.patterns import compile_all
from voice.tts.interface import Synthesizer
from voice.wiring.assembly import WARM_S
from voice.wiring.engine_choice import recognizer_choice, spoken_language, synthesizer_choice
from voice.wiring.engines import recognizer, synthesizer
from voice.worker import Worker

MOST_VOICES = 3
"""What is kept ready; the one that was used least recently makes room."""


class SpeechEngines:
    """See `voice.server.openai_api.speech_services.SpeechServices`; made at their first use.

    Without `partials` the recognizer does not read ahead, which suits recordings.
    """

    def __init__(self, settings: Settings, *, partials: bool = True) -> None:
        self._settings = settings
        self._recognizer: Worker[Recognizer] = Worker("recognizer", partial(recognizer, settings, partials=partials))
        self._installed: list[InstalledVoice] = []
        self._voices: OrderedDict[tuple[str, str, float], Worker[Synthesizer]] = OrderedDict()

    @property
    def recognizer(self) -> Worker[Recognizer]:
        return self._recognizer

    @property
    def recognizer_name(self) -> str:
        chosen = recognizer_choice(self._settings)
        return chosen.model or chosen.engine

    async def warm(self) -> None:
        """Load the configured ones. Raises VoiceError."""
        await asyncio.to_thread(self.voices)
        hears = self.recognizer.call(lambda engine: engine.warm(), patience_s=WARM_S)
        await asyncio.gather(hears, self.voice().call(_ready, patience_s=WARM_S))

    @property
    def languages(self) -> tuple[str, ...]:
        """What the recognizer knows; an engine that does not say knows the configured language, or English."""
        engine = self.recognizer.engine
        return engine.languages if isinstance(engine, Multilingual) else (self._settings.asr.language or "en",)

    def voices(self) -> list[InstalledVoice]:
        """Those installed now. Reads the folder of models, so an event loop has a thread call it."""
        chosen = synthesizer_choice(self._settings)
        first = InstalledVoice(chosen.model or chosen.engine, (spoken_language(self._settings),), str(chosen))
        present = ModelStore(self._settings.models.folder).present(shipped_registry())
        others = [InstalledVoice(model.name, model.languages, model.about) for model in present if model.kind == PIPER]
        self._installed = [first, *(voice for voice in others if voice.name != first.name)]
        return self._installed

    def voice(self, name: str = "", language: str = "", speed: float = 1.0) -> Worker[Synthesizer]:
        tts = self._settings.tts
        voices = (self._installed or self.voices()) if name or language else []
        if voices and name != voices[0].name and any(voice.name == name for voice in voices):
            tts = replace(tts, engine="auto", voice=name, url="")
        elif language and base_language(language) not in map(base_language, voices[0].languages):
            tts = replace(tts, engine="auto", voice="", language=base_language(language), url="")
        tts = replace(tts, speed=min(4.0, max(0.25, tts.speed * speed)))
        key = (tts.voice, tts.language, round(tts.speed, 2))
        if key not in self._voices:
            self._voices[key] = Worker("voice", partial(synthesizer, replace(self._settings, tts=tts)))
        self._voices.move_to_end(key)
        if len(self._voices) > MOST_VOICES:
            self._voices.popitem(last=False)[1].close()
        return self._voices[key]

    def close(self) -> None:
        """Let the engines go."""
        self.recognizer.close()
        for voice in self._voices.values():
            voice.close()


def _ready(voice: Synthesizer) -> None:
    voice.warm()
    compile_all()
