"""How OpenAI-compatible servers differ: where they answer, what they may be told, how they count and refuse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from voice.llm.interface import Message

KEEP_ALIVE = "30m"  # as long as a session lives without a sign of life

# The address only that server has, and a field its answer has there.
PROBES = (("/props", "default_generation_settings", "llama.cpp"), ("/api/version", "version", "ollama"))

# status: (code, temporary, remedy)
REFUSALS: Mapping[int, tuple[str, bool, str]] = {
    400: ("upstream_bad_request", False, ""),
    401: ("upstream_unauthorized", False, "set VOICE_CHAT_API_KEY to a key this server accepts"),
    403: ("upstream_forbidden", False, "use a key that may use this model"),
    404: ("upstream_not_found", False, "check the address; it usually ends in /v1"),
    408: ("upstream_timeout", True, "try again"),
    409: ("upstream_conflict", True, "try again"),
    413: ("upstream_context_too_long", False, "lower chat.context_tokens"),
    422: ("upstream_bad_request", False, ""),
    429: ("upstream_rate_limited", True, "wait, or use a key with a higher limit"),
}
SERVER_FAULT = ("upstream_error", True, "see that server's log")


def base_url(url: str) -> str:
    """Return `url` without credentials, query and trailing slash; a bare host gets `/v1`."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/") or "/v1", "", ""))


def root_url(url: str) -> str:
    """Return the address a server's own API hangs from: the base URL without its `/v1`."""
    return url.removesuffix("/v1")


def known_kind(url: str) -> str:
    """Return the kind of server its host name gives away, or an empty string."""
    return "openai" if urlsplit(url).hostname == "api.openai.com" else ""


def hints(kind: str, key: str) -> dict[str, object]:
    """Return body fields that help this kind of server to keep the session's prefix cached; none for others."""
    if kind == "openai" and key:
        return {"prompt_cache_key": key}
    return {"cache_prompt": True} if kind == "llama.cpp" else {}


def refusal(status: int, error_code: str, message: str) -> tuple[str, bool, str]:
    """Return code, whether a retry may help, and the remedy for an answer with an error status."""
    if error_code == "context_length_exceeded" or "context length" in message or "context size" in message:
        return REFUSALS[413]
    if error_code == "insufficient_quota":
        return "upstream_quota_exhausted", False, "the account of this key has no credit left"
    if status == 404 and (error_code == "model_not_found" or "model" in message.lower()):
        return "upstream_model_not_found", False, "set chat.model to one the server has"
    return REFUSALS.get(status, SERVER_FAULT if status >= 500 else ("upstream_bad_request", False, ""))


def error_text(body: object) -> str:
    """Return the server's own words from an error body of any of the shapes in use, one line, at most 200 long."""
    while isinstance(body, Mapping):
        body = next((body[k] for k in ("message", "error", "detail") if body.get(k)), "")
    return " ".join(str(body or "").split())[:200]


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a `Retry-After` header asks to wait, given as seconds, milliseconds or a date."""
    millis, value = headers.get("retry-after-ms", ""), headers.get("retry-after", "")
    try:
        if millis or value.replace(".", "", 1).isdigit():
            return max(0.0, float(millis) / 1000 if millis else float(value))
        if value:
            return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):  # a header in no known form asks for nothing
        return None
    return None


def token_counts(chunk: Mapping[str, Any]) -> tuple[int, int, int] | None:
    """Return (input, cached input, output) tokens where the chunk reports them.

    The cached part has three names: `prompt_tokens_details.cached_tokens` (OpenAI, vLLM, LiteLLM),
    `prompt_cache_hit_tokens` (DeepSeek), `timings.cache_n` (llama.cpp).
    """
    usage = chunk.get("usage")
    if not isinstance(usage, Mapping):
        return None
    details, timings = usage.get("prompt_tokens_details") or {}, chunk.get("timings") or {}
    cached = details.get("cached_tokens") or usage.get("prompt_cache_hit_tokens") or timings.get("cache_n")
    return int(usage.get("prompt_tokens") or 0), int(cached or 0), int(usage.get("completion_tokens") or 0)


def message_json(message: Message) -> dict[str, object]:
    """Return a message as chat completions take it."""
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.text}
    told: dict[str, object] = {"role": message.role, "content": message.text}
    if message.calls:
        told["tool_calls"] = [
            {
                "id": call["call_id"],
                "type": "function",
                "function": {"name": call["name"], "arguments": call["arguments"]},
            }
            for call in message.calls
        ]
    return told


class Calls:
    """Function calls put together from the pieces a stream brings."""

    def __init__(self) -> None:
        self._calls: dict[int, dict[str, str]] = {}

    def take(self, pieces: Iterable[Mapping[str, Any]]) -> None:
        for place, piece in enumerate(pieces):
            call = self._calls.setdefault(int(piece.get("index", place)), {"call_id": "", "name": "", "arguments": ""})
            function = piece.get("function") or {}
            call["call_id"] = piece.get("id") or call["call_id"]
            call["name"] = function.get("name") or call["name"]
            call["arguments"] += function.get("arguments") or ""

    def whole(self) -> list[dict[str, str]]:
        """Return the calls, each with `call_id`, `name` and `arguments` as JSON text."""
        return [
            call | {"call_id": call["call_id"] or f"call_{index}", "arguments": call["arguments"] or "{}"}
            for index, call in sorted(self._calls.items())
            if call["name"]
        ]


class DataLines:
    """Server-sent events as all of these servers write them: each a line `data: …`; everything else is comment."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, raw: bytes) -> list[bytes]:
        """Return the data that `raw` completes."""
        *lines, self._rest = (self._rest + raw).split(b"\n")
        return [line[5:].strip() for line in lines if line.startswith(b"data:")]

    def end(self) -> list[bytes]:
        """Return what was begun when the connection ended."""
        return self.feed(b"\n") if self._rest else []


def join_surrogates(held: str, piece: str) -> tuple[str, str]:
    """Return (text that can leave, half a character to hold back) of `held` followed by `piece`.

    Servers that cut `\\ud83d\\ude00` between two chunks send each half alone; neither is text by itself.
    """
    text = held + piece
    if text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text):
        return text, ""
    held = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
    whole = text.removesuffix(held).encode("utf-16-le", "surrogatepass")
    return whole.decode("utf-16-le", "replace"), held


CONTINUING: Mapping[str, Mapping[str, object]] = {
    "off": {},
    "prefill": {},
    "vllm": {"continue_final_message": True, "add_generation_prompt": False},
}
"""What goes into a request that ends in the beginning of a reply, by how the server wants to be asked to go on."""
