"""What `voice setup` tries on this machine: its devices, models, engines, packages and model servers."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec

import click

from voice.cli.commands.setup.questions import Sound, locale_language
from voice.errors import UnavailableError, VoiceError
from voice.llm.model_list import ModelServer, list_models, local_servers
from voice.models.registry import WHISPER, Model
from voice.models.store import ModelStore, shipped_registry
from voice.settings.schema import Settings

INSTALL_S = 600.0


class Machine:
    """This machine, for the questions of `voice setup`; methods block and raise VoiceError."""

    def __init__(self, *, offline: bool = False) -> None:
        self.offline = offline
        self.registry: Sequence[Model] = shipped_registry()

    def sound(self) -> Sound:
        """The names of microphones and speakers; none where there is no sound at all."""
        from voice.audio.portaudio import Device, Direction, list_devices

        try:
            devices = list_devices()
        except VoiceError:
            return Sound()

        def names(direction: Direction) -> tuple[str, ...]:
            usable: list[Device] = [device for device in devices if device.channels(direction)]
            return tuple(device.name for device in sorted(usable, key=lambda device: not device.is_default(direction)))

        return Sound(names("microphone"), names("speaker"))

    def present(self, settings: Settings) -> list[Model]:
        """The models that are downloaded."""
        return ModelStore(settings.models.folder).present(self.registry)

    def fetch_fitting(self, settings: Settings) -> None:
        """Download what is missing for these settings and fits this machine; it says what it does."""
        from voice.cli.commands.models.fetching import fetch_better, start_with_models

        heard = any(model.kind == WHISPER for model in self.present(settings))
        start_with_models(settings, offline=self.offline, again=True)
        if heard and not self.offline:  # else the model that fits was just fetched
            fetch_better(settings)

    def fetch(self, model: Model, settings: Settings) -> None:
        """Download one model, with a bar."""
        from voice.cli.commands.models.fetching import fetch

        fetch([model], ModelStore(settings.models.folder), settings.models.source)

    def read_back(self, settings: Settings) -> str:
        """The words that someone says into the microphone now; empty where nothing was said."""
        from voice.cli.commands.setup.sound_check import read_aloud, show_level, words_of
        from voice.cli.interrupt import run
        from voice.wiring.engines import recognizer

        pcm = run(read_aloud(settings.audio.input, show_level))
        return words_of(recognizer(settings, partials=False), pcm) if len(pcm) else ""

    def say(self, text: str, settings: Settings) -> None:
        """Say a text in the voice of the settings."""
        from voice.cli.commands.setup.sound_check import speak
        from voice.cli.interrupt import run
        from voice.wiring.engines import synthesizer

        run(speak(synthesizer(settings), text, settings.audio.output))

    def hears_itself(self, text: str, settings: Settings) -> bool:
        """Whether the microphone hears what the speaker says."""
        from voice.cli.commands.setup.sound_check import hears_itself
        from voice.cli.interrupt import run
        from voice.wiring.engines import synthesizer

        return run(hears_itself(synthesizer(settings), text, settings.audio.output, settings.audio.input))

    def has(self, module: str) -> bool:
        """Whether a package is installed."""
        try:
            return find_spec(module) is not None
        except ModuleNotFoundError:
            return False

    def install(self, packages: Sequence[str]) -> None:
        """Install packages beside this program, from the package index of pip."""
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
        shown = " ".join(["pip install", *packages])
        click.echo(f"{shown} …")
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UnavailableError("cannot be installed", where=shown, remedy="install it by hand") from error
        importlib.invalidate_caches()
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["pip failed"]
            raise UnavailableError(f"cannot be installed: {said[-1]}", where=shown, remedy="install it by hand")

    def servers(self) -> list[ModelServer]:
        """The model servers on this machine."""
        return local_servers(os.environ)

    def models_at(self, url: str, key: str) -> ModelServer:
        """The models of a server elsewhere; raises KeyRefused where it wants a key."""
        return list_models(url, key)

    def home_version(self, url: str, token: str) -> str:
        """The version of the Home Assistant that answers there."""
        from voice.tools.home_assistant import HomeAssistant

        return HomeAssistant(url, token).check()

    def wake_words(self, names: str) -> None:
        """Load wake words by name or file; raises where one is not known."""
        from voice.wake.micro_wake_word import MicroWakeWords

        MicroWakeWords([name.strip() for name in names.split(",") if name.strip()], 0.5)


def language_of(settings: Settings) -> str:
    """The language spoken with the assistant, as a bare tag."""
    return locale_language(settings.asr.language) or "en"
