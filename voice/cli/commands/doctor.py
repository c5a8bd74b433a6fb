"""`voice doctor`: what works on this machine, and how to fix what does not."""

from __future__ import annotations

import os
import platform
import sys
import time
from typing import TYPE_CHECKING

import click

from voice.cli.findings import BROKEN, GOOD, LIMITED, Finding, show
from voice.cli.options import Resolved, configured
from voice.errors import VoiceError
from voice.wiring.engine_choice import engine_choices, voice_encoder_file, why_no_voices

if TYPE_CHECKING:
    from voice.audio.portaudio import Direction

UNAVAILABLE = 69


@click.command("doctor")
@click.option("--security", is_flag=True, help="Check instead who could read, hear or change what.")
@configured
def command(resolved: Resolved, security: bool) -> None:
    """Show what works on this machine and how to fix what does not.

    Exits with code 69 if something that the settings require does not work, or, with --security, if something is open
    to others.
    """
    from voice.cli import security_checks as doctor_security

    if show(doctor_security.CHECKS if security else CHECKS, resolved):
        click.get_current_context().exit(UNAVAILABLE)


def machine(resolved: Resolved) -> Finding:
    """Python, the processor, and the temperature and power supply of a single-board computer."""
    from voice.system.raspberry_pi import board

    cores, found = os.cpu_count() or 1, board()
    words = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {cores} cores"
    tight = "" if cores > 1 else "for a single core: --profile pi"
    if found is None:
        return Finding(GOOD, words, tight)
    heat = [f"{found.celsius:.0f} °C"] if found.celsius is not None else []
    told = "; ".join([", ".join([words, found.model, *heat]), *found.troubles])
    return Finding(LIMITED if found.troubles else GOOD, told, found.remedy or tight)


def sound(resolved: Resolved) -> Finding:
    """The audio route."""
    from voice.system.raspberry_pi import sound_route

    route = sound_route()
    if route:
        return Finding(GOOD, route)
    return Finding(LIMITED, "no sound server and no sound card", "on a Pi: docs/raspberry-pi.md, Sound")


def microphone(resolved: Resolved) -> Finding:
    """The selected microphone."""
    return _device(resolved, "microphone")


def speaker(resolved: Resolved) -> Finding:
    """The selected speaker."""
    return _device(resolved, "speaker")


def _device(resolved: Resolved, direction: Direction) -> Finding:
    from voice.audio.portaudio import choose, list_devices, pick_format

    audio = resolved.settings.audio
    wanted = audio.input if direction == "microphone" else audio.output
    try:
        device = choose(list_devices(), wanted, direction)
        rate, channels = pick_format(device, direction, 16_000)
    except VoiceError as error:
        return Finding(BROKEN if wanted else LIMITED, error.what, error.remedy)
    return Finding(GOOD, f"{device.name} ({rate} Hz, {channels} ch)")


def recognition(resolved: Resolved) -> Finding:
    """The recognizer: chosen, loaded and run once."""
    from voice.wiring.engines import recognizer

    choice = engine_choices(resolved.settings).recognizer
    began = time.perf_counter()
    recognizer(resolved.settings).warm()
    return Finding(GOOD, f"{choice}, ready in {time.perf_counter() - began:.1f} s", choice.better)


def speech(resolved: Resolved) -> Finding:
    """The synthesizer: chosen, loaded and run once."""
    from voice.wiring.engines import synthesizer

    choice = engine_choices(resolved.settings).synthesizer
    began = time.perf_counter()
    synthesizer(resolved.settings).warm()
    return Finding(GOOD, f"{choice}, ready in {time.perf_counter() - began:.1f} s", choice.better)


def echo(resolved: Resolved) -> Finding:
    """Echo cancelling, which makes interruptions possible without headphones."""
    from voice.audio.echo_canceller import canceller_installed

    wanted = resolved.settings.audio.echo
    if canceller_installed():
        return Finding(GOOD, f"audio.echo = {wanted}, WebRTC's canceller is installed")
    remedy = f"to interrupt replies from loudspeakers: {sys.executable} -m pip install livekit"
    if wanted == "aec":
        return Finding(BROKEN, "audio.echo = aec, but the echo canceller is not installed", remedy)
    return Finding(LIMITED, f"audio.echo = {wanted}, no echo canceller is installed; use headphones", remedy)


