"""The body of `POST /v1/responses`: what the model server is asked with, and what of it the response repeats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from voice.server.openai_api.responses.items import metadata
from voice.server.schemas import Whole, storable
from voice.sessions.log import Refused

REFUSED: Mapping[str, str] = {
    "prompt": "instructions",
    "max_tool_calls": "none: only functions of the client are called",
    "context_management": 'truncation "auto"',
    "moderation": "the rules of safety.*, which hold for all",
    "access_programs": "none",
    "background_options": "none",
    "image": "texts only",
    "top_logprobs": "none: the words come without their probabilities",
}
"""What cannot pass, and what is expected in its place."""

Json = dict[str, JsonValue]


class ConversationNamed(BaseModel):
    id: Annotated[str, Field(max_length=200)]


class ResponseBody(BaseModel):
    """OpenAI's request. `user`, `safety_identifier`, `stream_options` and the prompt cache's fields have no effect."""

    model_config = ConfigDict(extra="forbid")

    model: Annotated[str, Field(max_length=200)] = ""
    input: str | Annotated[list[Json], Field(max_length=10_000)] | None = None
    instructions: str | None = None
    previous_response_id: Annotated[str, Field(max_length=200)] | None = None
    conversation: Annotated[str, Field(max_length=200)] | ConversationNamed | None = None
    store: bool | None = None
    stream: bool | None = None
    background: bool | None = None
    metadata: dict[str, str] | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: Annotated[Whole, Field(ge=1)] | None = None
    tools: Annotated[list[Json], Field(max_length=128)] | None = None
    tool_choice: str | Json | None = None
    parallel_tool_calls: bool | None = None
    truncation: Literal["auto", "disabled"] | None = None
    text: Json | None = None
    reasoning: Json | None = None
    include: list[str] | None = None
    service_tier: Literal["auto", "default"] | None = None
    stream_options: Json | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: Json | None = None
    prompt_cache_retention: str | None = None

    prompt: JsonValue = None
    max_tool_calls: JsonValue = None
    context_management: JsonValue = None
    moderation: JsonValue = None
    access_programs: JsonValue = None
    background_options: JsonValue = None
    image: JsonValue = None
    top_logprobs: JsonValue = None

    @property
    def conversation_id(self) -> str | None:
        """The conversation it belongs to."""
        return self.conversation.id if isinstance(self.conversation, ConversationNamed) else self.conversation

    def check(self) -> None:
        """Raises Refused bad_request, naming the field that cannot pass."""
        for name, instead in REFUSED.items():
            if getattr(self, name):
                raise unsupported(name, instead)
        if self.previous_response_id is not None and self.conversation is not None:
            raise unsupported(
                "conversation", "either previous_response_id or conversation", "with previous_response_id"
            )
        if self.store is False and (self.conversation is not None or self.background):
            raise unsupported("store", "true, or no conversation and no background", "false")
        if "message.output_text.logprobs" in (self.include or ()):
            raise unsupported("include", REFUSED["top_logprobs"], "message.output_text.logprobs")
        if self.input is None and self.previous_response_id is None and self.conversation is None:
            raise Refused("bad_request", "input is missing", expected="a text or a list of items", param="input")
        storable(self.model_dump(exclude_unset=True))
        metadata(self.metadata or {})

    @property
    def options(self) -> dict[str, Any]:
        """What the model server is asked with, as chat completions take it. Raises Refused."""
        found: dict[str, Any] = {
            "instructions": self.instructions,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_output_tokens,
            "parallel_tool_calls": self.parallel_tool_calls,
            "tools": [_as_chat(tool, f"tools[{place}]") for place, tool in enumerate(self.tools or ())] or None,
            "tool_choice": _choice(self.tool_choice) if self.tools else None,
            **_text_options(self.text or {}),
            **_reasoning(self.reasoning or {}),
        }
        return {name: value for name, value in found.items() if value is not None}

    def record(self, created_at: int, model: str) -> dict[str, Any]:
        """What is kept with the turn, for those who ask for the response later."""
        kept: dict[str, Any] = {"created_at": created_at, "model": model}
        for name in ("previous_response_id", "background", "truncation", "text", "reasoning"):
            if getattr(self, name) is not None:
                kept[name] = getattr(self, name)
        return {"response": kept, "metadata": dict(self.metadata or {})}


def unsupported(name: str, instead: str, what: str = "") -> Refused:
    """The refusal of a field, or of `what` in it."""
    return Refused("bad_request", f"{name} {what}".strip() + " is not supported here", expected=instead, param=name)


def base(options: Mapping[str, Any], record: Mapping[str, Any], id: str, conversation: str) -> dict[str, Any]:
    """What of a request its response repeats, from the options of its turn."""
    kept = record["response"]
    choice = options.get("tool_choice", "auto")
    return {
        "id": id,
        "created_at": kept["created_at"],
        "model": kept["model"],
        "instructions": options.get("instructions"),
        "metadata": dict(record.get("metadata") or {}),
        "temperature": options.get("temperature"),
        "top_p": options.get("top_p"),
        "max_output_tokens": options.get("max_tokens"),
        "parallel_tool_calls": options.get("parallel_tool_calls", True),
        "tools": [{"strict": None, **tool["function"], "type": "function"} for tool in options.get("tools") or ()],
        "tool_choice": {"type": "function", **choice["function"]} if isinstance(choice, Mapping) else choice,
        "previous_response_id": kept.get("previous_response_id"),
        "conversation": {"id": conversation} if conversation else None,
        "background": kept.get("background", False),
        "truncation": kept.get("truncation", "auto"),
        "text": kept.get("text", {"format": {"type": "text"}}),
        "reasoning": kept.get("reasoning"),
    }


def _as_chat(tool: Mapping[str, Any], where: str) -> dict[str, Any]:
    if tool.get("type") != "function":
        what = f"a tool of type {str(tool.get('type'))[:40]!r} is not supported here"
        raise Refused("bad_request", what, expected="functions; tools.mcp has servers of tools", param=f"{where}.type")
    name = tool.get("name")
    if not isinstance(name, str) or not name:
        raise Refused("bad_request", "a function needs a name", param=f"{where}.name")
    told = {key: tool[key] for key in ("name", "description", "parameters", "strict") if tool.get(key) is not None}
    return {"type": "function", "function": told}


def _choice(choice: str | Mapping[str, Any] | None) -> Any:
    if choice in (None, "auto", "none", "required"):
        return choice
    if isinstance(choice, Mapping) and choice.get("type") == "function" and isinstance(choice.get("name"), str):
        return {"type": "function", "function": {"name": choice["name"]}}
    raise unsupported("tool_choice", "auto, none, required, or a function by its name", "of this type")


def _text_options(text: Mapping[str, Any]) -> dict[str, Any]:
    """`text.format` as `response_format`, and `verbosity`."""
    found: dict[str, Any] = {"verbosity": text.get("verbosity")}
    shape = text.get("format") or {"type": "text"}
    kind = shape.get("type") if isinstance(shape, Mapping) else None
    if kind == "json_schema":
        schema = {key: shape[key] for key in ("name", "schema", "strict", "description") if shape.get(key) is not None}
        return found | {"response_format": {"type": kind, "json_schema": schema}}
    if kind == "json_object":
        return found | {"response_format": {"type": kind}}
    if kind != "text":
        raise unsupported("text.format", "text, json_schema or json_object", f"of type {str(kind)[:40]!r}")
    return found


def _reasoning(reasoning: Mapping[str, Any]) -> dict[str, Any]:
    for name in reasoning:
        if name != "effort" and reasoning[name] is not None:
            raise unsupported(f"reasoning.{name}", "reasoning.effort: the thoughts of a model are not shown")
    return {"reasoning_effort": reasoning.get("effort")}
