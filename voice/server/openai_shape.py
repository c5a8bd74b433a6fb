"""A reply in OpenAI's shape: chunks of a stream, or one completion."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

NO_END: Mapping[str, Any] = {}


class Shape:
    """Writes one completion's parts. `id` and `model` are on each of them, and `seq` where the turn is in a log."""

    def __init__(self, id: str, model: str, created: int) -> None:
        self._base = {"id": id, "created": created, "model": model}
        head = json.dumps({**self._base, "object": "chat.completion.chunk"}, ensure_ascii=False)[:-1]
        self._delta = f'data: {head}, "choices": [{{"index": 0, "finish_reason": null, "delta": {{"content": '
        self._head = f"data: {head}, "

    def role(self, seq: int | None) -> bytes:
        """The first chunk: who speaks."""
        return self._chunk({"role": "assistant", "content": ""}, None, seq)

    def text(self, text: str, seq: int | None) -> bytes:
        """A chunk of text. Written by hand: there are thousands of them a second."""
        end = "}}]}\n\n" if seq is None else f'}}}}], "seq": {seq}}}\n\n'
        return (self._delta + json.dumps(text, ensure_ascii=False) + end).encode()

    def effect(self, effect: Mapping[str, Any], seq: int | None) -> bytes:
        """A chunk without text that asks for something to be done; OpenAI's client keeps fields it does not know."""
        return self._chunk({}, None, seq, effect=effect)

    def stop(self, seq: int | None, end: Mapping[str, Any] = NO_END) -> bytes:
        """The chunk at the reply's end; `end` is what the log says of it."""
        return self._chunk({}, finish_reason(end), seq, **moderation_fields(end))

    def usage(self, usage: Mapping[str, Any], seq: int | None) -> bytes:
        """The chunk of token counts, where `stream_options` asks for it."""
        return self._line({"choices": [], "usage": usage_json(usage)}, seq)

    def failure(self, error: Mapping[str, Any]) -> bytes:
        """The end of a stream whose reply failed; OpenAI's client raises it."""
        return f"data: {json.dumps({'error': {**error, 'type': 'api_error'}}, ensure_ascii=False)}\n\n".encode()

    def whole(
        self, text: str, usage: Mapping[str, Any], seq: int | None, end: Mapping[str, Any] = NO_END
    ) -> dict[str, Any]:
        """The completion as one object."""
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": finish_reason(end), "logprobs": None}
        answer = {
            **self._base,
            "object": "chat.completion",
            "choices": [choice],
            "usage": usage_json(usage),
        } | moderation_fields(end)
        return answer if seq is None else {**answer, "seq": seq}

    def _chunk(self, delta: dict[str, Any], finish: str | None, seq: int | None, **more: Any) -> bytes:
        return self._line({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}, seq)

    def _line(self, fields: dict[str, Any], seq: int | None) -> bytes:
        body = json.dumps(fields if seq is None else {**fields, "seq": seq}, ensure_ascii=False)
        return f"{self._head}{body[1:]}\n\n".encode()


DONE = b"data: [DONE]\n\n"


def finish_reason(end: Mapping[str, Any]) -> str:
    """Why the reply ended, in OpenAI's word."""
    return "content_filter" if end.get("blocked") else "stop"


def moderation_fields(end: Mapping[str, Any]) -> dict[str, Any]:
    """What moderation found, where it did."""
    return {name: end[name] for name in ("flagged", "categories", "blocked", "unchecked") if name in end}


def usage_json(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Token counts in OpenAI's names."""
    return {
        "prompt_tokens": usage["input"],
        "completion_tokens": usage["output"],
        "total_tokens": usage["input"] + usage["output"],
        "prompt_tokens_details": {"cached_tokens": usage["cached"]},
        "estimated": usage["estimated"],
    }