def model(resolved: Resolved) -> Finding:
    """The language model's server."""
    from voice.llm.model_list import list_models

    chat = resolved.settings.chat
    if chat.server:
        return Finding(GOOD, f"sessions are stored by {chat.server}")
    if chat.llm == "builtin":
        return Finding(GOOD, "builtin responder, no model", "for a model: voice setup llm")
    kind = ""
    try:
        server = list_models(chat.llm, chat.api_key)
        trouble, kind = server.lacks(chat.model), server.kind
    except VoiceError as error:
        trouble = str(error)
    if trouble:
        remedy = "check that the server is running and VOICE_CHAT_API_KEY is right, or choose another: voice setup llm"
        return Finding(BROKEN, trouble, remedy)
    answers, hot = f"{chat.llm} {chat.model}".rstrip() + " answers", resolved.settings.serve.hot
    if hot and kind != "llama.cpp":
        return Finding(
            LIMITED, f"{answers}; serve.hot has no effect there", "use llama-server, or leave serve.hot at 0"
        )
    return Finding(GOOD, answers + (f"; {hot} of its slots are kept for the sessions worth most" if hot else ""))


def memory(resolved: Resolved) -> Finding:
    """The place where conversations are stored."""
    from pathlib import Path

    from voice.paths import user_data

    store = resolved.settings.chat.store
    if store and not store.startswith("sqlite:///"):
        return Finding(
            GOOD, "conversations stay in memory" if store == "memory" else "conversations are stored in Redis"
        )
    folder = Path(store.removeprefix("sqlite:///")).expanduser().parent if store else user_data()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if os.access(there, os.W_OK):
        return Finding(GOOD, f"conversations are stored in {folder}")
    return Finding(
        BROKEN,
        f"{folder} is not writable",
        "choose another place with --set chat.store=sqlite:///FILE, or --set chat.store=memory",
    )


def voices(resolved: Resolved) -> Finding:
    """Knowing people by their voice: the encoder, loaded once, and the voices that it made."""
    from voice.memory.voice_book import known_voices
    from voice.speakers.ge2e import Ge2eEncoder
    from voice.wiring.memory import vault

    settings = resolved.settings
    if settings.chat.server:
        return Finding(GOOD, f"no one is known by voice with {settings.chat.server}")
    if why := why_no_voices(settings):
        return Finding(GOOD, f"no one is known by voice: {why}")
    file = voice_encoder_file(settings)
    if file is None:
        remedy = "where several people speak: voice models pull voice-encoder (17 MB), or voice setup people"
        return Finding(LIMITED, "no voice encoder is downloaded; all who speak are one person", remedy)
    began = time.perf_counter()
    Ge2eEncoder(file)
    told = f"voice encoder, ready in {time.perf_counter() - began:.1f} s"
    kept = vault(settings)
    known, fitting = len(known_voices(kept)), len(known_voices(kept, Ge2eEncoder.name))
    told += f"; voices known: {fitting}"
    if known == fitting:
        return Finding(GOOD, told, "" if known else "to be known, say “my name is”, and your name, to voice talk")
    return Finding(LIMITED, f"{told}, of another encoder: {known - fitting}", "these people say their name once more")


def moderation(resolved: Resolved) -> Finding:
    """The moderation rules and servers."""
    import asyncio

    from voice.wiring.safety import moderation as build

    safety = resolved.settings.safety
    if resolved.settings.chat.server:
        return Finding(GOOD, f"done by {resolved.settings.chat.server}")
    made = build(resolved.settings)
    if made is None:
        return Finding(LIMITED, "off: replies are not checked", "--set safety.moderate=strict")

    async def ask() -> str:
        try:
            return (await made.ask("Hello, how are you?", None)).error
        finally:
            await made.close()

    asked = ", ".join(judge.name for judge in made.judges)
    error = asyncio.run(ask()) if made.judges else ""
    if error:
        return Finding(BROKEN, error, f"without it text is {'stopped' if made.closed else 'let on'}: safety.on_error")
    count = len(made.rules.rules) if made.rules else 0
    return Finding(GOOD, f"{safety.moderate}, {count} rules" + (f", and {asked}" if asked else ""))


CHECKS = {
    "machine": machine,
    "sound": sound,
    "microphone": microphone,
    "speaker": speaker,
    "recognition": recognition,
    "speech": speech,
    "echo": echo,
    "language model": model,
    "memory": memory,
    "voices": voices,
    "moderation": moderation,
}
