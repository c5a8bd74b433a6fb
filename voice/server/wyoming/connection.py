"""One Wyoming connection: each event of a client goes to the service that it asks for."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import numpy as np
from wyoming.asr import Transcript as HeardText
from wyoming.asr import TranscriptChunk, TranscriptStart, TranscriptStop
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, Eventable, async_write_event
from wyoming.handle import Handled, HandledChunk, HandledStart, HandledStop, NotHandled
from wyoming.ping import Pong
from wyoming.tts import SynthesizeStopped, SynthesizeVoice
from wyoming.wake import Detection, NotDetected

from voice.asr.interface import Recognizer, Transcript, Utterance
from voice.audio.frames import RATE, silence
from voice.conversation.transcription import Hints, hinted
from voice.errors import VoiceError
from voice.llm.interface import Delta
from voice.server.wyoming.framing import AudioDecoder, AudioLayout, MalformedEventError, read_event
from voice.server.wyoming.services import WyomingServices
from voice.sessions.interface import ReplyFailed
from voice.text.clauses import Clause, ClauseSplitter
from voice.tts.clause_audio import clause_audio
from voice.tts.interface import Synthesizer
from voice.wake.interface import WakeWord
from voice.worker import Worker

log = logging.getLogger(__name__)

LONGEST_S = 300.0
"""More audio than this in one utterance is no command: what was understood up to here is the answer."""
LEAD_S = 0.2
"""Silence before the audio: clients send it from the first sound on, and Whisper may then miss the first word."""
LEAVE_S = 2.0
"""How long a client that was refused may go on sending."""
IDLE_S = 600.0
"""A client that sends nothing for so long has left without a word."""


class WyomingConnection:
    """Serves one client until it leaves. Events that are not known are ignored, as the protocol asks."""

    def __init__(self, services: WyomingServices, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._services, self._reader, self._writer = services, reader, writer
        self._language = ""
        self._audio: Listening | WakeListening | None = None
        self._wake: list[str] | None = None
        self._speech: Speech | None = None
        self._serve: dict[str, Callable[[Event], Awaitable[None]]] = {
            "describe": self._describe,
            "ping": self._ping,
            "transcribe": self._transcribe,
            "detect": self._detect,
            "audio-start": self._audio_start,
            "audio-chunk": self._audio_chunk,
            "audio-stop": self._audio_stop,
            "synthesize": self._synthesize,
            "synthesize-start": self._synthesize_start,
            "synthesize-chunk": self._synthesize_chunk,
            "synthesize-stop": self._synthesize_stop,
            "transcript": self._answer,
        }

    async def run(self) -> None:
        """Answer events until the client leaves or sends what cannot be understood."""
        try:
            while (event := await asyncio.wait_for(read_event(self._reader), IDLE_S)) is not None:
                serve = self._serve.get(event.type)
                if serve is not None:
                    await serve(event)
        except (MalformedEventError, VoiceError) as error:
            # Clients wait for an answer to what they asked for; only a closed connection ends that for all of them.
            log.warning("wyoming: %s", error)
            await self.send(Error(str(error), "malformed" if isinstance(error, MalformedEventError) else "failed"))
            await self._end()
        finally:
            if self._audio is not None:
                await self._audio.close()

    async def _end(self) -> None:
        """Say no more, and drop what is on its way: closed over unread data, a connection loses its last answer."""
        self._writer.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                while await self._reader.read(65_536):
                    pass

    async def send(self, event: Eventable) -> None:
        """Raises ConnectionError when the client has left."""
        await async_write_event(event.event(), self._writer)

    async def _describe(self, event: Event) -> None:
        await self.send(await self._services.info())

    async def _ping(self, event: Event) -> None:
        await self.send(Pong(text(event, "text") or None))

    async def _transcribe(self, event: Event) -> None:
        self._language, self._wake = text(event, "language"), None

    async def _detect(self, event: Event) -> None:
        names = event.data.get("names") or []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise MalformedEventError("names must be a list of wake words")
        self._wake = names

    async def _audio_start(self, event: Event) -> None:
        await self._begin(AudioLayout.of(event.data))

    async def _audio_chunk(self, event: Event) -> None:
        layout = AudioLayout.of(event.data)
        if self._audio is None or self._audio.decoder.layout != layout:
            await self._begin(layout)
        assert self._audio is not None
        if not await self._audio.add(event.payload or b"", event.data.get("timestamp")):
            await self._audio_stop(event)

    async def _audio_stop(self, event: Event) -> None:
        audio, self._audio = self._audio, None
        if audio is not None:
            await audio.finish()
            await audio.close()

    async def _begin(self, layout: AudioLayout) -> None:
        if self._audio is not None:
            await self._audio.close()
            self._audio = None
        decoder = AudioDecoder(layout)
        if self._wake is not None:
            lent = AsyncExitStack()
            detector, names = await lent.enter_async_context(self._services.wake_words(self._wake))
            self._audio = WakeListening(self, decoder, detector, names, lent)
            return
        worker, hints = self._services.recognizer(), Hints(self._language)
        utterance = await worker.call(lambda engine: hinted(engine, hints).open())
        self._audio = Listening(self, decoder, worker, utterance, self._language)

    async def _synthesize(self, event: Event) -> None:
        if self._speech is not None:
            return  # the whole text again, for servers that know no streaming
        speech = Speech(self, self._voice(event), language(event))
        await speech.say(needed(event, "text"))
        await speech.finish()

    async def _synthesize_start(self, event: Event) -> None:
        self._speech = Speech(self, self._voice(event), language(event))

    async def _synthesize_chunk(self, event: Event) -> None:
        if self._speech is None:
            raise MalformedEventError("synthesize-chunk came before synthesize-start")
        await self._speech.say(needed(event, "text"))

    async def _synthesize_stop(self, event: Event) -> None:
        speech, self._speech = self._speech, None
        if speech is not None:
            await speech.finish()
            await self.send(SynthesizeStopped())

    def _voice(self, event: Event) -> Worker[Synthesizer]:
        wanted = SynthesizeVoice.from_dict(voice_of(event))
        name = (wanted.name or "") if wanted is not None else ""
        return self._services.voice(name, language(event))

    async def _answer(self, event: Event) -> None:
        words, context = needed(event, "text"), event.data.get("context")
        conversation = context.get("conversation_id") if isinstance(context, dict) else None
        said = ""
        async for told in self._services.answer(words, conversation if isinstance(conversation, str) else ""):
            if isinstance(told, ReplyFailed):
                await self.send(NotHandled(told.message, context))
                return
            if isinstance(told, Delta) and told.text:
                if not said:
                    await self.send(HandledStart(context))
                said += told.text
                await self.send(HandledChunk(told.text))
        await self.send(Handled(said.strip(), context))
        if said:
            await self.send(HandledStop())


class Listening:
    """The audio of one utterance on its way to words.

    What is certain is sent while the person speaks; the words themselves are usually ready when the client says that
    the audio is over, since they are read at each hush.
    """

    def __init__(
        self,
        connection: WyomingConnection,
        decoder: AudioDecoder,
        worker: Worker[Recognizer],
        utterance: Utterance,
        language: str,
    ) -> None:
        self.decoder = decoder
        self._connection, self._worker, self._utterance, self._language = connection, worker, utterance, language
        self._samples = 0
        self._sent = ""

    async def add(self, payload: bytes, timestamp: object) -> bool:
        """Take audio; False when it is more than one utterance can be."""
        pcm = self.decoder.pcm(payload)
        fed = pcm if self._samples else np.concatenate((silence(LEAD_S), pcm))
        self._samples += len(pcm)
        found = await self._worker.call(lambda engine: self._utterance.add_audio(fed)) if len(pcm) else None
        if found is not None:
            await self._send(found.text[: found.stable])
        return self._samples < LONGEST_S * RATE

    async def finish(self) -> None:
        """Send the words."""
        found: Transcript = await self._worker.call(lambda engine: self._utterance.result())
        await self._send(found.text)
        await self._connection.send(HeardText(found.text, language=found.language or self._language or None))
        if self._sent:
            await self._connection.send(TranscriptStop())

    async def close(self) -> None:
        await self._worker.call(lambda engine: self._utterance.close())

    async def _send(self, certain: str) -> None:
        """Send what is new; words that were taken back in the meantime stay to the transcript itself."""
        if not certain.startswith(self._sent) or len(certain) == len(self._sent):
            return
        if not self._sent:
            await self._connection.send(TranscriptStart(language=self._language or None))
        await self._connection.send(TranscriptChunk(certain[len(self._sent) :]))
        self._sent = certain


class WakeListening:
    """A stream in which wake words are looked for, until the client ends it."""

    def __init__(
        self,
        connection: WyomingConnection,
        decoder: AudioDecoder,
        detector: WakeWord,
        names: dict[str, str],
        lent: AsyncExitStack,
    ) -> None:
        self.decoder = decoder
        self._connection, self._detector, self._names, self._lent = connection, detector, names, lent
        self._found = False

    async def add(self, payload: bytes, timestamp: object) -> bool:
        phrase = self._detector.detect(self.decoder.pcm(payload))
        if phrase is not None:
            self._found = True
            at = timestamp if isinstance(timestamp, int) else None
            await self._connection.send(Detection(self._names.get(phrase, phrase), at))
            self._detector.reset()
        return True

    async def finish(self) -> None:
        if not self._found:
            await self._connection.send(NotDetected())

    async def close(self) -> None:
        await self._lent.aclose()


class Speech:
    """A text, whole or in pieces, on its way to audio: each clause leaves as soon as it can be spoken."""

    def __init__(self, connection: WyomingConnection, voice: Worker[Synthesizer], language: str) -> None:
        self._connection, self._voice = connection, voice
        self._clauses = ClauseSplitter(language=language)
        self._rate = 0

    async def say(self, text: str) -> None:
        await self._speak(self._clauses.feed(text, 0.0))

    async def finish(self) -> None:
        await self._speak(self._clauses.finish(0.0))
        await self._start()  # clients wait for audio even where there is nothing to say
        await self._connection.send(AudioStop())

    async def _speak(self, clauses: list[Clause]) -> None:
        for clause in clauses:
            if not clause.text:
                continue
            async for pcm in clause_audio(self._voice, clause.text):
                await self._start()
                await self._connection.send(AudioChunk(self._rate, 2, 1, pcm.astype("<i2", copy=False).tobytes()))

    async def _start(self) -> None:
        if not self._rate:
            self._rate = await self._voice.call(lambda engine: engine.rate)
            await self._connection.send(AudioStart(self._rate, 2, 1))


def text(event: Event, name: str) -> str:
    """A text that the event may carry, else empty. Raises MalformedEventError for what is no text."""
    found = event.data.get(name)
    if found is not None and not isinstance(found, str):
        raise MalformedEventError(f"{name} of {event.type} must be a text")
    return found or ""


def needed(event: Event, name: str) -> str:
    """A text that the event must carry. Raises MalformedEventError."""
    if name not in event.data:
        raise MalformedEventError(f"{event.type} has no {name}")
    return text(event, name)


def voice_of(event: Event) -> dict[str, str]:
    """The voice that the event names, with only what is text in it."""
    found = event.data.get("voice")
    return {key: value for key, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}


def language(event: Event) -> str:
    """The language that the event wants spoken."""
    return voice_of(event).get("language", "")
