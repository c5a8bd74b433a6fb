"""The echo of a peer we cannot see: what it has played by now, and frames that come when the network likes."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from benchmarks.room_simulation import Echo, Room, Samples, at_level, scene
from tests.audio.test_echo_detector import LASTS_S, SPEAKS_AT, longest, reply, speaker
from tests.support.speech import command
from voice.audio.echo_remote import RemoteEcho
from voice.audio.frames import RATE, Frame
from voice.audio.network import RemotePlayout
from voice.audio.resample import resample

LEARNING_S = 1.3
"""Until the delay of the first reply is known, what is heard counts as a person: most clients have no echo."""

FAR_RATE = 22_050


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def playout(clock: Clock) -> RemotePlayout:
    return RemotePlayout(FAR_RATE, lambda event: None, clock, lambda: False)


def test_what_was_sent_ahead_is_followed_as_it_is_played() -> None:
    clock = Clock()
    sent, pcm = playout(clock), reply("Your voice stays on this machine.")
    sent.begin(1)
    sent.push(pcm)
    sent.take(FAR_RATE, clock())
    assert len(sent.follow()[0]) == 0, "nothing has been played yet"
    clock.now += 0.25
    first, since = sent.follow()
    assert np.array_equal(first, pcm[: round(0.25 * FAR_RATE)]) and since == pytest.approx(50.0, abs=1e-4)
    clock.now += 5.0
    rest, _ = sent.follow()
    assert np.array_equal(rest, pcm[len(first) : FAR_RATE]), "no more than was sent"
    assert len(sent.follow()[0]) == 0


def test_what_the_peer_drops_is_not_followed_and_the_next_reply_is_from_its_beginning() -> None:
    clock = Clock()
    sent, pcm = playout(clock), reply("Your voice stays on this machine.")
    for number in (1, 2):
        sent.begin(number)
        sent.push(pcm)
        sent.take(FAR_RATE, clock())
        clock.now += 0.1
        assert np.array_equal(sent.follow()[0], pcm[: round(0.1 * FAR_RATE)])
    sent.drop()
    clock.now += 1.0
    assert len(sent.follow()[0]) == 0


def hear(echo: Echo, *sounds: tuple[float, Samples]) -> np.ndarray:
    """Per 20 ms frame, whether somebody is heard; frames come up to 60 ms late, and audio is sent ahead."""
    clock, random = Clock(), Random(3)
    sent, far = playout(clock), speaker()
    echoes = RemoteEcho(sent)
    room = Room(scene(LASTS_S, sounds), echo)
    room.play(resample(far, FAR_RATE, RATE), 0.0)
    sent.begin(1)
    sent.push(far)
    heard, start, lead = [], clock.now, 0.0
    for first in range(0, round(LASTS_S * RATE) - 319, 320):
        spoken = start + (first + 320) / RATE
        clock.now = max(clock.now, spoken + random.choice((0.0, 0.0, 0.01, 0.06)))
        while lead < clock.now - start + 1.0:
            sent.take(FAR_RATE // 10, clock())
            lead += 0.1
        heard.append(echoes.near(Frame(room.hear(first, 320), clock.now)))
    return np.array(heard)


@pytest.mark.parametrize("echo", [Echo(0.05, 0.1), Echo(0.4, 0.3)])
def test_a_hurried_network_makes_nobody_of_an_echo(echo: Echo) -> None:
    heard = hear(echo)
    for at, learning_s in zip(SPEAKS_AT, (LEARNING_S, *[0.0] * len(SPEAKS_AT)), strict=False):
        assert longest(heard, at + learning_s, at + 2.5) < 0.1


@pytest.mark.parametrize("echo", [Echo(0.05, 0.1), Echo(0.4, 0.3)])
def test_a_person_is_noticed_through_it(echo: Echo) -> None:
    heard = hear(echo, (10.5, at_level(command("stop"), -20.0)))
    begins = round((10.5 + 0.24) / 0.02)
    assert any(heard[at : at + 3].all() for at in range(begins, begins + 15))
