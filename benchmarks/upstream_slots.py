"""The slots of a scripted llama.cpp server, as its README documents them: what each has read, saved and restored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

SLOT = re.compile(r"/slots/(\d+)\?action=(save|restore|erase)")
BYTES_PER_TOKEN = 1000


class ScriptedSlots:
    """`count` slots. Files are kept in memory; without `saves` the server was started without `--slot-save-path`."""

    def __init__(self, count: int = 4, *, saves: bool = True) -> None:
        self._read: list[list[tuple[str, str]]] = [[] for _ in range(count)]
        self._files: dict[str, list[tuple[str, str]]] = {}
        self._saves = saves

    def cached(self, slot: int, messages: Sequence[Mapping[str, Any]]) -> int:
        """The words of the prompt that the slot has read already; from now on it has read all of them."""
        said = [(str(message["role"]), str(message["content"])) for message in messages]
        known = 0
        for before, now in zip(self._read[slot], said, strict=False):
            if before != now:
                break
            known += _words([now])
        self._read[slot] = said
        return known

    def listed(self) -> list[dict[str, Any]]:
        """The answer of `GET /slots`."""
        return [{"id": slot, "is_processing": False, "n_ctx": 8192} for slot in range(len(self._read))]

    def props(self) -> dict[str, Any]:
        """The part of `GET /props` about slots."""
        return {"total_slots": len(self._read)}

    def acted(self, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """Status and answer of `POST /slots/{id}?action=…`; None for another path."""
        asked = SLOT.fullmatch(path)
        if asked is None:
            return None
        slot, action = int(asked[1]), asked[2]
        if slot >= len(self._read):
            return 400, _error("Invalid slot ID", "invalid_request_error")
        if action == "erase":
            erased, self._read[slot] = _words(self._read[slot]), []
            return 200, {"id_slot": slot, "n_erased": erased}
        if not self._saves:
            said = "This server does not support slots action. Start it with `--slot-save-path`"
            return 501, _error(said, "not_supported_error")
        name = str(body.get("filename", ""))
        if action == "save":
            self._files[name] = list(self._read[slot])
            count = _words(self._read[slot])
            told = {"n_saved": count, "n_written": count * BYTES_PER_TOKEN, "timings": {"save_ms": 1.0}}
            return 200, {"id_slot": slot, "filename": name} | told
        if name not in self._files:
            return 400, _error("Unable to restore slot, no available space in KV cache or invalid slot save file", "")
        self._read[slot] = list(self._files[name])
        count = _words(self._read[slot])
        told = {"n_restored": count, "n_read": count * BYTES_PER_TOKEN, "timings": {"restore_ms": 1.0}}
        return 200, {"id_slot": slot, "filename": name} | told

    def holds(self, text: str) -> bool:
        """Whether a slot or a file has these words."""
        return any(text in said for read in (*self._read, *self._files.values()) for _, said in read)


def _words(messages: Sequence[tuple[str, str]]) -> int:
    return sum(len(text.split()) for _, text in messages)


def _error(message: str, kind: str) -> dict[str, Any]:
    return {"error": {"code": 400, "message": message, "type": kind}}
