"""`voice bench endpoints`: what OpenAI's endpoints add to the engines and to the model server behind them."""

from __future__ import annotations

import asyncio
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from benchmarks.processes import Service
    from voice.server.openai_api.speech_services import SpeechServices
    from voice.settings.schema import Settings

FILE = click.Path(path_type=Path)
CLIP_S = 10.0
TEXT = "It is half past three."
FORMS = ("pcm", "wav", "mp3", "opus")
FIRST_MS, WORD_MS, WORDS = 100.0, 100.0, 10
STALL = 'hold on script: {"text": "one two three", "fault": "stall", "after": 1}'
ROUNDS = 3
MOST_RATIO, MOST_FIRST_MS = 1.15, 10.0
"""What a recording may cost of the engine's own time, and what the first byte of speech may come later."""

Write = Callable[[str], None]


@click.command("endpoints")
@click.option("--json", "target", type=FILE, metavar="FILE", help="Write all figures to this JSON file.")
@click.option("--models", type=FILE, metavar="FOLDER", help="Where the models are; default as models.folder.")
@click.option("--whisper", default="tiny.en", show_default=True, help="Which of them recognizes.")
@click.option("--piper", default="en_US-joe-medium", show_default=True, help="Which of them speaks.")
@click.option("--runs", default=9, show_default=True, metavar="N", help="How often each is measured.")
@click.option("--conversations", default=50, show_default=True, metavar="N", help="How many share one socket.")
def command(target: Path | None, models: Path | None, whisper: str, piper: str, runs: int, conversations: int) -> None:
    """Measure transcriptions, speech and Responses beside what is behind them.

    A recording of 10 s against faster_whisper in the same process, the first byte of speech against the engine's first
    chunk, the first token of a response against that of a chat completion, and many conversations on one socket, one of
    which stalls. What is compared takes turns, so that noise falls on both.
    """
    from benchmarks.sessions import machine
    from voice.settings.schema import Settings

    settings = Settings()
    folder = str(models) if models is not None else settings.models.folder
    settings = replace(
        settings,
        models=replace(settings.models, folder=folder),
        asr=replace(settings.asr, engine="whisper", model=whisper, language="en"),
        tts=replace(settings.tts, engine="piper", voice=piper),
    )
    found: dict[str, Any] = {"machine": machine(), "date": date.today().isoformat()}
    click.echo(found["machine"])
    found |= asyncio.run(sounding(settings, runs, click.echo))
    found |= asyncio.run(written(runs, conversations, click.echo))
    if target is not None:
        target.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


async def sounding(settings: Settings, runs: int, write: Write) -> dict[str, Any]:
    """Recordings and speech: the server runs in this process, and so do the engines it is compared with."""
    from voice.llm.builtin import BuiltinUpstream
    from voice.server.app import create
    from voice.server.server import HttpServer, bind, url
    from voice.sessions.engine import Engine
    from voice.sessions.stores.memory import MemoryStore
    from voice.settings.serving import ServeSettings
    from voice.wiring.speech_engines import SpeechEngines

    how, speech = ServeSettings(port=0), SpeechEngines(settings, partials=False)
    engine = Engine(MemoryStore(), BuiltinUpstream(Path()))
    listening, ready = bind(how), asyncio.Event()
    server = HttpServer(create(engine, how, speech=speech), lambda _: ready.set())
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await ready.wait()
        await speech.warm()
        return {
            "transcription": await transcriptions(url(listening), speech, runs, write),
            "speech": await first_bytes(url(listening), speech, runs, write),
        }
    finally:
        server.should_exit = True
        await running
        await engine.close()
        speech.close()


async def transcriptions(url: str, speech: SpeechServices, runs: int, write: Write) -> dict[str, Any]:
    """The time of a recording over HTTP, and of faster_whisper with the same weights, threads and beam."""
    from benchmarks.latency_plain import RECORDING
    from benchmarks.session_load import figures
    from voice.asr.remote import wav_bytes
    from voice.audio.frames import RATE
    from voice.audio.wav import read_wav

    clip = wav_bytes(read_wav(RECORDING)[: round(CLIP_S * RATE)])
    # The very model of the endpoint: two copies in memory would share the caches of the processor differently.
    model = speech.recognizer.engine._model  # type: ignore[union-attr]
    body, kind = form({"model": "whisper-1", "language": "en"}, clip)

    cpu: dict[str, list[float]] = {}

    def direct(beam: int) -> None:
        segments, _ = model.transcribe(
            io.BytesIO(clip), language="en", beam_size=beam, temperature=0.0, without_timestamps=True
        )
        list(segments)

    def timed(name: str, work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[float]]:
        async def run() -> float:
            began, before = time.perf_counter(), time.process_time()
            await work()
            cpu.setdefault(name, []).append(time.process_time() - before)
            return time.perf_counter() - began

        return run

    tries = {
        "http": lambda: post(url, "/v1/audio/transcriptions", body, kind),
        "greedy": lambda: asyncio.to_thread(direct, 1),
        "beam 5": lambda: asyncio.to_thread(direct, 5),
    }
    times = await in_turns(runs, {name: timed(name, work) for name, work in tries.items()})
    spent = {name: statistics.median(one[1:]) * 1000 for name, one in cpu.items()}
    found = figures(
        ms={name: [round(ms) for ms in one] for name, one in times.items()},
        cpu_ms={name: round(ms) for name, ms in spent.items()},
        ratio=times["http"][0] / times["greedy"][0],
        ratio_of_fastest=times["http"][1] / times["greedy"][1],
        ratio_of_cpu=spent["http"] / spent["greedy"],
        ratio_to_its_default=times["http"][0] / times["beam 5"][0],
        most_ratio=MOST_RATIO,
    )
    write(f"a recording of {CLIP_S:.0f} s, p50 and fastest, ms: {found['ms']}; processor, ms: {found['cpu_ms']}")
    write(
        f"ratio to faster_whisper, greedily: {found['ratio']}, of the fastest {found['ratio_of_fastest']}, "
        f"of processor time {found['ratio_of_cpu']} (at most {MOST_RATIO})"
    )
    return found


