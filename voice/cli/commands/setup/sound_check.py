"""Trying the microphone and the speaker: a sentence read aloud and read back, a voice heard, and heard by itself."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import click
import numpy as np

from voice.asr.interface import Recognizer
from voice.audio.device_watcher import DeviceEvent, DeviceKeeper
from voice.audio.devices import Microphone, Speaker
from voice.audio.echo_detector import EchoDetector
from voice.audio.frames import Frame, Pcm, level_dbfs
from voice.audio.playout import Playout, PlayoutDrained, PlayoutEvent
from voice.cli.terminal.conversation_view import sparkline
from voice.tts.interface import Chunk, Synthesizer
from voice.vad.speech_gate import SpeechGate
from voice.vad.webrtc import WebrtcDetector

FRAME_MS = 20
LONGEST_S, PATIENCE_S = 15.0, 8.0
"""The longest sentence, and how long someone may take to begin it."""

ENDS_S = 1.2
"""Silence that ends the sentence."""

BEFORE_S = 0.4
METER_S = 0.1
Show = Callable[[str], None]


def show_level(line: str) -> None:
    """Redraw the level meter's line; an empty one ends it."""
    click.echo(f"\r{line}" if line else "", nl=not line)


async def read_aloud(device: str, show: Show) -> Pcm:
    """What someone says into the microphone, with a little silence around it; empty where nothing was said.

    The level is shown meanwhile. Raises MissingError for a device that cannot be opened.
    """
    gate, detector = SpeechGate(start_s=0.1, hangover_s=0.0), WebrtcDetector(2)
    levels: deque[float] = deque(maxlen=30)
    kept: list[Pcm] = []
    began: float | None = None
    ended = spoke_until = shown = 0.0
    async with _microphone(device) as (name, frames):
        async for frame in frames:
            began = frame.at if began is None else began
            kept.append(frame.pcm)
            level = level_dbfs(frame.pcm)
            if frame.at - shown >= METER_S:
                shown = frame.at
                levels.append(level)
                show(f"{name}: {sparkline(levels):<30} {level:6.1f} dBFS ")
            gate.update(detector.probability(frame.pcm), frame.at, frame.duration_s, level)
            if gate.speaking:
                spoke_until = frame.at
            elif not spoke_until:
                kept = kept[-round(BEFORE_S * 1000 / FRAME_MS) :]
            ended = frame.at
            if spoke_until and (ended - spoke_until >= ENDS_S or ended - began >= LONGEST_S):
                break
            if not spoke_until and ended - began >= PATIENCE_S:
                break
    show("")
    return np.concatenate(kept) if spoke_until and kept else np.zeros(0, dtype=np.int16)


def words_of(recognizer: Recognizer, pcm: Pcm) -> str:
    """What the recognizer reads in it."""
    utterance = recognizer.open()
    try:
        utterance.add_audio(pcm)
        return utterance.result().text.strip()
    finally:
        utterance.close()


async def speak(engine: Synthesizer, text: str, device: str) -> None:
    """Say a text through the speaker, to its end. Raises MissingError for a device that cannot be opened."""
    async with _speaking(engine, text, device, None) as over:
        await over.wait()


async def hears_itself(engine: Synthesizer, text: str, speaker: str, microphone: str) -> bool:
    """Whether what the speaker says comes back through the microphone. Raises MissingError without the devices."""
    echo = EchoDetector(engine.rate)
    async with (
        _microphone(microphone) as (_, frames),
        _speaking(engine, text, speaker, echo) as over,
    ):
        tail: float | None = None
        async for frame in frames:
            echo.near(frame)
            if echo.delay_s is not None:
                return True
            if over.is_set():
                tail = frame.at if tail is None else tail
                if frame.at - tail > ENDS_S:
                    break
    return False


@asynccontextmanager
async def _microphone(device: str) -> AsyncIterator[tuple[str, AsyncIterator[Frame]]]:
    keeper = DeviceKeeper()
    microphone = Microphone(keeper, device, FRAME_MS, _tell)
    try:
        yield microphone.name, microphone.frames()
    finally:
        await microphone.close()
        await keeper.close()


@asynccontextmanager
async def _speaking(
    engine: Synthesizer, text: str, device: str, echo: EchoDetector | None
) -> AsyncIterator[asyncio.Event]:
    """Say the text meanwhile; the event is set once it was heard."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()

    def played(event: PlayoutEvent) -> None:
        if isinstance(event, PlayoutDrained):
            loop.call_soon_threadsafe(over.set)

    playout = Playout(engine.rate, played)
    playout.tap = echo.far if echo is not None else None
    keeper = DeviceKeeper()
    speaker = Speaker(keeper, device, playout, _tell)

    def push(chunk: Chunk) -> bool:
        return playout.push(chunk.pcm, 1)

    try:
        await speaker.start()
        playout.begin(1)
        await asyncio.to_thread(engine.speak, text, push)
        playout.finish(1)
        yield over
        await asyncio.sleep(speaker.latency_s)
    finally:
        engine.cancel()
        await speaker.close()
        await keeper.close()


def _tell(event: DeviceEvent) -> None:
    click.echo(str(event), err=True)
