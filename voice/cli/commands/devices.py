"""`voice devices`: microphones and speakers, and the current level of a microphone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from voice.cli.options import Resolved, configured, setting

if TYPE_CHECKING:
    from voice.audio.portaudio import Device


@click.command("devices")
@click.option("--meter", is_flag=True, help="Show the microphone level until Ctrl-C.")
@click.option("--seconds", type=float, metavar="N", help="With --meter: stop after this time.")
@setting("--input", "audio.input", metavar="NAME|NUMBER")
@configured
def command(resolved: Resolved, meter: bool, seconds: float | None) -> None:
    """List microphones and speakers; * marks the selected ones."""
    from voice.audio.portaudio import Direction, choose, list_devices

    devices = list_devices()
    audio = resolved.settings.audio
    if not devices:
        click.echo("no sound devices; `voice talk --input FILE.wav --output FILE.wav` works without")
    chosen_by: dict[Direction, str] = {"microphone": audio.input, "speaker": audio.output}
    for direction, wanted in chosen_by.items():
        usable = [device for device in devices if device.channels(direction)]
        chosen = choose(devices, wanted, direction) if usable else None
        for device in usable:
            click.echo(_line(device, direction, chosen is device, device.channels(direction)))
    if meter:
        from voice.cli.interrupt import run

        run(_meter(audio.input, seconds))


def _line(device: Device, kind: str, chosen: bool, channels: int) -> str:
    mark = "*" if chosen else " "
    return f"{mark} {device.index:>3}  {kind:<10} {device.name}  ({channels} ch, {device.rate} Hz, {device.api})"


async def _meter(name: str, seconds: float | None) -> None:
    import asyncio
    from collections import deque

    from voice.audio.device_watcher import DeviceKeeper
    from voice.audio.devices import Microphone
    from voice.audio.frames import level_dbfs
    from voice.cli.terminal.conversation_view import sparkline

    keeper = DeviceKeeper()
    microphone = Microphone(keeper, name, 20, lambda event: click.echo(f"\n{event}", err=True))
    levels: deque[float] = deque(maxlen=40)
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds if seconds is not None else None
    due = 0.0
    try:
        async for frame in microphone.frames():
            if frame.at >= due:
                due = frame.at + 0.1
                levels.append(level_dbfs(frame.pcm))
                click.echo(f"\r{microphone.name}: {sparkline(levels):<40} {levels[-1]:6.1f} dBFS", nl=False)
            if ends is not None and loop.time() >= ends:
                break
    finally:
        click.echo()
        await microphone.close()
        await keeper.close()
