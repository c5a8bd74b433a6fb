"""`voice say`: speak text through the speaker or into a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voice.cli.options import Resolved, configured, setting
from voice.errors import MissingError, UsageError

if TYPE_CHECKING:
    from voice.audio.playout import Playout
    from voice.tts.interface import Chunk, Synthesizer

AHEAD_S = 30.0
"""Seconds of audio that may wait to be played before the next clause is made."""


ENDINGS = {"": "wav", ".wav": "wav", ".mp3": "mp3", ".ogg": "opus", ".opus": "opus", ".flac": "flac", ".aac": "aac"}
"""The format of each file by its ending; /dev/stdout and its like have none."""


@click.command("say")
@click.argument("text")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a file instead of playing: .wav, .mp3, .ogg, .opus, .flac, .aac.",
)
@click.option(
    "--show", is_flag=True, help="Print the words that would be spoken, one clause per line, without speaking."
)
@setting("--tts", "tts.engine")
@setting("--voice", "tts.voice", metavar="NAME")
@setting("--language", "tts.language", metavar="TAG")
@setting("--speed", "tts.speed")
@configured
def command(resolved: Resolved, text: str, output: Path | None, show: bool) -> None:
    """Speak TEXT; `-` reads it from standard input."""
    from voice.text.clauses import spoken_clauses
    from voice.wiring.engines import synthesizer

    if show and output is not None:
        raise UsageError("--show and --output cannot be combined", where="--show")
    language = resolved.settings.tts.language or resolved.settings.asr.language
    texts = spoken_clauses(sys.stdin.read() if text == "-" else text, language)
    if not texts:
        raise UsageError("the text has nothing to speak", where="TEXT", expected="a text with words")
    if show:
        click.echo("\n".join(texts))
        return
    engine = synthesizer(resolved.settings)
    if output is not None:
        _into_file(engine, texts, output)
    else:
        from voice.cli.interrupt import run

        run(_aloud(engine, texts, resolved.settings.audio.output))


def _into_file(engine: Synthesizer, texts: list[str], path: Path) -> None:
    from voice.audio.wav import WavWriter

    ending = path.suffix.lower()
    if ending not in ENDINGS:
        expected = f"a name that ends with one of {', '.join(filter(None, ENDINGS))}"
        raise UsageError(f"cannot write {ending} files", where=str(path), expected=expected)
    if ENDINGS[ending] != "wav":
        _encoded(engine, texts, path, ENDINGS[ending])
        return
    writer = WavWriter(path, engine.rate)

    def write(chunk: Chunk) -> bool:
        writer.write(chunk.pcm)
        return True

    try:
        for text in texts:
            engine.speak(text, write)
    finally:
        writer.close()


def _encoded(engine: Synthesizer, texts: list[str], path: Path, kind: str) -> None:
    from voice.audio.encoder import AudioEncoder

    encoder = AudioEncoder(kind, engine.rate)
    try:
        with path.open("wb") as file:

            def write(chunk: Chunk) -> bool:
                file.write(encoder.encode(chunk.pcm))
                return True

            for text in texts:
                engine.speak(text, write)
            file.write(encoder.finish())
    except OSError as error:
        raise MissingError(
            f"cannot be written: {error.strerror}", where=str(path), expected="a writable file with free space"
        ) from error


async def _aloud(engine: Synthesizer, texts: list[str], device: str) -> None:
    import asyncio

    from voice.audio.device_watcher import DeviceKeeper
    from voice.audio.devices import Speaker
    from voice.audio.playout import Playout, PlayoutDrained, PlayoutEvent

    loop, over = asyncio.get_running_loop(), asyncio.Event()

    def played(event: PlayoutEvent) -> None:
        if isinstance(event, PlayoutDrained):
            loop.call_soon_threadsafe(over.set)

    playout = Playout(engine.rate, played)
    keeper = DeviceKeeper()
    speaker = Speaker(keeper, device, playout, lambda event: click.echo(str(event), err=True))
    try:
        await speaker.start()
        await play(engine, texts, playout)
        await over.wait()
        await asyncio.sleep(speaker.latency_s)
    finally:
        engine.cancel()
        await speaker.close()
        await keeper.close()


async def play(engine: Synthesizer, texts: list[str], playout: Playout) -> None:
    """Play the clauses as one reply, adding each shortly before it is due because the playout's buffer is bounded."""
    import asyncio

    playout.begin(1)
    for text in texts:
        while (ahead := playout.buffered_s - AHEAD_S) > 0:  # noqa: ASYNC110  the device takes it at its own pace
            await asyncio.sleep(ahead)
        await asyncio.to_thread(engine.speak, text, lambda chunk: playout.push(chunk.pcm, 1))
    playout.finish(1)
