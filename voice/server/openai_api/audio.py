"""OpenAI's audio endpoints over our own engines: recordings to words, texts to speech."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import IO, Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, PlainTextResponse, Response

from voice.asr.subtitles import Cue, cues, srt, vtt
from voice.audio.encoder import FORMATS, AudioEncoder
from voice.audio.frames import silence
from voice.audio.reader import AudioReader
from voice.conversation.transcription import Hints, Transcription, transcribe
from voice.errors import MissingError, UsageError, VoiceError
from voice.server.errors import told
from voice.server.openai_api.speech_services import SpeechServices
from voice.server.schemas import Strict
from voice.server.service import Service
from voice.server.sse import ClientGone, EventStream, sse, unless_gone
from voice.sessions.log import Refused
from voice.text.clauses import spoken_clauses
from voice.tts.clause_audio import clause_audio
from voice.tts.interface import Synthesizer
from voice.worker import Worker

FIRST_S = 0.1
"""So much of a text's speech is encoded first, and sent before the rest of the engine's first chunk."""
MOST_AT_ONCE = 8
"""Recordings being read at a time; they share one recognizer, piece by piece."""
TRANSCRIBERS = ("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe")
SPEAKERS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
VOICES = (
    "alloy",
    "ash",
    "ballad",
    "cedar",
    "coral",
    "echo",
    "fable",
    "marin",
    "nova",
    "onyx",
    "sage",
    "shimmer",
    "verse",
)
"""OpenAI's own names, which programs send by default: they stand for what is configured here."""

TranscriptForm = Literal["json", "text", "srt", "verbose_json", "vtt"]


class TranscriptionForm(BaseModel):
    """What comes beside the recording."""

    model: str
    language: str = ""
    prompt: str = ""
    response_format: TranscriptForm = "json"
    stream: bool = False
    words: bool = Field(False, alias="timestamp_granularities[]")


class VoiceName(Strict):
    """A voice as an object, which newer clients send."""

    id: str


class SpeechBody(Strict):
    """A text to speak. `instructions` are accepted and have no effect: the voices here take none."""

    model: str
    input: Annotated[str, Field(min_length=1)]
    voice: str | VoiceName = ""
    instructions: str = ""
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    speed: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0
    stream_format: Literal["audio", "sse"] = "audio"


RECORDING: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "model"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "model": {"type": "string"},
                        "language": {"type": "string"},
                        "prompt": {"type": "string"},
                        "response_format": {"type": "string", "enum": ["json", "text", "srt", "verbose_json", "vtt"]},
                        "stream": {"type": "boolean"},
                        "timestamp_granularities[]": {"type": "array", "items": {"type": "string"}},
                    },
                }
            }
        },
    }
}


WORDS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, "text/plain": {}, "text/event-stream": {}}}
}
SOUND: dict[int | str, dict[str, Any]] = {
    200: {"content": {form.media_type: {} for form in FORMATS.values()} | {"text/event-stream": {}}}
}
"""For the OpenAPI document: what may come back."""


