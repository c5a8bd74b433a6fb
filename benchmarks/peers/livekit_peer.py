"""LiveKit Agents in the room, without a server: `python livekit_peer.py JOB`, in an environment made from livekit.txt.

Its own session, VAD, turn detector, stream adapters and OpenAI plugin; recognizer and voice are plugins around
faster-whisper and Piper. Settings of the job: `tuned` true is its fastest (turns by VAD, 200 ms of silence, no further
delay, speech prepared ahead, no warm-up without interruptions), else everything is its default; `beam`.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator

import numpy as np
from faster_whisper import WhisperModel
from livekit import rtc
from livekit.agents import Agent, AgentSession, inference, stt, tts, utils
from livekit.agents.voice import io
from livekit.plugins import openai
from piper import PiperVoice
from stage import RATE, Job, Meter, Pcm, Result, Room, Speaker, read_job, write_result

FAST_SILENCE_S = 0.2


class Whisper(stt.STT):
    """faster-whisper with its defaults, but for the beam of the job."""

    def __init__(self, job: Job, room: Room, result: Result) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self._whisper = WhisperModel(job.whisper, device="cpu", compute_type="int8")
        self._beam, self._room, self._result = job.settings.get("beam", 5), room, result

    async def _recognize_impl(self, buffer, *, language=None, conn_options=None) -> stt.SpeechEvent:
        heard = rtc.combine_audio_frames(buffer)
        pcm = np.frombuffer(heard.data, dtype=np.int16)
        self._result.marks.append((self._room.now(), "vad_stop"))

        def read() -> str:
            assert heard.sample_rate == RATE, heard.sample_rate
            audio = pcm.astype(np.float32) / 32768
            segments, _ = self._whisper.transcribe(audio, language="en", beam_size=self._beam)
            return "".join(segment.text for segment in segments).strip()

        words = await asyncio.to_thread(read)
        self._result.marks.append((self._room.now(), "transcript"))
        said = [stt.SpeechData(language="en", text=words)] if words else []
        return stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=said)


class Piper(tts.TTS):
    """A Piper voice; StreamAdapter gives it a sentence at a time."""

    def __init__(self, job: Job, room: Room, result: Result) -> None:
        self.voice = PiperVoice.load(job.piper)
        self.room, self.result = room, result
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=self.voice.config.sample_rate,
            num_channels=1,
        )

    def synthesize(self, text: str, *, conn_options=None) -> tts.ChunkedStream:
        return Sentence(self, text, conn_options)


class Sentence(tts.ChunkedStream):
    def __init__(self, piper: Piper, text: str, conn_options) -> None:
        super().__init__(tts=piper, input_text=text, conn_options=conn_options)
        self._piper = piper

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        piper = self._piper
        piper.result.marks.append((piper.room.now(), "first_clause"))
        output_emitter.initialize(
            request_id=utils.shortuuid(), sample_rate=piper.sample_rate, num_channels=1, mime_type="audio/pcm"
        )
        made = iter(piper.voice.synthesize(self.input_text))
        while (chunk := await asyncio.to_thread(next, made, None)) is not None:
            piper.result.marks.append((piper.room.now(), "first_audio"))
            output_emitter.push(chunk.audio_int16_bytes)
        output_emitter.flush()


class Ears(io.AudioInput):
    """The room's microphone."""

    def __init__(self, room: Room, ended: asyncio.Event) -> None:
        super().__init__(label="room")
        self._frames: AsyncIterator[tuple[Pcm, float]] | None = None
        self._room, self._ended = room, ended

    async def __anext__(self) -> rtc.AudioFrame:
        if self._frames is None:
            self._frames = self._room.frames()
        try:
            pcm, _ = await anext(self._frames)
        except StopAsyncIteration:
            self._ended.set()
            raise
        return rtc.AudioFrame(pcm.tobytes(), RATE, 1, len(pcm))


