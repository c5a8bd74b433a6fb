"""The recorded conversation held by the kiosk page: Chromium's microphone speaks it, and its speaker is listened to.

A busy browser loses sound at either end. So each piece is placed at the time it was really there, and each stretch of
the recording is looked for where it was really heard.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import chromium
from benchmarks.peers.stage import Said
from voice.audio.frames import RATE, Pcm
from voice.audio.resample import resample
from voice.audio.wav import read_wav
from voice.errors import UnavailableError

READY_MS = 30_000

PROBES = """(() => {
  const code = `registerProcessor("probe", class extends AudioWorkletProcessor {
    constructor() { super(); this.pieces = []; }
    process([input]) {
      if (input.length > 0) this.pieces.push(Int16Array.from(input[0], (sample) => sample * 32767));
      if (this.pieces.length === 8) {
        this.port.postMessage({ end: currentFrame + 128, pieces: this.pieces });
        this.pieces = [];
      }
      return true;
    }
  });`;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const connect = AudioNode.prototype.connect;
  const heard = (window.__heard = {});
  async function listen(name, node) {
    const { context } = node;
    await context.audioWorklet.addModule(url);
    const probe = new AudioWorkletNode(context, "probe", { numberOfOutputs: 0 });
    const told = (heard[name] = { rate: context.sampleRate, zeros: [], pieces: [] });
    probe.port.onmessage = ({ data }) => {
      told.zeros.push(performance.now() / 1000 - data.end / told.rate);
      told.pieces.push(...data.pieces);
      told.end = data.end;
    };
    connect.call(node, probe);
  }
  AudioNode.prototype.connect = function (to, ...rest) {
    if (to instanceof AudioDestinationNode) listen("speaker", this);
    else if (this instanceof MediaStreamAudioSourceNode) listen("microphone", this);
    return connect.call(this, to, ...rest);
  };
})()"""
"""Listens at both ends of the page. A message's `zero` is when its context's first frame was, on the page's one clock,
seconds, as far as it can tell: too late by what the message took."""

HEARD = """(name) => {
  const { rate, zeros, end, pieces } = window.__heard[name];
  const samples = new Int16Array(pieces.length * 128);
  pieces.forEach((piece, at) => samples.set(piece, at * 128));
  const bytes = new Uint8Array(samples.buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return { rate, zeros, first: end - samples.length, pcm: btoa(text) };
}"""

MESSAGE = 8 * 128
"""Samples in a message of the probe."""

PROMPT_S = 1.0
"""Of all messages of so long, one comes at once."""

SKIPPED_S = 0.005
"""A context that renders nothing for less is not told from a late message."""

TAIL_S = 1.0
"""A stretch is where so much of its end is found, at most `LOST_S` from where it would be after the one before."""
LOST_S = 2.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound at 16 kHz, and when it began, seconds."""

    began: float
    pcm: Pcm


async def heard(page_url: str, recording: Path, stay_s: float = 6.0) -> tuple[Pcm, Pcm]:
    """Open the page, have the recording spoken to it, and return what its microphone and speaker gave, on one clock.

    Both are taken inside the page: the microphone behind the browser's echo canceller, noise suppression and gain, the
    speaker before the browser's output buffer. Raises UnavailableError where there is no Chromium or no Playwright.
    """
    try:
        from playwright.async_api import async_playwright
    except ImportError as error:
        raise UnavailableError(
            "the package playwright is missing", where="--page", remedy="run scripts/setup dev"
        ) from error
    if chromium.PROGRAM is None:
        raise UnavailableError("Chromium is missing", where="--page", remedy="run scripts/system chromium")
    spoken = read_wav(recording)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium.how(*chromium.speaking(recording)))
        try:
            page = await browser.new_page(bypass_csp=True)
            await page.add_init_script(PROBES)
            await page.goto(page_url)
            await page.wait_for_selector("#state:has-text('Ready')", timeout=READY_MS)
            await page.click("#talk")
            await asyncio.sleep(len(spoken) / RATE + stay_s)
            microphone, speaker = [stretches(**await page.evaluate(HEARD, name)) for name in ("microphone", "speaker")]
        finally:
            await browser.close()
    began = microphone[0].began
    length = round((len(spoken) / RATE + stay_s + 10) * RATE)
    return placed(microphone, began, length), placed(speaker, began, length)


def stretches(rate: float, zeros: Sequence[float], first: int, pcm: str) -> list[Stretch]:
    """What a probe told, cut where its context rendered nothing for a while.

    A message is late and never early, and a context only ever falls behind: so its zero is the earliest that the
    messages of the next while tell.
    """
    samples = np.frombuffer(base64.b64decode(pcm), np.int16)
    ahead = round(PROMPT_S * rate / MESSAGE)
    last = max(0, len(zeros) - ahead)
    exact = [min(zeros[min(index, last) : index + ahead]) for index in range(len(zeros))]
    found, start, zero = [], 0, exact[0]
    for index, now in enumerate([*exact, np.inf]):
        if now > zero + SKIPPED_S:
            part = samples[start * MESSAGE : index * MESSAGE]
            found.append(Stretch(zero + (first + start * MESSAGE) / rate, resample(part, round(rate), RATE)))
            start, zero = index, now
    return found


def asked(said: Sequence[Said], spoken: Pcm, microphone: Pcm) -> list[Said]:
    """The truth about a recording, moved to where the microphone gave it; it began when the microphone did."""
    late_s, found = 0.0, []
    for one in said:
        tail = spoken[round(max(one.start, one.end - TAIL_S) * RATE) : round(one.end * RATE)]
        earliest = max(0, round((one.end + late_s - LOST_S) * RATE) - len(tail))
        there = microphone[earliest : round((one.end + late_s + LOST_S) * RATE)]
        end = (earliest + offset(tail, there) + len(tail)) / RATE
        late_s = end - one.end
        found.append(replace(one, start=one.start + late_s, end=end))
    return found


def offset(spoken: Pcm, heard: Pcm) -> int:
    """Where in `heard` the spoken recording begins, in samples: where their correlation is highest for its loudness."""
    size = 1 << (len(spoken) + len(heard) - 1).bit_length()
    there = heard.astype(np.float64)

    def under(pattern: NDArray[Any], sound: NDArray[Any]) -> NDArray[np.float64]:
        return np.fft.irfft(np.fft.rfft(sound, size) * np.conj(np.fft.rfft(pattern, size)), size)

    loudness = under(np.ones(len(spoken)), there**2)
    quiet = np.mean(there**2) * len(spoken) / 10 + 1.0
    best = int(np.argmax(under(spoken, there) / np.sqrt(np.maximum(loudness, 0.0) + quiet)))
    return best if best < size // 2 else best - size


def placed(sounds: Iterable[Stretch], began: float, length: int) -> Pcm:
    """The sounds on a clock that begins at `began`, with silence between, before and behind them: so many samples."""
    out = np.zeros(length, np.int16)
    for sound in sounds:
        first = round((sound.began - began) * RATE)
        part = sound.pcm[max(0, -first) : max(0, length - first)]
        out[max(0, first) : max(0, first) + len(part)] = part
    return out
