"""Who speaks, as a conversation hears it: what is listened to and when, and what is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np

from tests.support.voices import ANN, BEN, EVA, ConstantEncoder, voice_of
from voice.audio.frames import RATE, Frame
from voice.clock import run_virtual
from voice.conversation.observer import Note, Notice
from voice.conversation.speaker import SOMEONE, SpeakerWatch
from voice.errors import EngineError
from voice.speakers.interface import VoiceEncoder
from voice.speakers.recognition import ENOUGH_S, KnownVoice, Sample
from voice.worker import Worker

FRAME_S = 0.02


class Scene:
    """A watch with an encoder, and people who speak to it one after another."""

    def __init__(self, encoder: ConstantEncoder | None = None) -> None:
        self.encoder, self.notes = encoder or ConstantEncoder(), list[Note]()
        self.worker: Worker[VoiceEncoder] = Worker("voices", lambda: self.encoder)
        self.watch = SpeakerWatch(self.worker, "constant", self.notes.append)
        self.turn, self.at = 0, 0.0

    def knows(self, *people: tuple[str, int], seconds: float = 30.0) -> None:
        self.watch.learn([KnownVoice(name, name.title(), voice_of(person), seconds) for name, person in people])

    def hear(self, person: int, seconds: float, *, voiced: bool = True) -> None:
        pcm = np.full(round(FRAME_S * RATE), person, np.int16)
        for _ in range(round(seconds / FRAME_S)):
            self.at += FRAME_S
            self.watch.hear(Frame(pcm, self.at), voiced=voiced)

    async def says(self, person: int, seconds: float) -> dict[str, str]:
        """A whole turn of one person, committed; returns who was heard."""
        self.turn += 1
        self.hear(0, 1.0, voiced=False)
        self.hear(person, 0.2)
        self.watch.open(self.turn)
        self.hear(person, seconds - 0.2)
        self.watch.finish(self.turn)
        await self.watch.sending(self.turn)
        heard = dict(self.watch.speaker)
        self.watch.committed(self.turn)
        return heard


def play(run: Callable[[Scene], Awaitable[None]], encoder: ConstantEncoder | None = None) -> Scene:
    async def played() -> Scene:
        scene = Scene(encoder)
        try:
            await run(scene)
        finally:
            await scene.watch.close()
            scene.worker.close()
        return scene

    return run_virtual(played())


def test_people_are_told_apart_and_others_are_someone() -> None:
    async def run(scene: Scene) -> None:
        scene.knows(("ann", ANN), ("ben", BEN))
        assert await scene.says(ANN, 3.0) == {"id": "ann", "name": "Ann"}
        assert await scene.says(BEN, 3.0) == {"id": "ben", "name": "Ben"}
        assert await scene.says(EVA, 3.0) == SOMEONE

    play(run)


def test_while_no_voice_is_known_nothing_is_computed() -> None:
    async def run(scene: Scene) -> None:
        assert await scene.says(ANN, 3.0) == {}

    scene = play(run)
    assert scene.encoder.calls == 0
    assert scene.worker.engine is None  # not even loaded


def test_without_an_encoder_it_does_nothing() -> None:
    async def run(scene: Scene) -> None:
        scene.watch = SpeakerWatch()
        scene.knows(("ann", ANN))
        assert await scene.says(ANN, 3.0) == {}
        assert await scene.watch.sample() is None

    play(run)


def test_a_long_turn_costs_no_more_than_a_voice_needs() -> None:
    async def run(scene: Scene) -> None:
        scene.knows(("ann", ANN))
        await scene.says(ANN, 60.0)

    assert play(run).encoder.calls <= 6


def test_typed_words_have_no_speaker() -> None:
    async def run(scene: Scene) -> None:
        scene.knows(("ann", ANN))
        await scene.says(ANN, 3.0)
        await scene.watch.sending(99)
        assert scene.watch.speaker == {}

    play(run)


def test_a_sample_is_the_voice_of_the_last_words_of_one_person() -> None:
    async def run(scene: Scene) -> None:
        assert await scene.watch.sample() is None
        await scene.says(BEN, 5.0)  # two turns ago: forgotten
        await scene.says(ANN, 2.4)
        await scene.says(EVA, 0.8)  # another one says yes
        sample = await scene.watch.sample()
        assert sample is not None
        assert sample.voice.tolist() == voice_of(ANN).tolist()
        assert 2.2 <= sample.seconds <= 2.6

    play(run)


def test_a_voice_that_is_not_known_well_is_improved_once_a_turn() -> None:
    learned: list[tuple[str, str, float]] = []

    async def improve(id: str, name: str, sample: Sample) -> None:
        learned.append((id, name, round(sample.seconds)))

    async def run(scene: Scene) -> None:
        scene.watch.improve = improve
        scene.knows(("ann", ANN), seconds=4.0)
        await scene.says(ANN, 3.2)
        scene.watch.committed(scene.turn)
        await scene.says(ANN, 0.6)
        await scene.says(EVA, 3.2)
        scene.knows(("ann", ANN), seconds=ENOUGH_S)
        await scene.says(ANN, 3.2)
        await asyncio.sleep(0)

    play(run)
    assert learned == [("ann", "Ann", 3)]


class Broken(ConstantEncoder):
    def embed(self, pcm: object) -> np.ndarray:
        raise EngineError("no memory")


def test_an_encoder_that_fails_leaves_a_stranger_and_says_so() -> None:
    async def run(scene: Scene) -> None:
        scene.knows(("ann", ANN))
        assert await scene.says(ANN, 3.0) == SOMEONE

    scene = play(run, Broken())
    assert any(isinstance(told, Notice) and "no memory" in told.text for told in scene.notes)
