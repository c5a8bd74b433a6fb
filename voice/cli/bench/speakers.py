"""`voice bench speakers`: how often a speaker is known, missed or taken for another, on recordings of people."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import click
import numpy as np

from voice.audio.frames import RATE, Pcm
from voice.audio.reader import AudioReader
from voice.cli.options import Resolved, configured
from voice.errors import MissingError
from voice.settings.schema import Settings
from voice.speakers.interface import PIECE_S, VoiceEncoder
from voice.speakers.recognition import LEAST_S, KnownVoice, Sample, VoicedSpeech, alike, mean, who
from voice.vad.interface import Detector

SOUNDS = {".wav", ".flac", ".mp3", ".ogg", ".m4a"}
MOST_PIECES = 10
ROUNDS = 10
"""Times that all is repeated, with other recordings to know each person by."""

Clip = list[Sample]
"""A recording as the voices of its pieces."""


@dataclass(frozen=True, slots=True)
class SpeakerFigures:
    """Shares of utterances; `strangers` are the same utterances while their own person is not known."""

    people: int
    clips: int
    utterances: int
    equal_error_rate: float
    right: float
    unknown: float
    wrong: float
    strangers_taken: float
    ms_per_s: float


@click.command("speakers")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR")
@click.option(
    "--known",
    type=click.FloatRange(0.5),
    default=6.0,
    metavar="S",
    help="Seconds of speech that each person is known by.",
)
@click.option(
    "--speech", type=click.FloatRange(0.5), default=3.2, metavar="S", help="Seconds of speech of an utterance, at most."
)
@click.option(
    "--json", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write all figures to this JSON file."
)
@configured
def command(resolved: Resolved, folder: Path, known: float, speech: float, target: Path | None) -> None:
    """Know the people in DIR by their voices: one folder a person, with recordings in which only they speak."""
    people, ms_per_s = voices(resolved.settings, folder)
    found = measure(people, known_s=known, speech_s=speech, ms_per_s=ms_per_s)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    click.echo(f"{machine}; {found.people} people, {found.clips} recordings, {ROUNDS} rounds")
    click.echo(f"known by {known:g} s of speech, utterances of at most {speech:g} s")
    click.echo(f"equal error rate {found.equal_error_rate:.1%}; with the thresholds of a conversation:")
    click.echo(f"{found.right:.1%} right, {found.unknown:.1%} someone, {found.wrong:.1%} another person")
    click.echo(f"strangers taken for a person who is known: {found.strangers_taken:.1%}")
    click.echo(f"processor time: {found.ms_per_s:.0f} ms per second of speech")
    if found.people < 20:
        click.echo(f"{found.people} people are few: these shares tell little about others")
    if target is not None:
        target.write_text(json.dumps({"machine": machine, **asdict(found)}, indent=2) + "\n", encoding="utf-8")


def voices(settings: Settings, folder: Path) -> tuple[dict[str, list[Clip]], float]:
    """Each person's recordings as voices, and what a second of speech takes, ms. Raises MissingError."""
    from voice.speakers.ge2e import Ge2eEncoder
    from voice.wiring.engine_choice import voice_encoder_file
    from voice.wiring.engines import detector

    places = {place.name: sorted(_recordings(place)) for place in sorted(folder.iterdir()) if place.is_dir()}
    places = {name: files for name, files in places.items() if files}
    if len(places) < 2:
        raise MissingError("too few people", where=str(folder), expected="a folder of recordings for each, at least 2")
    file = voice_encoder_file(settings)
    if file is None:
        raise MissingError("no voice encoder is downloaded", remedy="voice models pull voice-encoder")
    encoder, spent, heard = Ge2eEncoder(file), 0.0, 0.0
    people: dict[str, list[Clip]] = {}
    for name, files in places.items():
        for path in files:
            speech = _voiced(path, detector(settings))
            began = time.process_time()
            clip = _embedded(speech, encoder)
            spent += time.process_time() - began
            heard += sum(sample.seconds for sample in clip)
            if clip:
                people.setdefault(name, []).append(clip)
    return people, 1000 * spent / max(heard, 1e-9)