def routes(service: Service, speech: SpeechServices) -> APIRouter:
    """The routes below /v1/audio."""
    router, access = APIRouter(prefix="/v1/audio", tags=["openai"]), service.access
    reading = 0

    async def read(request: Request, *, translate: bool) -> Response:
        nonlocal reading
        access.enter(request.headers, "write")  # before the recording is taken in
        if reading >= MOST_AT_ONCE:
            raise Refused("overloaded", f"{MOST_AT_ONCE} recordings are being read", temporary=True, retry_after_s=5.0)
        reading += 1
        try:
            form, file = await recording(request)
            known_model(form.model, (*TRANSCRIBERS, speech.recognizer_name))
        except BaseException:
            reading -= 1
            raise
        hints = Hints(form.language, form.prompt, translate)
        timed = form.response_format in ("srt", "vtt", "verbose_json")
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        work = asyncio.ensure_future(words_of(speech.recognizer, file, hints, timed=timed, words=pieces.put_nowait))
        work.add_done_callback(ended)
        if form.stream:
            work.add_done_callback(lambda _: pieces.put_nowait(None))
            return EventStream(streamed(work, pieces))
        try:
            return shown(await unless_gone(request.receive, work), form)
        except ClientGone:
            return Response(status_code=499)

    def ended(_: object) -> None:
        nonlocal reading
        reading -= 1

    @router.post("/transcriptions", openapi_extra=RECORDING, responses=WORDS)
    async def transcriptions(request: Request) -> Response:
        """The words of a recording in any format, in its own language."""
        return await read(request, translate=False)

    @router.post("/translations", openapi_extra=RECORDING, responses=WORDS)
    async def translations(request: Request) -> Response:
        """The words of a recording in English; needs a multilingual Whisper model."""
        return await read(request, translate=True)

    @router.post("/speech", response_class=Response, responses=SOUND)
    async def speak(body: SpeechBody, request: Request) -> Response:
        """A text as speech, sent while it is made."""
        access.enter(request.headers, "write")
        name = body.voice.id if isinstance(body.voice, VoiceName) else body.voice
        if body.model not in SPEAKERS or name not in ("", *VOICES):  # else no one needs the folder of models read
            installed = [voice.name for voice in await asyncio.to_thread(speech.voices)]
            known_model(body.model, (*SPEAKERS, *installed))
            if name not in ("", *VOICES, *installed):
                known = f"{', '.join(installed)}, or a name of OpenAI's"
                raise Refused("bad_request", f"there is no voice {name!r}", expected=known)
        if len(body.input) > service.settings.input_chars:
            raise Refused("input_too_long", f"the text is longer than {service.settings.input_chars} characters")
        pieces = encoded(
            speech.voice("" if name in VOICES else name, speed=body.speed), body.input, body.response_format
        )
        try:
            first = await anext(pieces)  # an engine that fails is an error, not a file without sound
        except VoiceError as error:
            raise refused(error) from None
        if body.stream_format == "sse":
            return EventStream(as_events(first, pieces))
        return EventStream(_after(first, pieces), media_type=FORMATS[body.response_format].media_type)

    @router.get("/voices")
    async def voices(request: Request) -> dict[str, Any]:
        """The voices that are installed, the configured one first."""
        access.enter(request.headers)
        found = [
            {
                "id": voice.name,
                "object": "voice",
                "name": voice.name,
                "languages": voice.languages,
                "about": voice.about,
            }
            for voice in await asyncio.to_thread(speech.voices)
        ]
        return {"object": "list", "data": found, "voices": found}

    return router


def known_model(name: str, aliases: Sequence[str]) -> None:
    """Refuse a model that is not here. OpenAI's names stand for the configured engine."""
    if name not in aliases:
        raise Refused("model_unknown", f"there is no model {name!r}", expected=", ".join(aliases))


