"""A microphone that plays what a test wants and a speaker that can be recorded, by private PulseAudio servers.

Each device has a server of its own with one null sink, so that unplugging it leaves PulseAudio nothing to move the
stream to. PortAudio reaches them through ALSA's pulse plugin. No sound card is needed, and root may run it.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np

from tests.support.patience import PATIENCE_S
from voice.audio.frames import RATE, Pcm
from voice.audio.wav import write_wav

PROGRAMS = ("pulseaudio", "pactl", "paplay", "parec")
ALSA_BASE = Path("/usr/share/alsa/alsa.conf")
DEVICES = ("mic", "speaker")


def missing() -> str:
    """Why the servers cannot run here; empty where they can."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if not list(Path("/usr/lib").glob("**/alsa-lib/libasound_module_pcm_pulse.so")) or not ALSA_BASE.exists():
        absent.append("ALSA's pulse plugin")
    if ctypes.util.find_library("portaudio") is None:
        absent.append("PortAudio")
    return f"not installed here: {', '.join(absent)} (scripts/test brings them where it may)" if absent else ""


class Pulse:
    """Two running servers, `mic` and `speaker`; a program started with `env` has them as its only sound devices."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pulse-")
        self._root = Path(self._folder.name)
        self._servers: dict[str, subprocess.Popen[bytes]] = {}
        self._playing: list[subprocess.Popen[bytes]] = []
        self._sinks = dict.fromkeys(DEVICES, "null")
        self._config = self._root / "asound.conf"
        self.name_devices("mic", "speaker")
        self.env = {**os.environ, **self._variables(self._root), "ALSA_CONFIG_PATH": str(self._config)}

    def _variables(self, folder: Path) -> dict[str, str]:
        return {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_RUNTIME_PATH": str(folder)}

    def name_devices(self, mic: str, speaker: str) -> None:
        """Give the devices these names for everyone who starts PortAudio from now on; the old names are gone."""
        plugs = "".join(
            f'pcm."{name}" {{ type pulse server "unix:{self._root}/{device}.sock" hint {{ show on }} }}\n'
            for name, device in ((mic, "mic"), (speaker, "speaker"))
        )
        default = f'pcm.!default {{ type asym playback.pcm "{speaker}" capture.pcm "{mic}" }}\n'
        # A new file in place of the old one: ALSA does not see a change within the second in which it read the file.
        written = self._config.with_suffix(".new")
        written.write_text(f"<{ALSA_BASE}>\n{plugs}{default}", encoding="utf-8")
        written.replace(self._config)

    def __enter__(self) -> Pulse:
        for device in DEVICES:
            (self._root / device).mkdir(mode=0o700)
            self._start(device)
        for device in DEVICES:
            self._wait_for(device)
            self.plug(device)
        return self

    def _start(self, device: str) -> None:
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes"]
        command += ["--use-pid-file=no", "--high-priority=yes", "-L"]
        command += [f"module-native-protocol-unix socket={self._root}/{device}.sock auth-anonymous=1"]
        env = {**os.environ, **self._variables(self._root / device)}
        with (self._root / f"{device}.log").open("ab") as log:
            self._servers[device] = subprocess.Popen(command, env=env, stdout=log, stderr=log)

    def kill(self, device: str) -> None:
        """The sound server of `mic` or `speaker` dies."""
        self._servers[device].kill()
        self._servers[device].wait(timeout=PATIENCE_S)
        (self._root / f"{device}.sock").unlink(missing_ok=True)

    def revive(self, device: str) -> None:
        """Start a sound server that was killed, with its device."""
        self._start(device)
        self._wait_for(device)
        self.plug(device)

    def move_default(self, device: str) -> None:
        """Plug a second device into the server of `mic` or `speaker`, and make it the default."""
        self._run(device, "load-module", "module-null-sink", "sink_name=second", "rate=44100", "channels=2")
        if device == "mic":
            self._run(device, "load-module", "module-remap-source", "master=second.monitor", "source_name=mic2")
            self._run(device, "set-default-source", "mic2")
        self._run(device, "set-default-sink", "second")
        self._sinks[device] = "second"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._playing:  # a test that failed leaves its player to us, not to whichever test comes next
            process.kill()
            process.wait(timeout=PATIENCE_S)
        for server in self._servers.values():
            server.terminate()
        for server in self._servers.values():
            server.wait(timeout=PATIENCE_S)
        self._folder.cleanup()

    def _wait_for(self, device: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while subprocess.run(self._pactl(device, "info"), capture_output=True, env=self.env).returncode:
            if time.monotonic() > deadline:
                log = (self._root / f"{device}.log").read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"PulseAudio did not start: {log}")
            time.sleep(0.05)

    def _pactl(self, device: str, *words: str) -> list[str]:
        return ["pactl", f"--server=unix:{self._root}/{device}.sock", *words]

    def _run(self, device: str, *words: str) -> str:
        done = subprocess.run(self._pactl(device, *words), capture_output=True, text=True, check=True, env=self.env)
        return done.stdout

    def plug(self, device: str) -> None:
        """Connect `mic` or `speaker`."""
        self._run(device, "load-module", "module-null-sink", "sink_name=null", "rate=48000", "channels=2")
        if device == "mic":
            self._run(device, "load-module", "module-remap-source", "master=null.monitor", "source_name=mic")

    def unplug(self, device: str) -> None:
        """Disconnect `mic` or `speaker`; streams to it are killed."""
        self._run(device, "unload-module", "module-null-sink")

    def play(self, pcm: Pcm, rate: int = RATE) -> subprocess.Popen[bytes]:
        """Say something into the microphone; the process returned ends when it was said."""
        path = self._root / "said.wav"
        write_wav(path, pcm, rate)
        return self.play_file(path)

    def play_file(self, path: Path) -> subprocess.Popen[bytes]:
        """Play a WAV file into the microphone; the process returned ends when it was said."""
        command = [
            "paplay",
            f"--server=unix:{self._root}/mic.sock",
            f"--device={self._sinks['mic']}",
            "--latency-msec=250",
            str(path),
        ]
        playing = subprocess.Popen(command, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._playing.append(playing)
        return playing

    @contextmanager
    def record(self) -> Iterator[Recording]:
        """Record what the speaker plays, from entering to leaving."""
        path = self._root / "recorded.raw"
        command = [
            "parec",
            f"--server=unix:{self._root}/speaker.sock",
            f"--device={self._sinks['speaker']}.monitor",
            "--raw",
        ]
        command += ["--format=s16le", f"--rate={RATE}", "--channels=1", "--latency-msec=20"]
        with path.open("wb") as file:
            process = subprocess.Popen(command, env=self.env, stdout=file, stderr=subprocess.DEVNULL)
        try:
            yield Recording(path)
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_S)

    @contextmanager
    def room(self) -> Iterator[None]:
        """What the speaker plays reaches the microphone, from entering to leaving."""
        recorder = ["parec", f"--server=unix:{self._root}/speaker.sock", f"--device={self._sinks['speaker']}.monitor"]
        player = ["pacat", f"--server=unix:{self._root}/mic.sock", f"--device={self._sinks['mic']}"]
        with (
            subprocess.Popen([*recorder, "--latency-msec=20"], env=self.env, stdout=subprocess.PIPE) as heard,
            subprocess.Popen([*player, "--latency-msec=20"], env=self.env, stdin=heard.stdout) as played,
        ):
            try:
                yield
            finally:
                for process in (heard, played):
                    process.kill()
                    process.wait(timeout=PATIENCE_S)


class Recording:
    """What a speaker has played so far."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def pcm(self) -> Pcm:
        """Samples at `RATE`."""
        data = self._path.read_bytes()
        return np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.int16)
