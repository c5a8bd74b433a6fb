"""Pipecat in the room: `python pipecat_peer.py JOB`, in an environment made from pipecat.txt.

Its own services: Silero VAD, WhisperSTTService, OpenAILLMService, PiperTTSService. Settings of the job: `stop` is
"smart_turn" (its default) or the seconds of its time-out strategy; `beam` the beam of Whisper; `stt_wait` how many
seconds it waits for a transcript that may still come (its default is a table value of each service).
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from loguru import logger
from stage import RATE, Job, Meter, Result, Room, Speaker, read_job, write_result

logger.remove()
logger.add(sys.stderr, level="WARNING")

import numpy as np  # noqa: E402
from pipecat.audio.vad.silero import SileroVADAnalyzer  # noqa: E402
from pipecat.frames.frames import (  # noqa: E402
    InputAudioRawFrame,
    InterruptionFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    StartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
    UserStoppedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed  # noqa: E402
from pipecat.pipeline.pipeline import Pipeline  # noqa: E402
from pipecat.pipeline.worker import PipelineParams, PipelineWorker  # noqa: E402
from pipecat.processors.aggregators.llm_context import LLMContext  # noqa: E402
from pipecat.processors.aggregators.llm_response_universal import (  # noqa: E402
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.openai.llm import OpenAILLMService  # noqa: E402
from pipecat.services.piper.tts import PiperTTSService  # noqa: E402
from pipecat.services.whisper.stt import WhisperSTTService  # noqa: E402
from pipecat.transcriptions.language import Language  # noqa: E402
from pipecat.transports.base_input import BaseInputTransport  # noqa: E402
from pipecat.transports.base_output import BaseOutputTransport  # noqa: E402
from pipecat.transports.base_transport import TransportParams  # noqa: E402
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy  # noqa: E402
from pipecat.turns.user_turn_strategies import UserTurnStrategies  # noqa: E402
from pipecat.workers.runner import WorkerRunner  # noqa: E402

MARKS = (
    (VADUserStoppedSpeakingFrame, "vad_stop"),
    (UserStoppedSpeakingFrame, "endpoint"),
    (TranscriptionFrame, "transcript"),
    (LLMTextFrame, "first_token"),
    (TTSTextFrame, "first_clause"),
    (TTSAudioRawFrame, "first_audio"),
    (InterruptionFrame, "interrupted"),
)


class Ears(BaseInputTransport):
    """The room's microphone; ends the pipeline with the recording."""

    def __init__(self, room: Room, params: TransportParams, ended: asyncio.Event) -> None:
        super().__init__(params)
        self._room, self._ended = room, ended

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._hearing = asyncio.create_task(self._hear())

    async def _hear(self) -> None:
        async for pcm, _ in self._room.frames():
            await self.push_audio_frame(InputAudioRawFrame(pcm.tobytes(), RATE, 1))
        self._ended.set()


class Mouth(BaseOutputTransport):
    """The room's speaker; blocks like a device with 40 ms of buffer."""

    def __init__(self, speaker: Speaker, params: TransportParams) -> None:
        super().__init__(params)
        self._speaker = speaker

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._playing = asyncio.create_task(self._speaker.run())

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        assert frame.sample_rate == RATE, frame.sample_rate
        await self._speaker.room_for(0.04)
        self._speaker.push(np.frombuffer(frame.audio, dtype=np.int16))
        return True


class Whisper(WhisperSTTService):
    """The service as it is, on the given model and with the beam of the job."""

    def __init__(self, job: Job, **rest: object) -> None:
        self._job = job
        settings = self.Settings(model=job.whisper, language=Language.EN)
        super().__init__(device="cpu", compute_type="int8", settings=settings, **rest)

    def _load(self) -> None:
        super()._load()
        read, beam = self._model.transcribe, self._job.settings.get("beam", 5)
        self._model.transcribe = lambda audio, **given: read(audio, **given, beam_size=beam)


class Watch(BaseObserver):
    """Notes the first push of the frames that mark a turn."""

    def __init__(self, room: Room, result: Result) -> None:
        super().__init__(observe_every_push=False)
        self._room, self._result = room, result

    async def on_push_frame(self, data: FramePushed) -> None:
        for kind, name in MARKS:
            if isinstance(data.frame, kind):
                self._result.marks.append((self._room.now(), name))


async def run(job: Job) -> None:
    room, result, ended = Room(job), Result(), asyncio.Event()
    params = TransportParams(
        audio_in_enabled=True, audio_out_enabled=True, audio_in_sample_rate=RATE, audio_out_sample_rate=RATE
    )
    waits = {} if "stt_wait" not in job.settings else {"ttfs_p99_latency": float(job.settings["stt_wait"])}
    piper = Path(job.piper)
    stt = Whisper(job, **waits)
    llm = OpenAILLMService(api_key="none", base_url=job.upstream, settings=OpenAILLMService.Settings(model="scripted"))
    tts = PiperTTSService(download_dir=piper.parent, settings=PiperTTSService.Settings(voice=piper.stem))
    stop = job.settings.get("stop", "smart_turn")
    strategies = None
    if stop != "smart_turn":
        strategies = UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=float(stop))])
    aggregators = LLMContextAggregatorPair(
        LLMContext([{"role": "system", "content": "Answer briefly."}]),
        user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer(), user_turn_strategies=strategies),
    )
    pipeline = Pipeline(
        [
            Ears(room, params, ended),
            stt,
            aggregators.user(),
            llm,
            tts,
            Mouth(Speaker(room), params),
            aggregators.assistant(),
        ]
    )
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        observers=[Watch(room, result)],
        idle_timeout_secs=None,
        enable_rtvi=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    running = asyncio.create_task(runner.run(worker))
    await room.opened.wait()
    meter = Meter()
    await ended.wait()
    meter.read(result)
    write_result(job, room, result)
    await worker.cancel()
    await asyncio.wait({running}, timeout=5)


if __name__ == "__main__":
    asyncio.run(run(read_job(sys.argv[1])))