class Mouth(io.AudioOutput):
    """The room's speaker, with the pause that LiveKit's own outputs have."""

    def __init__(self, room: Room) -> None:
        super().__init__(
            label="room", capabilities=io.AudioOutputCapabilities(pause=True), sample_rate=RATE, next_in_chain=None
        )
        self._speaker = Speaker(room)
        self._waiting: list[rtc.AudioFrame] = []
        self._paused = False
        self._began = self._pushed = 0
        self._done: asyncio.Task[None] | None = None
        self._playing = asyncio.create_task(self._speaker.run())

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if self._pushed == 0:
            self._began = self._speaker.played
            self.on_playback_started(created_at=time.time())
        self._pushed += frame.samples_per_channel
        if self._paused:
            self._waiting.append(frame)
        else:
            self._push(frame)

    def _push(self, frame: rtc.AudioFrame) -> None:
        self._speaker.push(np.frombuffer(frame.data, dtype=np.int16))

    def flush(self) -> None:
        super().flush()
        if self._pushed and self._done is None:
            self._done = asyncio.create_task(self._play_out())

    async def _play_out(self) -> None:
        await self._speaker.until(lambda: self._speaker.played - self._began >= self._pushed)
        self._finish(interrupted=False)

    def clear_buffer(self) -> None:
        if not self._pushed:
            return
        self._speaker.clear()
        self._waiting.clear()
        if self._done is not None:
            self._done.cancel()
        self._finish(interrupted=True)

    def _finish(self, *, interrupted: bool) -> None:
        played = self._speaker.played - self._began
        self._pushed, self._done, self._paused = 0, None, False
        self.on_playback_finished(playback_position=played / RATE, interrupted=interrupted)

    def pause(self) -> None:
        self._paused = True
        self._waiting = [rtc.AudioFrame(chunk.tobytes(), RATE, 1, len(chunk)) for chunk in self._speaker.take()]

    def resume(self) -> None:
        self._paused = False
        for frame in self._waiting:
            self._push(frame)
        self._waiting = []


class Marked(Agent):
    """Notes the first token, and the end of the turn."""

    def __init__(self, room: Room, result: Result) -> None:
        super().__init__(instructions="Answer briefly.")
        self._room, self._result = room, result

    async def on_user_turn_completed(self, turn_ctx, new_message) -> None:
        self._result.marks.append((self._room.now(), "endpoint"))

    async def llm_node(self, chat_ctx, tools, model_settings):
        async for chunk in Agent.default.llm_node(self, chat_ctx, tools, model_settings):
            self._result.marks.append((self._room.now(), "first_token"))
            yield chunk


def session(job: Job, room: Room, result: Result) -> AgentSession:
    parts = {
        "stt": Whisper(job, room, result),
        "llm": openai.LLM(model="scripted", base_url=job.upstream, api_key="none"),
        "tts": Piper(job, room, result),
    }
    if not job.settings.get("tuned"):
        return AgentSession(**parts)
    return AgentSession(
        **parts,
        vad=inference.VAD(model="silero", min_silence_duration=FAST_SILENCE_S),
        aec_warmup_duration=None,
        turn_handling={
            "turn_detection": "vad",
            "endpointing": {"min_delay": 0.0, "max_delay": 0.0},
            "preemptive_generation": {"preemptive_tts": True},
        },
    )


async def run(job: Job) -> None:
    room, result, ended = Room(job), Result(), asyncio.Event()
    talk = session(job, room, result)
    talk.input.audio = Ears(room, ended)
    talk.output.audio = Mouth(room)

    @talk.on("speech_created")
    def created(event) -> None:
        def done(handle) -> None:
            if handle.interrupted:
                result.marks.append((room.now(), "interrupted"))

        event.speech_handle.add_done_callback(done)

    await talk.start(Marked(room, result))
    await room.opened.wait()
    meter = Meter()
    await ended.wait()
    meter.read(result)
    write_result(job, room, result)
    try:
        await asyncio.wait_for(talk.aclose(), 5)
    except TimeoutError:
        logging.warning("the session did not close")


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(run(read_job(sys.argv[1])))
