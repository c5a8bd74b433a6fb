"""The audio source and sink of a conversation: devices, files, or none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from voice.audio.devices import SilentSink
from voice.audio.interfaces import Sink, Source
from voice.audio.playout import Playout
from voice.conversation.observer import Notice, Observer
from voice.settings.schema import Settings

if TYPE_CHECKING:
    from voice.audio.device_watcher import DeviceEvent, DeviceKeeper


class Devices:
    """The source and the sink of one conversation; PortAudio is loaded only if a device is needed."""

    def __init__(self, settings: Settings, playout: Playout, observer: Observer, lost: Callable[[], None]) -> None:
        self._settings, self._playout, self._observer, self._lost = settings, playout, observer, lost
        self._kept: DeviceKeeper | None = None
        self._lost_ones: set[str] = set()

    def _keeper(self) -> DeviceKeeper:
        if self._kept is None:
            from voice.audio.device_watcher import DeviceKeeper

            self._kept = DeviceKeeper()
        return self._kept

    def source(self, path: Path | None) -> Source:
        """The recording, or the microphone."""
        audio = self._settings.audio
        if path is not None:
            from voice.audio.wav import FileSource

            return FileSource(path, audio.frame_ms, self._tell)
        from voice.audio.devices import Microphone

        return Microphone(self._keeper(), audio.input, audio.frame_ms, self._notify, audio.block_ms / 1000)

    def sink(self, path: Path | None, *, quiet: bool) -> Sink:
        """The file, the speaker, or a sink that discards audio."""
        if path is not None:
            from voice.audio.wav import WavSink

            return WavSink(path, self._playout, self._tell)
        audio = self._settings.audio
        if quiet:
            return SilentSink(self._playout, audio.block_ms / 1000)
        from voice.audio.devices import Speaker

        return Speaker(self._keeper(), audio.output, self._playout, self._notify, audio.block_ms / 1000)

    @property
    def waiting(self) -> bool:
        """Whether the microphone is disconnected and awaited."""
        return "microphone" in self._lost_ones

    def _tell(self, text: str, level: str) -> None:
        self._observer(Notice(text, level))

    def _notify(self, event: DeviceEvent) -> None:
        from voice.audio.device_watcher import DeviceLost

        lost = isinstance(event, DeviceLost)
        (self._lost_ones.add if lost else self._lost_ones.discard)(event.direction)
        self._observer(Notice(str(event), "warning" if lost else "info"))
        if lost and event.direction == "microphone":
            self._lost()

    async def close(self) -> None:
        """Free PortAudio."""
        if self._kept is not None:
            await self._kept.close()