async def first_bytes(url: str, speech: SpeechServices, runs: int, write: Write) -> dict[str, Any]:
    """From the request to the first byte of sound, less what the engine itself took for its first chunk in it."""
    cpu: dict[str, list[float]] = {}
    engine: Any = speech.voice().engine
    speak, took = engine.speak, [0.0]

    def timed(text: str, emit: Callable[[Any], bool]) -> None:
        began, chunks = time.perf_counter(), 0

        def first_chunk(chunk: Any) -> bool:
            nonlocal chunks
            chunks += 1
            if chunks == 1:
                took[0] = time.perf_counter() - began
            return emit(chunk)

        speak(text, first_chunk)

    def over_http(form: str) -> Callable[[], Awaitable[float]]:
        async def run() -> float:
            body = json.dumps({"model": "tts-1", "input": TEXT, "response_format": form}).encode()
            first_s, _, cpu_s = await post(url, "/v1/audio/speech", body, "application/json")
            cpu.setdefault(form, []).append(cpu_s * 1000)
            return first_s - took[0]

        return run

    engine.speak = timed
    times = await in_turns(runs, {name: over_http(name) for name in FORMS})
    added = {name: (round(ms[0], 1), round(ms[1], 1)) for name, ms in times.items()}
    spent = {name: round(statistics.median(one), 1) for name, one in cpu.items()}
    write(f"first byte of speech, after the engine's first chunk (at most {MOST_FIRST_MS:.0f} ms): {_listed(added)}")
    write(f"of it processor time of client and server, p50, ms: {spent}")
    return {"added_ms": added, "cpu_ms": spent, "most_added_ms": MOST_FIRST_MS}


