"""The bodies of requests and answers, as the OpenAPI document shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from voice.sessions.group import LONGEST_NAME, BargeIn, Manner, Role
from voice.sessions.log import Refused

UNSUPPORTED: Mapping[str, str] = {
    "audio": "text messages only",
    "modalities": 'none, or ["text"]',
    "logprobs": "none: the words come without their probabilities",
    "top_logprobs": "none: the words come without their probabilities",
    "functions": "tools",
    "function_call": "tool_choice",
}
"""What of OpenAI's request cannot pass, and what is expected in its place. All other fields are handed on."""

OURS = ("developer_mode", "session_id", "sequence")
FOR_SESSIONS = ("session_id", "sequence", "effects")

Whole = Annotated[
    int,
    BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value),
    Field(strict=True),
]
"""An integer as JSON has it: 3 and 3.0, but neither "3" nor true."""

Options = dict[str, JsonValue]


class Strict(BaseModel):
    """A body that must be as described."""

    model_config = ConfigDict(extra="forbid", strict=True)


class GroupWanted(Strict):
    """How several people in a session are answered. `name` is what the assistant is called: `addressed` needs it."""

    answer: Manner = "each"
    barge_in: BargeIn = "all"
    name: Annotated[str, Field(max_length=LONGEST_NAME)] = ""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.answer == "addressed" and not self.name.strip():
            raise ValueError("addressed needs the name of the assistant")
        return self


class NewSession(Strict):
    """What a new session remembers. `person` names whose it is, among the people of the API key."""

    system: str = ""
    model: Annotated[str, Field(max_length=200)] = ""
    options: Options = {}
    group: GroupWanted | None = None
    person: Annotated[str, Field(max_length=200)] = ""


class ParticipantWanted(Strict):
    """Someone who is to take part in a session."""

    name: str
    scope: Role = "speak"
    ttl_s: Annotated[Whole, Field(ge=1, le=86_400)] = 3600


class ParticipantTokenWanted(Strict):
    """Another token for someone who takes part."""

    ttl_s: Annotated[Whole, Field(ge=1, le=86_400)] = 3600


class ParticipantJoined(BaseModel):
    """A participant with their own token, which is shown this once."""

    id: str
    name: str
    scope: Role
    session_token: str
    expires_at: str


class SayBody(Strict):
    """A participant's next message; `n` is their own number: 1, 2, 3 …"""

    n: Annotated[Whole, Field(ge=1, le=2**53)]
    input: str
    msg_id: str = ""


class SaidPlace(BaseModel):
    """Where a message stands: its place `seq` in the log, and its position in the line or the turn that answers it."""

    n: int
    seq: int
    position: int | None = None
    turn: int | None = None


class CancelBody(Strict):
    """The turn to be stopped."""

    turn: Annotated[Whole, Field(ge=1, le=2**53)]


class Opened(BaseModel):
    """A new session. The token is shown this once."""

    session_id: str
    session_token: str
    epoch: str
    expires_at: str | None


class TokenWanted(Strict):
    """A token for a while."""

    scope: Literal["read", "write"] = "read"
    ttl_s: Annotated[Whole, Field(ge=1, le=3600)] = 300


class ScopedToken(BaseModel):
    session_token: str
    scope: Literal["read", "write"]
    expires_at: str


class Error(BaseModel):
    """What went wrong, and whether the same request may work later, in `retry_after` seconds where that is known."""

    code: str
    message: str
    temporary: bool
    type: str
    param: str | None
    expected: JsonValue = None
    retry_after: float | None = None


class Problem(BaseModel):
    """The body of every refusal."""

    error: Error


class BatchItemBody(Strict):
    """One turn of one session."""

    session_id: Annotated[str, Field(max_length=64)]
    session_token: Annotated[str, Field(max_length=200)]
    sequence: Annotated[Whole, Field(ge=1, le=2**53)]
    input: str
    msg_id: str = ""
    options: Options = {}


class Batch(Strict):
    """One turn each of at most ten sessions."""

    items: Annotated[list[BatchItemBody], Field(min_length=1, json_schema_extra={"maxItems": 10})]


class BatchResult(BaseModel):
    """What became of an item: the reply (`end` says how it ended), or an error. `status` is as if it had come alone."""

    session_id: str
    sequence: int
    status: int
    end: str | None = None
    text: str | None = None
    seq: int | None = None
    usage: dict[str, int | bool] | None = None
    error: dict[str, JsonValue] | None = None


class BatchAnswer(BaseModel):
    """One result for each item, in their order."""

    results: list[BatchResult]


class ChatMessage(BaseModel):
    """One message as OpenAI has it. Its other fields are handed on as they are."""

    model_config = ConfigDict(extra="allow")

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[dict[str, JsonValue]] | None = None
    tool_calls: list[dict[str, JsonValue]] | None = None
    tool_call_id: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.content is None and not self.tool_calls:
            raise ValueError(f"a message of role {self.role} needs content")
        if self.role == "tool" and not self.tool_call_id:
            raise ValueError("a message of role tool needs tool_call_id")
        for part in self.content if isinstance(self.content, list) else ():
            if part.get("type") not in ("text", "refusal"):
                raise ValueError(f"content of type {str(part.get('type'))[:40]} is not supported here, only text")
        return self

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(str(part.get("text") or part.get("refusal") or "") for part in self.content)
        return self.content or ""

    @property
    def raw(self) -> dict[str, JsonValue]:
        """The message as it was written."""
        return self.model_dump(exclude_unset=True)


class StreamOptions(BaseModel):
    include_usage: bool = False


class Completion(BaseModel):
    """OpenAI's request, with `developer_mode`, `session_id` and `sequence` besides. Other fields are handed on."""

    model_config = ConfigDict(extra="allow")

    model: Annotated[str, Field(max_length=200)] = ""
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=10_000)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    developer_mode: bool = False
    session_id: Annotated[str, Field(max_length=64)] | None = None
    sequence: Annotated[Whole, Field(ge=1, le=2**53)] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """What the model server is to be told. Raises Refused bad_request, naming what cannot be done here."""
        more = self.model_extra or {}
        for name, instead in UNSUPPORTED.items():
            if more.get(name) and more[name] != ["text"]:
                raise Refused("bad_request", f"{name} is not supported here", expected=instead)
        for name in more:
            if (meant := _meant(name)) is not None:
                raise Refused("bad_request", f"{name} is no field of a request", expected=meant)
        for name in FOR_SESSIONS:
            if not self.developer_mode and (more.get(name) or getattr(self, name, None)) is not None:
                raise Refused("bad_request", f"{name} without developer_mode", expected='"developer_mode": true')
        found = {name: value for name, value in more.items() if value is not None and name not in UNSUPPORTED}
        storable(found)
        return found


def _meant(name: str) -> str | None:
    """The field of ours that a name is a misspelling of."""
    plain = name.lower().replace("-", "_")
    joined = {ours.replace("_", ""): ours for ours in OURS}
    near = joined.get(plain.replace("_", "")) or next(iter(get_close_matches(plain, OURS, 1, 0.8)), None)
    return near if name != near else None


def storable(value: Any) -> None:
    """Raises Refused bad_request for a value that JSON or UTF-8 cannot carry."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise Refused(
            "bad_request", f"a value cannot be stored: {error}", expected="finite numbers, valid text"
        ) from error
