"""What clients send, and in which order answers come: the library's own client, scripted engines, a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import numpy as np
import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event, Eventable
from wyoming.info import Attribution, Describe, HandleModel, HandleProgram, Info
from wyoming.ping import Ping
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeVoice
from wyoming.wake import Detect

from tests.support.patience import PATIENCE_S
from tests.support.scripted_asr import ScriptedRecognizer
from voice.asr.interface import Recognizer
from voice.audio.frames import Pcm
from voice.llm.interface import Delta, Done
from voice.server.wyoming import connection as connection_module
from voice.server.wyoming import server as server_module
from voice.server.wyoming.server import may_connect, networks, serve
from voice.sessions.interface import ReplyEvent, ReplyFailed
from voice.settings.serving import WyomingSettings
from voice.tts.interface import Synthesizer
from voice.tts.tone import ToneSynthesizer
from voice.wake.interface import WakeWord
from voice.worker import Worker

MAKER = Attribution("test", "http://127.0.0.1/")
OFFERED = Info(
    handle=[HandleProgram("test", MAKER, True, "", "1", models=[HandleModel("m", MAKER, True, "", "1", [])])]
)
START, STOP = AudioStart(16_000, 2, 1), AudioStop()


def chunk(seconds: float = 0.1, timestamp: int | None = None) -> AudioChunk:
    return AudioChunk(16_000, 2, 1, b"\x01\x02" * round(16_000 * seconds), timestamp)


class LoudWord:
    """Takes loud audio for its wake word."""

    phrases: tuple[str, ...] = ("okay nabu",)
    lead_s = lag_s = 0.0

    def detect(self, pcm: Pcm) -> str | None:
        return "okay nabu" if len(pcm) and int(np.abs(pcm).max()) > 1000 else None

    def reset(self) -> None:
        pass


class ScriptedServices:
    """Recognizes `texts` one after the other; answers what it was asked, fails for "fail"."""

    def __init__(self, texts: Sequence[str] = (), failures: Sequence[int] = ()) -> None:
        self.asked: list[tuple[str, str]] = []
        self.voices: list[tuple[str, str]] = []
        self.listening = 0
        self._recognizer: Worker[Recognizer] = Worker(
            "recognizer", lambda: ScriptedRecognizer(texts, failures=failures)
        )
        self._voice: Worker[Synthesizer] = Worker("voice", lambda: ToneSynthesizer(fail_on="fail"))

    async def info(self) -> Info:
        return OFFERED

    def recognizer(self) -> Worker[Recognizer]:
        return self._recognizer

    def voice(self, name: str, language: str) -> Worker[Synthesizer]:
        self.voices.append((name, language))
        return self._voice

    @asynccontextmanager
    async def wake_words(self, names: list[str]) -> AsyncIterator[tuple[WakeWord, dict[str, str]]]:
        self.listening += 1
        yield LoudWord(), {"okay nabu": "okay_nabu"}
        self.listening -= 1

    async def answer(self, text: str, conversation: str) -> AsyncIterator[ReplyEvent]:
        self.asked.append((text, conversation))
        if text == "fail":
            yield ReplyFailed("upstream_failed", "the model server does not answer", True)
            return
        yield Delta("You said ")
        yield Delta(text)
        yield Done()

    def close(self) -> None:
        self._recognizer.close()
        self._voice.close()


Using = Callable[[int], Awaitable[None]]


def served(services: ScriptedServices, use: Using, settings: WyomingSettings | None = None) -> None:
    """Run `use(port)` beside a server on a real socket."""

    async def run() -> None:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def ready(address: str) -> None:
            port.set_result(int(address.rpartition(":")[2]))

        serving = asyncio.create_task(serve(services, settings or WyomingSettings(port=0), ready))
        try:
            async with asyncio.timeout(PATIENCE_S):
                await use(await port)
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving
            services.close()

    asyncio.run(run())


async def exchange(port: int, *events: Eventable, until: str) -> list[Event]:
    """What comes back for these events, up to one of the type `until`, or to the end of the connection."""
    found: list[Event] = []
    with suppress(ConnectionError):  # of a server that does not even read what was sent
        async with AsyncTcpClient("127.0.0.1", port) as client:
            for event in events:
                await client.write_event(event.event())
            while not found or found[-1].type != until:
                event = await client.read_event()
                if event is None:
                    break
                found.append(event)
    return found


def types(events: Sequence[Event]) -> list[str]:
    """Their types, one for a run of the same."""
    return [event.type for at, event in enumerate(events) if not at or events[at - 1].type != event.type]


def test_it_describes_itself_and_answers_a_ping() -> None:
    async def use(port: int) -> None:
        (info,) = await exchange(port, Describe(), until="info")
        assert Info.from_event(info) == OFFERED
        (pong,) = await exchange(port, Ping("here"), until="pong")
        assert pong.data == {"text": "here"}

    served(ScriptedServices(), use)


def test_words_come_while_they_are_spoken_and_whole_at_the_end() -> None:
    async def use(port: int) -> None:
        sent = [Transcribe(language="en"), START, *[chunk()] * 8, STOP]
        events = await exchange(port, *sent, until="transcript-stop")
        assert types(events) == ["transcript-start", "transcript-chunk", "transcript", "transcript-stop"]
        said = "".join(event.data["text"] for event in events if event.type == "transcript-chunk")
        assert said == events[-2].data["text"] == "turn on the lamp"

    served(ScriptedServices(["turn on the lamp"]), use)


def test_two_utterances_on_one_connection_and_silence() -> None:
    async def use(port: int) -> None:
        again = await exchange(port, START, chunk(), STOP, START, chunk(), STOP, START, STOP, Ping("x"), until="pong")
        assert [event.data["text"] for event in again if event.type == "transcript"] == ["one", "two", ""]

    served(ScriptedServices(["one", "two"]), use)


def test_a_client_that_never_stops_is_answered_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "LONGEST_S", 0.25)

    async def use(port: int) -> None:
        events = await exchange(port, START, *[chunk()] * 5, Ping("x"), until="pong")
        assert types(events)[:1] == ["transcript-start"]
        assert [event.data["text"] for event in events if event.type == "transcript"] == ["first"]

    served(ScriptedServices(["first", "second"]), use)


def test_a_text_is_spoken_with_the_voice_asked_for() -> None:
    services = ScriptedServices()

    async def use(port: int) -> None:
        asked = Synthesize("Good morning. It is late.", SynthesizeVoice(name="joe"))
        events = await exchange(port, asked, until="audio-stop")
        assert types(events) == ["audio-start", "audio-chunk", "audio-stop"]
        assert events[0].data["rate"] == 16_000
        assert sum(len(event.payload or b"") for event in events) == 5 * 2 * 16_000 * 160 // 1000
        nothing = await exchange(port, Synthesize("***"), until="audio-stop")
        assert types(nothing) == ["audio-start", "audio-stop"]

    served(services, use)
    assert services.voices == [("joe", ""), ("", "")]


def test_a_streamed_text_is_spoken_before_it_is_complete() -> None:
    async def use(port: int) -> None:
        async with AsyncTcpClient("127.0.0.1", port) as client:
            await client.write_event(SynthesizeStart(SynthesizeVoice(language="en")).event())
            await client.write_event(SynthesizeChunk("Good morning, Ada. The ket").event())
            first = [await client.read_event(), await client.read_event()]
            assert [event and event.type for event in first] == ["audio-start", "audio-chunk"]
            for event in (SynthesizeChunk("tle is on."), Synthesize("Good morning, Ada. The kettle is on.")):
                await client.write_event(event.event())
            await client.write_event(SynthesizeStop().event())
            rest: list[Event] = []
            while not rest or rest[-1].type != "synthesize-stopped":
                event = await client.read_event()
                assert event is not None
                rest.append(event)
            assert types(rest) == ["audio-chunk", "audio-stop", "synthesize-stopped"]
            assert len(rest) - 2 + 1 == 7, "each word once: the whole text is not spoken again"

    served(ScriptedServices(), use)


def test_a_wake_word_is_told_with_its_time_and_its_absence_too() -> None:
    async def use(port: int) -> None:
        loud = AudioChunk(16_000, 2, 1, b"\x00\x40" * 1600, timestamp=4200)
        heard = await exchange(port, Detect(["okay_nabu"]), START, loud, until="detection")
        assert heard[-1].data["name"] == "okay_nabu"
        assert heard[-1].data["timestamp"] == 4200
        silent = AudioChunk(16_000, 2, 1, b"\x00\x00" * 1600)
        (none,) = await exchange(port, Detect(), START, silent, STOP, until="not-detected")
        assert none.type == "not-detected"

    services = ScriptedServices()
    served(services, use)
    assert services.listening == 0, "each detector was given back"


def test_a_conversation_is_kept_by_its_id() -> None:
    services = ScriptedServices()

    async def use(port: int) -> None:
        asked = Transcript("hello", {"conversation_id": "01J", "device_id": "d"}, "en")
        events = await exchange(port, asked, until="handled-stop")
        assert types(events) == ["handled-start", "handled-chunk", "handled", "handled-stop"]
        assert events[-2].data == {"text": "You said hello", "context": {"conversation_id": "01J", "device_id": "d"}}
        failed = await exchange(port, Transcript("fail"), until="not-handled")
        assert failed[-1].data["text"] == "the model server does not answer"

    served(services, use)
    assert services.asked == [("hello", "01J"), ("fail", "")]


class Raw(Eventable):
    """An event as a careless client sends it."""

    def __init__(self, kind: str, **data: object) -> None:
        self._event = Event(kind, data)

    def event(self) -> Event:
        return self._event

    @staticmethod
    def is_type(event_type: str) -> bool:
        return True

    @staticmethod
    def from_event(event: Event) -> Eventable:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (Raw("synthesize"), "synthesize has no text"),
        (Raw("synthesize", text=7), "text of synthesize must be a text"),
        (Raw("synthesize-chunk", text="a"), "came before synthesize-start"),
        (Raw("transcript"), "transcript has no text"),
        (Raw("transcribe", language=["en"]), "language of transcribe must be a text"),
        (Raw("detect", names="okay_nabu"), "names must be a list"),
        (Raw("audio-start", rate=1), "rate must be between"),
        (Raw("audio-chunk", rate=16_000, width=2), "channels must be between"),
        (Synthesize("please fail"), "fail"),
    ],
)
def test_a_wrong_request_is_an_error_in_words_and_the_server_lives(event: Eventable, message: str) -> None:
    async def use(port: int) -> None:
        *_, error = await exchange(port, event, until="error")
        assert error.type == "error"
        assert message in error.data["text"]
        assert await exchange(port, Describe(), until="info")

    served(ScriptedServices(), use)


def test_odd_events_are_passed_over() -> None:
    async def use(port: int) -> None:
        odd = [Raw("select-program", name="x"), Raw("pipeline"), STOP, SynthesizeStop()]
        odd += [Raw("synthesize", text="hi", voice="joe"), Raw("transcript", text="hi", context="a", language=3)]
        events = await exchange(port, *odd, until="handled-stop")
        assert types(events)[-1] == "handled-stop"

    served(ScriptedServices(), use)


def test_a_recognizer_that_fails_ends_that_connection_only() -> None:
    async def use(port: int) -> None:
        failed = await exchange(port, START, chunk(), STOP, until="error")
        assert failed[-1].type == "error"
        heard = await exchange(port, START, chunk(), STOP, until="transcript")
        assert heard[-1].data["text"] == "two"

    served(ScriptedServices(["one", "two"], failures=[0]), use)


def test_a_client_that_vanishes_within_its_answer_harms_no_other() -> None:
    async def use(port: int) -> None:
        for _ in range(3):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b'{"type": "synthesize", "data": {"text": "' + b"word " * 2000 + b'"}}\n')
            await writer.drain()
            writer.transport.abort()
        assert await exchange(port, Describe(), until="info")

    served(ScriptedServices(), use)


def test_a_network_that_is_not_allowed_gets_nothing() -> None:
    async def use(port: int) -> None:
        assert await exchange(port, Describe(), until="info") == []

    served(ScriptedServices(), use, WyomingSettings(port=0, allow="192.0.2.0/24"))


def test_more_connections_than_there_is_room_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 1)

    async def use(port: int) -> None:
        async with AsyncTcpClient("127.0.0.1", port) as first:
            await first.write_event(Ping("a").event())
            assert await first.read_event()
            assert await exchange(port, Describe(), until="info") == []

    served(ScriptedServices(), use)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("127.0.0.1", True),
        ("192.168.7.9", True),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("::ffff:10.0.0.4", True),
        ("8.8.8.8", False),
        ("2001:db8::1", False),
        ("::ffff:8.8.8.8", False),
    ],
)
def test_the_default_allows_private_networks(address: str, allowed: bool) -> None:
    assert may_connect(address, networks(WyomingSettings().allow)) is allowed
