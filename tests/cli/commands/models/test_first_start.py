"""The first start: what is said, fetched and remembered, whatever goes wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from voice.cli.commands.models.first_start import REMEMBERED, first_start
from voice.errors import EngineError, UnavailableError, VoiceError
from voice.models.registry import Model
from voice.models.store import ModelStore, shipped_registry
from voice.settings.schema import Settings

REGISTRY = shipped_registry()
GIB = 2**30


@dataclass
class Machine:
    """A made-up machine: `reads` per model in ms, `failing` models that cannot be had."""

    folder: Path
    reads: float = 40.0
    failing: dict[str, BaseException] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    pulled: list[str] = field(default_factory=list)

    def pull(self, model: Model) -> Path:
        if model.name in self.failing:
            raise self.failing[model.name]
        self.pulled.append(model.name)
        for file in model.files:
            path = self.folder / model.name / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return self.folder / model.name

    def measure(self, folder: Path) -> float:
        assert folder.is_dir()
        if self.reads < 0:
            raise EngineError("no measure", where="asr")
        return self.reads

    def start(self, *, offline: bool = False, memory: int = 4 * GIB) -> None:
        first_start(
            Settings(),
            ModelStore(str(self.folder)),
            REGISTRY,
            pull=self.pull,
            measure=self.measure,
            say=self.said.append,
            offline=offline,
            memory_bytes=memory,
        )

    def remembered(self) -> dict[str, object]:
        found: dict[str, object] = json.loads((self.folder / REMEMBERED).read_text())
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "models")


@pytest.mark.parametrize(
    ("reads", "fetched"),
    [
        (40.0, ["tiny.en", "base", "en_US-joe-medium", "smart-turn"]),
        (300.0, ["tiny.en", "en_US-joe-medium", "smart-turn"]),
    ],
)
def test_what_fits_is_fetched_once_after_saying_how_large_it_is(
    machine: Machine, reads: float, fetched: list[str]
) -> None:
    machine.reads = reads
    machine.start()
    assert machine.pulled == fetched
    assert machine.said[0] == (
        "first start: fetching tiny.en (78 MB), en_US-joe-medium (63 MB), smart-turn (9 MB), and base (148 MB) where "
        "the machine is fast enough for it. Once only; --offline goes without"
    )
    assert any(line.startswith(f"this machine reads 3 s of speech in {reads:.0f} ms") for line in machine.said)
    assert machine.remembered() == {"decided": "fetched", "fetched": fetched, "read_ms": {"tiny.en": reads}}
    machine.said.clear()
    machine.start()
    assert (machine.pulled, machine.said) == (fetched, [])


@pytest.mark.parametrize(
    ("offline", "memory", "why"),
    [(True, 4 * GIB, "--offline was asked for"), (False, GIB // 2, "512 MiB of memory")],
)
def test_without_leave_or_memory_the_built_in_engines_serve_now_and_later(
    machine: Machine, offline: bool, memory: int, why: str
) -> None:
    machine.start(offline=offline, memory=memory)
    assert machine.pulled == []
    assert why in machine.said[0]
    assert machine.said[0].endswith("going on with the engines that are built in")
    machine.said.clear()
    machine.start()
    assert (machine.pulled, machine.said) == ([], [])


def test_without_any_source_it_goes_on_says_what_to_type_and_does_not_try_again(machine: Machine) -> None:
    error = UnavailableError("cannot be reached", where="tiny.en==1")
    machine.failing = dict.fromkeys(("tiny.en", "en_US-joe-medium", "smart-turn"), error)
    machine.start()
    assert machine.said[-1].endswith("Later: voice models pull tiny.en en_US-joe-medium smart-turn")
    assert machine.remembered()["decided"] == "built in"
    machine.failing = {}
    machine.start()
    assert machine.pulled == []


def test_what_can_be_had_is_fetched_though_another_cannot(machine: Machine) -> None:
    machine.failing = {"en_US-joe-medium": VoiceError("wrong checksum: 00…")}
    machine.start()
    assert machine.pulled == ["tiny.en", "base", "smart-turn"]
    assert any("without en_US-joe-medium: wrong checksum" in line for line in machine.said)


def test_a_machine_that_cannot_be_measured_keeps_the_small_model(machine: Machine) -> None:
    machine.reads = -1.0
    machine.start()
    assert machine.pulled == ["tiny.en", "en_US-joe-medium", "smart-turn"]


def test_an_interrupted_one_goes_on_at_the_next_start(machine: Machine) -> None:
    machine.failing = {"en_US-joe-medium": KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        machine.start()
    machine.failing = {}
    machine.start()
    assert machine.pulled == ["tiny.en", "base", "en_US-joe-medium", "smart-turn"]
    assert machine.remembered()["decided"] == "fetched"


def test_a_machine_where_somebody_chose_models_is_left_alone(machine: Machine) -> None:
    machine.pull(next(model for model in REGISTRY if model.name == "tiny"))
    machine.pulled.clear()
    machine.start()
    assert (machine.pulled, machine.said) == ([], [])
    assert machine.remembered() == {"decided": "the models downloaded so far"}


def test_a_note_that_cannot_be_read_counts_as_none(machine: Machine) -> None:
    machine.folder.mkdir()
    (machine.folder / REMEMBERED).write_text("{")
    machine.start()
    assert "tiny.en" in machine.pulled


def test_a_folder_that_cannot_be_written_stops_nothing(machine: Machine) -> None:
    machine.folder.write_text("a file where the folder should be")
    machine.start(offline=True)
    assert "cannot be remembered" in machine.said[-1]