async def recording(request: Request) -> tuple[TranscriptionForm, UploadFile]:
    """The form of a request, and its recording in a temporary file. Raises Refused."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise Refused("bad_request", f"the body is {kind or 'of no type'}", expected="multipart/form-data with a file")
    form = await request.form(max_files=1, max_fields=20)
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Refused("bad_request", "file: the form has no recording", expected="a field named file with a file name")
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    fields["timestamp_granularities[]"] = str("word" in form.getlist("timestamp_granularities[]"))
    try:
        return TranscriptionForm.model_validate(fields), file
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Refused("bad_request", f"{where}: {first['msg']}", expected="a form that matches /openapi.json") from None


async def words_of(
    recognizer: Worker[Any], file: UploadFile, hints: Hints, *, timed: bool = False, **news: Any
) -> Transcription:
    """The words of an uploaded recording. Raises Refused."""
    name = file.filename or "the recording"
    try:
        reader = await asyncio.to_thread(opened, file.file, name)
    except MissingError as error:
        raise Refused("bad_request", f"{name}: {error.what}", expected=error.expected) from None
    try:
        return await transcribe(recognizer, reader, timed=timed, hints=hints, **news)
    except VoiceError as error:
        raise refused(error) from None
    finally:
        await asyncio.to_thread(reader.__exit__, None, None, None)
        await file.close()


def opened(file: IO[bytes], name: str) -> AudioReader:
    """A reader of an upload, whatever it is called."""
    return AudioReader(file, name)


def refused(error: VoiceError) -> Refused:
    """A failure of an engine, or a request that it cannot serve."""
    if isinstance(error, UsageError):
        return Refused("bad_request", error.what, expected=error.expected)
    return Refused("engine_failed", str(error), temporary=False)


def shown(found: Transcription, form: TranscriptionForm) -> Response:
    """The words in the form that was asked for."""
    match form.response_format:
        case "text":
            return PlainTextResponse(found.text + "\n")
        case "srt" | "vtt":
            return PlainTextResponse((srt if form.response_format == "srt" else vtt)(cues(found.words)))
        case "verbose_json":
            return JSONResponse(verbose(found, words=form.words))
    return JSONResponse({"text": found.text, "usage": duration(found)})


def duration(found: Transcription) -> dict[str, Any]:
    """What was read, as OpenAI counts it."""
    return {"type": "duration", "seconds": round(found.seconds)}


def verbose(found: Transcription, *, words: bool) -> dict[str, Any]:
    """Text, language, length and times. What Whisper thinks of a segment is not known here: these fields are 0."""
    body = {
        "task": "transcribe",
        "language": found.language,
        "duration": round(found.seconds, 3),
        "text": found.text,
        "segments": [segment(number, cue) for number, cue in enumerate(cues(found.words))],
        "usage": duration(found),
    }
    if words:
        body["words"] = [
            {"word": word.text.strip(), "start": round(word.start, 3), "end": round(word.end, 3)}
            for word in found.words
        ]
    return body


def segment(number: int, cue: Cue) -> dict[str, Any]:
    """A part of the text that fits a subtitle."""
    unknown = {"tokens": [], "temperature": 0.0, "avg_logprob": 0.0, "compression_ratio": 0.0, "no_speech_prob": 0.0}
    times = {"seek": 0, "start": round(cue.start, 3), "end": round(cue.end, 3)}
    return {"id": number, **times, "text": " ".join(cue.lines), **unknown}


async def streamed(work: asyncio.Future[Transcription], pieces: asyncio.Queue[str | None]) -> AsyncGenerator[bytes]:
    """The words as events, a piece of the recording at a time."""
    try:
        while (piece := await pieces.get()) is not None:
            yield sse({"type": "transcript.text.delta", "delta": piece})
        yield sse({"type": "transcript.text.done", "text": (await work).text})
    except Refused as error:
        yield sse({"error": {**told(error), "type": "api_error"}})
    finally:
        work.cancel()


async def encoded(voice: Worker[Synthesizer], text: str, form: str) -> AsyncGenerator[bytes]:
    """The speech of a text in a format, as it is made. Raises VoiceError."""
    engine = voice.engine
    rate = engine.rate if engine is not None else await voice.call(lambda made: made.rate)
    encoder = AudioEncoder(form, rate)
    spoke = False
    for clause in spoken_clauses(text):
        async with aclosing(clause_audio(voice, clause)) as chunks:
            async for pcm in chunks:
                head, spoke = 0 if spoke else round(FIRST_S * rate), True
                if head and (data := encoder.encode(pcm[:head])):  # which takes less time than a change of threads
                    yield data
                if len(pcm) > head and (data := await asyncio.to_thread(encoder.encode, pcm[head:])):
                    yield data
    rest = b"" if spoke else encoder.encode(silence(0.1, rate))  # nothing to say is a short file, not a broken one
    yield rest + await asyncio.to_thread(encoder.finish)


async def as_events(first: bytes, pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Speech as server-sent events."""
    sent = 0
    async with aclosing(_after(first, pieces)) as chunks:
        try:
            async for data in chunks:
                sent += len(data)
                yield sse({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})
        except VoiceError as error:
            yield sse({"error": {**told(refused(error)), "type": "api_error"}})
            return
    yield sse({"type": "speech.audio.done", "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}})


async def _after(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with aclosing(rest):
        yield first
        async for data in rest:
            yield data
