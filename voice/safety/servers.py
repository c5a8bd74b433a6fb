"""Moderation by a server: OpenAI's endpoint, or a classifier behind any OpenAI-compatible address."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from voice.errors import ConfigError
from voice.safety.classifiers import (
    ModerationError,
    guard_categories,
    openai_categories,
    policies,
    shield_prompt,
    shield_violation,
)


class Server:
    """One server, reached through the official `openai` package, without retries: a late verdict helps nobody."""

    def __init__(self, url: str, key: str, timeout_s: float, *, where: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigError(f"cannot reach {url!r}", where=where, expected="a URL as http://HOST:PORT/v1")
        import openai

        self.url, self._sdk, self._timeout_s = url.rstrip("/"), openai, timeout_s
        self._client = openai.AsyncOpenAI(base_url=url, api_key=key or "none", max_retries=0, timeout=timeout_s)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The decoded answer. Raises ModerationError, which holds nothing of what was sent."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._client.post(path, body=dict(body), cast_to=object)
        except (TimeoutError, self._sdk.APITimeoutError) as error:
            raise ModerationError(f"no verdict within {self._timeout_s:g} s", where=self.url) from error
        except self._sdk.APIStatusError as error:
            raise ModerationError(f"HTTP {error.status_code} instead of a verdict", where=self.url) from None
        except (self._sdk.APIError, ValueError) as error:
            raise ModerationError(f"no verdict ({type(error).__name__})", where=self.url) from None

    async def close(self) -> None:
        await self._client.close()


class OpenAIModeration:
    """OpenAI's moderation endpoint, or another server's that speaks the same."""

    def __init__(self, url: str, model: str, key: str, timeout_s: float) -> None:
        self._server, self._model = Server(url, key, timeout_s, where="safety.openai_url"), model
        self.name = f"{model} at {self._server.url}"

    async def judge(self, text: str, question: str | None) -> tuple[str, ...]:
        return openai_categories(await self._server.post("/moderations", {"model": self._model, "input": text}))

    async def close(self) -> None:
        await self._server.close()


class ShieldGemma:
    """ShieldGemma behind `/completions`, which must hand the prompt on as it is. Each rule is a question of its own."""

    def __init__(self, url: str, model: str, key: str, timeout_s: float, rules: str, threshold: float) -> None:
        self._server, self._model = Server(url, key, timeout_s, where="safety.filter_url"), model
        self._policies, self._threshold = policies(rules), threshold
        self.name = f"{model} at {self._server.url}"

    async def judge(self, text: str, question: str | None) -> tuple[str, ...]:
        shares = await asyncio.gather(*(self._asked(text, question, policy) for policy in self._policies.values()))
        return tuple(name for name, found in zip(self._policies, shares, strict=True) if found >= self._threshold)

    async def _asked(self, text: str, question: str | None, policy: tuple[str, str]) -> float:
        body = {"model": self._model, "prompt": shield_prompt(policy, text, question), "max_tokens": 1}
        answer = await self._server.post("/completions", body | {"temperature": 0, "logprobs": 5})
        return shield_violation(_choice(answer))

    async def close(self) -> None:
        await self._server.close()


class LlamaGuard:
    """Llama Guard behind `/chat/completions`; the server knows its template."""

    def __init__(self, url: str, model: str, key: str, timeout_s: float, threshold: float) -> None:
        self._server, self._model = Server(url, key, timeout_s, where="safety.filter_url"), model
        self._threshold = threshold
        self.name = f"{model} at {self._server.url}"

    async def judge(self, text: str, question: str | None) -> tuple[str, ...]:
        messages = [{"role": "user", "content": text if question is None else question}]
        if question is not None:
            messages.append({"role": "assistant", "content": text})
        body = {"model": self._model, "messages": messages, "max_tokens": 20, "temperature": 0}
        answer = await self._server.post("/chat/completions", body | {"logprobs": True, "top_logprobs": 5})
        return guard_categories(_choice(answer), self._threshold)

    async def close(self) -> None:
        await self._server.close()


def _choice(answer: Any) -> Mapping[str, Any]:
    try:
        choice: Mapping[str, Any] = answer["choices"][0]
        choice.get("text")
    except (AttributeError, IndexError, KeyError, TypeError):
        raise ModerationError("the answer is no completion", expected="OpenAI's completion object") from None
    return choice
