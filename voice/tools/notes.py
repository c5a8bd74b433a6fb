"""Search in the owner's notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voice.llm.builtin.notes import Knowledge
from voice.tools.interface import Context, Result, Spec, schema


class Notes:
    """The passages of the notes that fit a question."""

    spec = Spec(
        "notes",
        "Searches the owner's notes. Use it before you say that you do not know something about this place.",
        schema("question", question={"type": "string", "maxLength": 400}),
        trusted=False,
    )

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """Up to four passages with their headings."""
        found = self._knowledge.passages(str(arguments["question"]))
        return Result("\n\n".join(str(note) for note in found) or "The notes say nothing about that.")
