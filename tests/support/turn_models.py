"""Turn models for tests: an ONNX file in the form of Smart Turn v3, and an ear that knows a scripted person's words."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.people import Person
from voice.audio.frames import RATE, Pcm
from voice.errors import EngineError
from voice.tts.piper_cut import FLOAT, INT64

BUILDER = Path(__file__).parents[2] / "scripts" / "onnx_builder.py"


def write_turn_model(
    path: Path, *, name: str = "input_features", frames: int = 800, bias: float = 0.0, last: str = "Sigmoid",
    outputs: int = 1, whole: bool = False,
) -> Path:  # fmt: skip
    """A model that goes by how loud the last second is, plus `bias`; what is not the default makes it another form."""
    spec = importlib.util.spec_from_file_location("onnx_builder", BUILDER)
    assert spec is not None and spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    b: Any = builder.Builder(1)
    heard = b.port(b.graph.input, name, INT64 if whole else FLOAT, "batch", 80, frames)
    if whole:
        heard = b.op("Cast", heard, to=FLOAT)
    loud = b.op("ReduceMean", b.part(heard, 2, -100, 2**62), axes=[1, 2], keepdims=0)
    made = b.op(last, b.add(b.op("Unsqueeze", loud, b.constant([1])), b.constant([[bias]])))
    b.graph.node.add(name="out", op_type="Concat" if outputs > 1 else "Identity", input=[made] * outputs)
    if outputs > 1:
        b.graph.node[-1].attribute.add(name="axis", type=2, i=1)
    b.graph.node[-1].output.append(b.port(b.graph.output, "logits", FLOAT, "batch", outputs))
    path.write_bytes(b.model.SerializeToString(deterministic=True))
    return path


@dataclass(slots=True)
class Ear:
    """Hears from the last word whether the turn is complete: "…-" is cut off; keeps what it was given, in seconds."""

    person: Person
    fails: bool = False
    words: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def warm(self) -> None:
        pass

    def probability(self, pcm: Pcm) -> float:
        if self.fails:
            raise EngineError("deaf")
        self.words.append(self.person.read(pcm))
        self.seconds.append(len(pcm) / RATE)
        return 0.1 if self.words[-1].endswith("-") else 0.9
