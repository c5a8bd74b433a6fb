"""The voices of the settings: who is known at this machine's microphone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from voice.conversation.observer import Observer
from voice.conversation.speaker import SpeakerWatch
from voice.llm.builtin.question import ToolCall
from voice.memory.memory import Memory
from voice.memory.voice_tools import HeardVoices, VoiceBook, voice_call
from voice.settings.schema import Settings
from voice.wiring.assembly import Take
from voice.wiring.engine_choice import voice_encoder_file
from voice.wiring.memory import own_person


def speaker_watch(settings: Settings, take: Take, observer: Observer) -> SpeakerWatch:
    """What hears who speaks; the encoder is loaded once a voice is known or to be kept."""
    from voice.speakers.ge2e import Ge2eEncoder

    file = voice_encoder_file(settings)
    if file is None:
        return SpeakerWatch()
    return SpeakerWatch(take("voices", partial(Ge2eEncoder, file), "voice encoder"), Ge2eEncoder.name, observer)


async def known_voices(settings: Settings, remembered: Memory | None, speaker: SpeakerWatch | None) -> VoiceBook | None:
    """The voices that are kept, which the watch knows from now on; None where none can be heard."""
    if remembered is None or speaker is None or not speaker.encoder:
        return None
    voices = VoiceBook(remembered, speaker, own_person(settings).person)
    speaker.improve = voices.improve
    await voices.load()
    return voices


def memory_or_voice_call(
    memory: Callable[[str, str], ToolCall | None] | None, heard: HeardVoices, words: str, said: str
) -> ToolCall | None:
    """The call that words ask for, of a voice or of the memory, behind the last reply."""
    return voice_call(words, heard.speaker, memory(words, said) if memory is not None else None)
