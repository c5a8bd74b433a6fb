"""The models that a server offers, and the model servers that run on this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request

from voice.errors import UnavailableError, UsageError, VoiceError
from voice.llm.openai_dialects import base_url
from voice.proxies import opener
from voice.text.patterns import pattern_of

LOCAL_PORTS = {
    11434: "Ollama",
    1234: "LM Studio",
    8080: "llama.cpp",
    8000: "vLLM",
    30000: "SGLang",
    1337: "Jan",
    4000: "LiteLLM",
    5001: "KoboldCpp",
}
"""Where they listen unless told otherwise."""

OWNERS = {
    "library": "Ollama",
    "llamacpp": "llama.cpp",
    "vllm": "vLLM",
    "organization_owner": "LM Studio",
    "sglang": "SGLang",
}
"""What their lists of models say in `owned_by`, which is surer than the port."""

PATIENCE_S = 5.0
LOCAL_PATIENCE_S = 1.0
MOST_NAMED = 8
LARGEST_BYTES = 4 * 2**20
_NO_CHAT = pattern_of(r"embed|rerank|whisper|(?:^|[-_/:])(?:tts|stt|asr|clip|bge)(?:[-_/:]|$)", re.IGNORECASE)


class KeyRefused(UnavailableError):
    """The server wants a key, or another one."""


class NoModelList(UnavailableError):
    """The server answers, but not with a list of models."""


@dataclass(frozen=True, slots=True)
class ModelServer:
    """A server with OpenAI's API: what kind it is, its base URL, and the names of all its models."""

    kind: str
    url: str
    names: tuple[str, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """The models that can chat, as far as their names say."""
        return tuple(name for name in self.names if chats(name))

    def lacks(self, model: str) -> str:
        """That it has no model of this name, in one line; empty where it has, or a list with wildcards does not say."""
        if not model or not self.names or any(name in (model, f"{model}:latest") or "*" in name for name in self.names):
            return ""
        return f"{self.url}: no model {model!r}; expected one of: {', '.join(self.models[:MOST_NAMED]) or 'none'}"


def list_models(url: str, key: str = "", patience_s: float = PATIENCE_S) -> ModelServer:
    """Ask the server at the base URL `url` for its models.

    Raises UsageError for what is no URL, KeyRefused where a key is wanted, NoModelList for a server without such a
    list, UnavailableError for one that does not answer.
    """
    parts = urlsplit(url)
    try:
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or not url.isprintable() or " " in url:
        raise UsageError("not the address of a server", where=url, expected="a URL such as http://HOST:PORT/v1")
    base = base_url(url)
    request = Request(base + "/models", headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with opener(request.full_url).open(request, timeout=patience_s) as answer:
            entries = json.loads(answer.read(LARGEST_BYTES))["data"]
        named = [(str(entry["id"]), str(entry.get("owned_by", ""))) for entry in entries]
    except HTTPError as error:
        if error.code in (401, 403):
            raise KeyRefused("the server refuses the key" if key else "the server wants a key", where=base) from None
        raise NoModelList(
            f"no list of models (status {error.code})", where=base, expected="an OpenAI-compatible server"
        ) from None
    except (URLError, HTTPException, OSError) as error:
        why = getattr(error, "reason", error)
        raise UnavailableError(f"no answer ({why})", where=base, remedy="check that the server is running") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoModelList("no list of models", where=base, expected="an OpenAI-compatible server") from None
    owner = named[0][1] if named else ""
    kind = OWNERS.get(owner) or LOCAL_PORTS.get(parts.port or 0, "")
    return ModelServer(kind or parts.netloc.rpartition("@")[2], base, tuple(name for name, _ in named))


def chats(model: str) -> bool:
    """Whether a model of this name is made for conversation, as far as the name says."""
    return not _NO_CHAT.search(model)


def model_trouble(url: str, model: str, key: str) -> str:
    """What keeps this model from answering, in one line; empty where nothing does, or the server has no list."""
    try:
        server = list_models(url, key)
    except NoModelList:
        return ""
    except VoiceError as error:
        return str(error)
    return server.lacks(model)


def local_servers(environment: Mapping[str, str], patience_s: float = LOCAL_PATIENCE_S) -> list[ModelServer]:
    """The model servers that answer on their usual ports of this machine, or where OLLAMA_HOST says, with a model."""
    addresses = local_addresses(environment)
    with ThreadPoolExecutor(len(addresses)) as pool:
        found = pool.map(lambda address: _asked(address, patience_s), addresses)
    return [server for server in found if server is not None and server.models]


def local_addresses(environment: Mapping[str, str]) -> Sequence[str]:
    """The base URLs to ask, Ollama's own first."""
    told = environment.get("OLLAMA_HOST", "").strip().rstrip("/")
    usual = [f"http://127.0.0.1:{port}/v1" for port in LOCAL_PORTS]
    if not told:
        return usual
    host, colon, port = told.rpartition("://")[2].rpartition(":")
    if not colon or not port.isdigit():
        host, port = told.rpartition("://")[2], "11434"
    scheme = told.partition("://")[0] if "://" in told else "http"
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "": "127.0.0.1"}.get(host, host)
    return [f"{scheme}://{host}:{port}/v1", *usual]


def _asked(url: str, patience_s: float) -> ModelServer | None:
    try:
        return list_models(url, patience_s=patience_s)
    except (UnavailableError, UsageError):
        return None  # that is what looking is for