def measure(people: dict[str, list[Clip]], *, known_s: float, speech_s: float, ms_per_s: float = 0.0) -> SpeakerFigures:
    """All rounds together. People whose recordings are all needed to know them by are strangers only."""
    genuine, others = list[float](), list[float]()
    said = right = unknown = wrong = taken = asked = 0
    for number in range(ROUNDS):
        known, utterances = _round(people, known_s, speech_s, Random(number))
        for name, heard in utterances:
            for one in known:
                (genuine if one.id == name else others).append(alike(one.voice, heard.voice))
            strangers = [one for one in known if one.id != name]
            asked, taken = asked + 1, taken + (who(strangers, heard) is not None)
            if len(strangers) < len(known):
                found = who(known, heard)
                said, right = said + 1, right + (found is not None and found.id == name)
                unknown, wrong = unknown + (found is None), wrong + (found is not None and found.id != name)
    if not genuine or not others:
        raise MissingError("too few recordings", expected=f"more than {known_s:g} s of speech of at least 2 people")
    return SpeakerFigures(
        len(people),
        sum(map(len, people.values())),
        said,
        equal_error_rate(genuine, others),
        right / said,
        unknown / said,
        wrong / said,
        taken / asked,
        ms_per_s,
    )


def equal_error_rate(genuine: Sequence[float], others: Sequence[float]) -> float:
    """The share of errors of both kinds at the threshold where they are the same."""
    own, strange = np.sort(genuine), np.sort(others)
    limits = np.concatenate([own, strange])
    missed = np.searchsorted(own, limits, "left") / len(own)
    passed = 1.0 - np.searchsorted(strange, limits, "left") / len(strange)
    place = int(np.argmin(np.abs(missed - passed)))
    return float(missed[place] + passed[place]) / 2


def _round(
    people: dict[str, list[Clip]], known_s: float, speech_s: float, random: Random
) -> tuple[list[KnownVoice], list[tuple[str, Sample]]]:
    """The known people, by recordings drawn for it, and the other recordings as utterances with their speakers."""
    known, utterances = list[KnownVoice](), list[tuple[str, Sample]]()
    for name, clips in people.items():
        left, theirs = random.sample(clips, len(clips)), Clip()
        while left and sum(sample.seconds for sample in theirs) < known_s:
            theirs += _first(left.pop(), known_s - sum(sample.seconds for sample in theirs))
        if left:
            whole = mean(theirs)
            known.append(KnownVoice(name, name, whole.voice, whole.seconds))
        else:
            left = clips
        utterances += [(name, mean(_first(clip, speech_s))) for clip in left]
    return known, utterances


def _first(clip: Clip, seconds: float) -> Clip:
    """The beginning of a recording, in whole pieces: at least one."""
    return clip[: max(1, round(seconds / PIECE_S))]


def _recordings(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix.lower() in SOUNDS]


def _voiced(path: Path, hears: Detector) -> list[Pcm]:
    """The speech of a recording, in pieces, as a conversation takes it from a microphone."""
    speech, frame, pieces = VoicedSpeech(round(PIECE_S * RATE), MOST_PIECES), RATE // 50, list[Pcm]()
    with AudioReader(path) as reader:
        whole = np.concatenate(list(reader.blocks()))
    for pcm in whole[: len(whole) // frame * frame].reshape(-1, frame):
        speech.add(pcm, voiced=hears.probability(pcm) >= 0.5)
    while (piece := speech.take(rest=True)) is not None:
        pieces.append(piece)
    return pieces


def _embedded(pieces: Sequence[Pcm], encoder: VoiceEncoder) -> Clip:
    lengths = [(pcm, len(pcm) / RATE) for pcm in pieces]
    return [Sample(encoder.embed(pcm), seconds) for pcm, seconds in lengths if seconds >= LEAST_S]