def added_to(name: str, times: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """What the others take beyond this one, ms: between the medians, and between the fastest."""
    first = times[name]
    return {
        other: (round(found[0] - first[0], 1), round(found[1] - first[1], 1))
        for other, found in times.items()
        if other != name
    }


def _listed(added: dict[str, tuple[float, float]]) -> str:
    return "added p50 (fastest), ms: " + ", ".join(f"{name} {ms[0]} ({ms[1]})" for name, ms in added.items())


async def in_turns(runs: int, tries: dict[str, Callable[[], Awaitable[float]]]) -> dict[str, tuple[float, float]]:
    """The median and the fastest of each, ms, measured one after the other in rounds; the first is not counted."""
    times: dict[str, list[float]] = {name: [] for name in tries}
    for number in range(runs + 1):
        for name, run in tries.items():
            took = await run()
            if number:
                times[name].append(took)
    return {name: (statistics.median(found) * 1000, min(found) * 1000) for name, found in times.items()}


def form(fields: dict[str, str], file: bytes) -> tuple[bytes, str]:
    """A form with a file, and its content type."""
    parts = [f'--limit\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{fields[name]}\r\n' for name in fields]
    head = '--limit\r\ncontent-disposition: form-data; name="file"; filename="said.wav"\r\n\r\n'
    whole = "".join(parts).encode() + head.encode() + file + b"\r\n--limit--\r\n"
    return whole, "multipart/form-data; boundary=limit"


async def post(url: str, path: str, body: bytes, kind: str) -> tuple[float, float, float]:
    """Seconds to the first byte of the answer's body, and to its end, over a connection of its own.

    Then the seconds of processor that this thread, which serves as well as asks, took to the first byte.
    """
    parts = urlsplit(url)
    began, before = time.perf_counter(), time.thread_time()
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"POST {path} HTTP/1.1\r\nhost: {parts.netloc}\r\nconnection: close\r\ncontent-type: {kind}\r\n"
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    status = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in status.split(b"\r\n")[0], status
    await reader.read(1)
    first_s, cpu_s = time.perf_counter() - began, time.thread_time() - before
    await reader.read()
    writer.close()
    return first_s, time.perf_counter() - began, cpu_s


async def written(runs: int, conversations: int, write: Write) -> dict[str, Any]:
    """Responses and chat completions of a server process, in front of a scripted model server."""
    from benchmarks.processes import VOICE, Service, free_port

    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        model, port = free_port(), free_port()
        scripted = [sys.executable, "-m", "benchmarks.upstream", "--port", str(model), "--stamp"]
        scripted += ["--first-ms", str(FIRST_MS), "--word-ms", str(WORD_MS), "--text", "word " * WORDS]
        upstream = await stack.enter_async_context(Service(scripted, f"http://127.0.0.1:{model}/v1"))
        serve = [*VOICE, "serve", "--port", str(port), "--llm", upstream.url, "--model", "scripted"]
        serve += ["--store", f"sqlite:///{folder}/bench.db"]
        # Redaction keeps each word until the next one begins, which would hide everything else.
        off = {"VOICE_SAFETY_REDACT": "off"}
        server = await stack.enter_async_context(Service(serve, f"http://127.0.0.1:{port}", environment=off))
        return {
            "first_token": await first_tokens(upstream.url, server.url, runs, write),
            "socket": await one_socket(server, conversations, write),
        }


async def first_tokens(direct: str, url: str, runs: int, write: Write) -> dict[str, Any]:
    """The first token of the model server itself, and what each endpoint adds to it, ms."""
    from benchmarks.session_load import Completions, ResponseStream

    async with AsyncExitStack() as stack:
        clients = {
            "direct": Completions(direct),
            "chat completions": Completions(f"{url}/v1"),
            "a session": Completions(f"{url}/v1", session=True),
            "responses": ResponseStream(f"{url}/v1"),
        }
        for one in clients.values():
            await stack.enter_async_context(one)
        times = await in_turns(3 * runs, {name: lambda one=one: one.turn("go on") for name, one in clients.items()})  # type: ignore[misc]
    added = added_to("direct", times)
    write(f"first token of the model server after {times['direct'][0]:.1f} ms, {_listed(added)}")
    return {"ms": times, "added_ms": added}


async def one_socket(server: Service, conversations: int, write: Write) -> dict[str, Any]:
    """How late each word comes, beside a conversation that stalls: alone, many on one socket, as many on their own.

    Of `ROUNDS` in which they take turns the calmest counts: other work on the machine delays any of them.
    """
    from benchmarks.session_load import figures, percentile

    kinds = {"alone": (1, 1), "on one socket": (1, conversations), "on sockets of their own": (conversations, 1)}
    found: dict[str, Any] = {}
    for _ in range(ROUNDS):
        for name, (sockets, lanes) in kinds.items():
            before = server.cpu_s()
            heard = await asyncio.gather(*(conversing(server.url, lanes) for _ in range(sockets)))
            delays = [delay for some in heard for delay in some]
            row = figures(
                words=len(delays),
                p50_ms=percentile(delays, 50) * 1000,
                p99_ms=percentile(delays, 99) * 1000,
                most_ms=max(delays) * 1000,
                server_cpu_s=server.cpu_s() - before,
            )
            if name not in found or row["p99_ms"] < found[name]["p99_ms"]:
                found[name] = row
    for name, row in found.items():
        many = kinds[name][0] * kinds[name][1]
        write(f"words of {many} {name}: " + ", ".join(f"{figure} {value}" for figure, value in row.items()))
    return found


async def conversing(url: str, lanes: int, turns: int = 3) -> list[float]:
    """The delay of every word of so many conversations of some turns each on one socket, beside one that stalls."""
    from websockets.asyncio.client import connect

    from benchmarks.upstream import age_s

    delays: list[float] = []
    left = dict.fromkeys((f"lane {one}" for one in range(lanes)), turns)
    async with connect(
        url.replace("http", "ws", 1) + "/v1/responses", proxy=None, max_size=None, open_timeout=60
    ) as socket:

        async def ask(lane: str, text: str, **more: object) -> None:
            event = {"type": "response.create", "stream_id": lane, "model": "scripted", "input": text, **more}
            await socket.send(json.dumps(event))

        await ask("stalled", STALL, store=False)  # it ends with the connection
        for lane in left:
            await ask(lane, "go on")
        while any(left.values()):
            event = json.loads(await socket.recv())
            if event["type"] == "error":
                raise click.ClickException(event["error"]["message"])
            lane = event["stream_id"]
            if lane != "stalled" and event["type"] == "response.output_text.delta":
                delays.append(age_s(event["delta"]))
            if lane != "stalled" and event["type"] == "response.completed":
                left[lane] -= 1
                if left[lane]:
                    await ask(lane, "go on", previous_response_id=event["response"]["id"])
    return delays
