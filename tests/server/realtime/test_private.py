"""An address that was told comes back to its own person, seen and heard, and stands nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from tests.support.realtime import Peer, of, talks
from tests.support.scripted_llm import Step
from tests.support.serving import Serving, serving
from voice.llm.interface import Ask, Delta, Done
from voice.settings.serving import SafetySettings
from voice.tts.espeak import EspeakSynthesizer
from voice.tts.interface import Emit
from voice.wiring.safety import guards

ADDRESS = "ada@b.io"
SAID = f"I am {ADDRESS}, hello"
REPLY = f"You are {ADDRESS} then. Right?"
WORDS = REPLY.replace(ADDRESS, "an e-mail address")


def repeats(ask: Ask) -> Iterable[Step]:
    """What the model says: the address as it was told, or the name that stands for it."""
    said = ask.messages[-1].text.removeprefix("I am ").removesuffix(", hello")
    return [Delta(REPLY.replace(ADDRESS, said)), Done()]


@pytest.fixture
def voiced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that is given to the voice."""
    texts: list[str] = []
    real = EspeakSynthesizer.speak

    def speak(self: EspeakSynthesizer, text: str, emit: Emit) -> None:
        texts.append(text)
        real(self, text, emit)

    monkeypatch.setattr(EspeakSynthesizer, "speak", speak)
    return texts


def transcript(peer: Peer) -> str:
    return "".join(event["delta"] for event in of(peer.events, "response.output_audio_transcript.delta"))


def history(peer: Peer) -> list[str]:
    items = [event["item"] for event in of(peer.events, "conversation.item.added") if event["item"]["content"]]
    return [item["content"][0]["text"] for item in items]


async def heard_out(peer: Peer) -> None:
    """Say that all of the reply was played."""
    await peer.send("x.played", item_id=of(peer.events, "x.spoken")[-1]["item_id"], ms=60_000)
    await peer.until("x.latency")


async def logged(here: Serving, peer: Peer) -> str:
    return str(await here.engine.parts.store.read(peer.known["x-session-id"], 0, 1000))


@pytest.mark.parametrize(
    ("mode", "seen", "model"), [("stored", REPLY, True), ("upstream", REPLY, False), ("everywhere", WORDS, False)]
)
def test_its_person_reads_and_hears_the_address_and_the_log_does_not(
    mode: str, seen: str, model: bool, voiced: list[str]
) -> None:
    async def run() -> None:
        keep = guards(SafetySettings(redact=mode))
        async with serving(repeats, engines=talks(), guards=keep) as here:
            async with Peer(here) as peer:
                await peer.type(SAID)
                done = (await peer.until("response.done"))[-1]["response"]
                assert transcript(peer) == done["output"][0]["content"][0]["transcript"] == seen
                await heard_out(peer)
                last = of(peer.events, "x.spoken")[-1]
                assert (last["text"], last["chars"]) == (seen, len(seen))
                known, turn = peer.known, last["turn"]
                log = await logged(here, peer)
                assert "ada@" not in log
                assert "<EMAIL:" in log
            assert (ADDRESS in str(here.upstream.asked)) is model
            aloud = " ".join(voiced)
            assert ("an e-mail address" in aloud) is (mode == "everywhere")
            assert "EMAIL" not in aloud
            if mode != "stored":
                return
            start = seen.index(" then")
            for chars, rest in ((start, start), (start - 2, seen.index(" are ") + 5)):  # behind the address, and inside
                async with Peer(here, known | {"x-session-heard": f"{turn}.{chars}"}) as again:
                    assert again.session["x_session"]["heard"] == chars
                    await again.until("response.done")
                    assert transcript(again) == seen[rest:]
                    assert history(again)[:2] == [SAID, seen[:chars]]
                    await heard_out(again)
                    assert of(again.events, "x.spoken")[-1]["text"] == seen
            async with Peer(here, known | {"x-session-heard": f"{turn}.{len(seen)}"}) as again:
                assert "heard" not in again.session["x_session"], "all of it was heard"

    asyncio.run(run())
