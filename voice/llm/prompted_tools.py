"""Tools for models that have no field for them: described in words, called in a marked piece of text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

BEGIN, END = "<tool_call>", "</tool_call>"
"""The marks of Hermes and Qwen, which many models were trained on."""

TOLD = f"""

You may call these functions, one JSON object each:
%s
To call one, answer with nothing but {BEGIN}{{"name": NAME, "arguments": {{...}}}}{END}.
The result comes as <tool_response>.
Use a function only where it is needed; otherwise answer as usual."""


def in_words(body: Mapping[str, Any]) -> dict[str, Any]:
    """A request for a model without tools: the same, with its tools, calls and results as text."""
    new = {name: value for name, value in body.items() if name not in ("tools", "tool_choice", "parallel_tool_calls")}
    messages = [_worded(message) for message in body["messages"]]
    if body.get("tools") and body.get("tool_choice") != "none":
        told = TOLD % "\n".join(json.dumps(tool.get("function"), ensure_ascii=False) for tool in body["tools"])
        first = messages[0] if messages and messages[0]["role"] == "system" else None
        system = {"role": "system", "content": f"{first['content'] if first else ''}{told}".strip()}
        messages = [system, *(messages[1:] if first else messages)]
    new["messages"] = messages
    return new


def called(texts: Sequence[str]) -> list[dict[str, str]]:
    """The calls in pieces of text between the marks; what is not a call is left out."""
    found: list[dict[str, str]] = []
    for text in texts:
        try:
            told = json.loads(text)
        except ValueError:
            continue
        if isinstance(told, Mapping) and isinstance(told.get("name"), str):
            arguments = told.get("arguments", told.get("parameters", {}))
            written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
            found.append({"call_id": f"call_{len(found)}", "name": told["name"], "arguments": written})
    return found


def _worded(message: Mapping[str, Any]) -> dict[str, Any]:
    if message["role"] == "tool":
        return {"role": "user", "content": f"<tool_response>\n{message['content']}\n</tool_response>"}
    calls = [call["function"] for call in message.get("tool_calls") or ()]
    if not calls:
        return dict(message)
    marked = [f'{BEGIN}{{"name": {json.dumps(c["name"])}, "arguments": {c["arguments"]}}}{END}' for c in calls]
    return {"role": message["role"], "content": "\n".join([str(message.get("content") or ""), *marked]).strip()}
