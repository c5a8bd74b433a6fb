"""The recorded conversation held by the kiosk page: Chromium's microphone speaks it, and its speaker is listened to."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from voice.audio.frames import RATE, Pcm
from voice.audio.resample import resample
from voice.audio.wav import read_wav
from voice.bench import chromium
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
    const told = (heard[name] = { rate: context.sampleRate, zero: Infinity, pieces: [] });
    probe.port.onmessage = ({ data }) => {
      told.zero = Math.min(told.zero, performance.now() / 1000 - data.end / told.rate);
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
"""Listens at both ends of the page. `zero` is when a context's first frame was, on the page's one clock, seconds: the
earliest that any of its messages says, since a message is late and never early."""

HEARD = """(name) => {
  const { rate, zero, end, pieces } = window.__heard[name];
  const samples = new Int16Array(pieces.length * 128);
  pieces.forEach((piece, at) => samples.set(piece, at * 128));
  const bytes = new Uint8Array(samples.buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return { rate, began: zero + end / rate - samples.length / rate, pcm: btoa(text) };
}"""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound at 16 kHz, and when it began, seconds."""

    began: float
    pcm: Pcm


async def heard(page_url: str, recording: Path, stay_s: float = 6.0) -> Pcm:
    """Open the page, have the recording spoken to it, and return what its speaker played, on the recording's clock.

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
            microphone, speaker = [_stretch(await page.evaluate(HEARD, name)) for name in ("microphone", "speaker")]
        finally:
            await browser.close()
    return placed(speaker, microphone.began + offset(spoken, microphone.pcm) / RATE, len(spoken) + round(10 * RATE))


def _stretch(told: dict[str, Any]) -> Stretch:
    pcm = np.frombuffer(base64.b64decode(told["pcm"]), np.int16)
    return Stretch(told["began"], resample(pcm, round(told["rate"]), RATE))


def offset(spoken: Pcm, heard: Pcm) -> int:
    """Where in `heard` the spoken recording begins, in samples, by the peak of their correlation."""
    size = 1 << (len(spoken) + len(heard) - 1).bit_length()
    spectra = (np.fft.rfft(pcm.astype(np.float64), size) for pcm in (heard, spoken))
    correlation = np.fft.irfft(next(spectra) * np.conj(next(spectra)), size)
    best = int(np.argmax(correlation))
    return best if best < size // 2 else best - size


def placed(sound: Stretch, began: float, length: int) -> Pcm:
    """The sound on a clock that begins at `began`, cut or padded with silence to so many samples."""
    out = np.zeros(length, np.int16)
    first = round((sound.began - began) * RATE)
    part = sound.pcm[max(0, -first) : max(0, length - first)]
    out[max(0, first) : max(0, first) + len(part)] = part
    return out
