"""`voice say`: what is said, whole, however long it is."""

from __future__ import annotations

import asyncio

from voice.audio.devices import SilentSink
from voice.audio.playout import Playout, PlayoutDrained, PlayoutEvent
from voice.cli.commands.say import clauses, play
from voice.clock import VirtualLoop
from voice.tts.tone import ToneSynthesizer


def test_a_text_of_many_minutes_is_said_to_its_end() -> None:
    words = 7 * 300

    async def speak() -> None:
        over = asyncio.Event()

        def played(event: PlayoutEvent) -> None:
            if isinstance(event, PlayoutDrained):
                over.set()

        engine = ToneSynthesizer()
        playout = Playout(engine.rate, played)
        sink = SilentSink(playout)
        await sink.start()
        await play(engine, clauses("one two three four five six seven. " * 300), playout)
        await over.wait()
        assert playout.refused == 0
        assert playout.played == words * round(0.16 * engine.rate)
        await sink.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(asyncio.wait_for(speak(), 2000.0))
