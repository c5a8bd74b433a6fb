"""The bodies of requests and answers, as the OpenAPI document shows them."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from voice.sessions.log import Refused

OPTIONS = (
    "temperature",
    "top_p",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "response_format",
    "reasoning_effort",
)
"""What of OpenAI's request is handed on to the model server."""

UNSUPPORTED = ("tools", "functions", "audio", "modalities", "web_search_options", "prediction")

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


class NewSession(Strict):
    """What a new session remembers."""

    system: str = ""
    model: Annotated[str, Field(max_length=200)] = ""
    options: Options = {}


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


class TextPart(BaseModel):
    type: Literal["text"]
    text: str


class ChatMessage(BaseModel):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]

    @property
    def text(self) -> str:
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    include_usage: bool = False


class Completion(BaseModel):
    """OpenAI's request, with `developer_mode`, `session_id` and `sequence` besides. Other fields are not looked at."""

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
        """What the model server is to be told. Raises Refused bad_request for what no session can do."""
        more = self.model_extra or {}
        for name in UNSUPPORTED:
            if more.get(name):
                raise Refused(
                    "bad_request", f"{name} is not supported here", expected="only text messages are supported"
                )
        found = {name: more[name] for name in OPTIONS if more.get(name) is not None}
        storable(found)
        return found


def storable(value: Any) -> None:
    """Raises Refused bad_request for a value that JSON or UTF-8 cannot carry."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise Refused(
            "bad_request", f"a value cannot be stored: {error}", expected="finite numbers, valid text"
        ) from error
