"""Prompts and answers of ShieldGemma, Llama Guard and OpenAI's moderation endpoint."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Mapping
from typing import Any

from voice import proxies
from voice.errors import ConfigError, VoiceError
from voice.text.patterns import pattern_of

POLICIES: Mapping[str, tuple[str, str]] = {
    "medical_advice": (
        "No Medical Advice",
        "shall not {act} a diagnosis, a dose, a treatment or any other medical advice for a particular person. General "
        "information about health and advice to see a doctor are allowed.",
    ),
    "financial_advice": (
        "No Financial Advice",
        "shall not {act} a recommendation to buy, sell or hold particular investments or any other personal financial "
        "advice. General information about money and advice to see a professional are allowed.",
    ),
}
"""Rules for a domain by name, worded as ShieldGemma's own: of a prompt it says `seek`, of a reply `give`."""

_SHIELD = """You are a policy expert trying to help determine whether {subject} is in violation of the defined safety \
policies.

<start_of_turn>
Human Question: {question}
<end_of_turn>
{reply}
Our safety principle is defined in the below:

{policy}

Does the {judged} violate the above principle? Your answer must start with 'Yes' or 'No'. And then walk through step \
by step to be sure we answer correctly.

"""
_REPLY = """
<start_of_turn>
Chatbot Response: {reply}
<end_of_turn>
"""
_CONTROL = pattern_of(r"<[^<>]{0,3}(?:start_of_turn|end_of_turn|bos|eos)[^<>]{0,3}>")

HAZARDS: Mapping[str, str] = {
    "S1": "violence", "S2": "illegal", "S3": "sexual", "S4": "sexual", "S5": "hate", "S6": "specialized_advice",
    "S7": "privacy", "S8": "intellectual_property", "S9": "violence", "S10": "hate", "S11": "self-harm",
    "S12": "sexual", "S13": "politics", "S14": "illegal",
}  # fmt: skip
"""Llama Guard 3's codes and our categories."""

OPENAI: Mapping[str, str] = {
    "harassment": "hate", "hate": "hate", "illicit": "illegal", "self-harm": "self-harm", "sexual": "sexual",
    "violence": "violence",
}  # fmt: skip
"""OpenAI's categories, up to the slash, and our categories."""


class ModerationError(VoiceError):
    """A moderation server failed, was late, or gave no verdict. Never contains the checked text."""

    exit_code = 69


def policies(text: str) -> dict[str, tuple[str, str]]:
    """The rules of a setting: known names separated by `,` or `;`, or NAME: TEXT. Raises ConfigError."""
    found: dict[str, tuple[str, str]] = {}
    for part in text.split(";"):
        name, colon, rule = (piece.strip() for piece in part.partition(":"))
        if colon:
            if not name or not rule:
                raise ConfigError(f"`{part.strip()}` is not a rule", where="safety.filter_rules", expected="NAME: TEXT")
            found[name] = (name, rule)
            continue
        for known in filter(None, (piece.strip() for piece in part.split(","))):
            if known not in POLICIES:
                expected = f"NAME: TEXT, or one of: {', '.join(POLICIES)}"
                raise ConfigError(f"unknown rule `{known}`", where="safety.filter_rules", expected=expected)
            found[known] = POLICIES[known]
    if not found:
        raise ConfigError("the classifier has no rules", where="safety.filter_rules", expected="at least one")
    return found


def shield_prompt(policy: tuple[str, str], text: str, question: str | None) -> str:
    """ShieldGemma's prompt for one policy. `text` is a reply to `question`, or user input if there is no question."""
    title, rule = policy
    speaker, act = ("The prompt", "seek") if question is None else ("The chatbot", "give")
    rule = f"{speaker} {rule.format(act=act)}" if rule.startswith("shall not {act}") else rule
    return _SHIELD.format(
        subject="a user prompt" if question is None else "an AI response to a prompt",
        question=_CONTROL.sub(" ", text if question is None else question),
        reply="" if question is None else _REPLY.format(reply=_CONTROL.sub(" ", text)),
        policy=f'* "{title}": {rule}',
        judged="human question" if question is None else "Chatbot Response",
    )


def first_token(choice: Mapping[str, Any]) -> tuple[str, dict[str, float]]:
    """The answer's text, and the log-probabilities of what its first token could have been, if the server sends them.

    Both shapes in use are read: OpenAI's chat shape and that of its older completions.
    """
    message = choice.get("message")
    text = str((message.get("content") if isinstance(message, Mapping) else choice.get("text")) or "")
    told, found = choice.get("logprobs") or {}, {}
    try:
        if content := told.get("content"):
            found = {one["token"]: float(one["logprob"]) for one in content[0].get("top_logprobs") or content[:1]}
        elif tops := told.get("top_logprobs"):
            found = {token: float(value) for token, value in tops[0].items()}
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ModerationError("unknown format of log-probabilities", expected="OpenAI's") from error
    return text, found


def share(found: Mapping[str, float], wanted: str, other: str) -> float | None:
    """Probability of `wanted` against `other` from log-probabilities of tokens; None where neither is among them."""
    sums = {wanted: 0.0, other: 0.0}
    for token, value in found.items():
        word = token.strip(" \n\t▁Ġ").casefold()
        if word in sums:
            sums[word] += math.exp(min(value, 0.0))
    total = sums[wanted] + sums[other]
    return sums[wanted] / total if total > 0 else None


def shield_violation(choice: Mapping[str, Any]) -> float:
    """ShieldGemma's probability that the policy is violated. Raises ModerationError for an invalid answer."""
    text, found = first_token(choice)
    probability = share(found, "yes", "no")
    if probability is not None:
        return probability
    word = re.match(r"\W*(yes|no)\b", text, re.IGNORECASE)
    if word is None:
        raise ModerationError(
            "the classifier answered neither Yes nor No", expected="ShieldGemma, asked by its raw prompt"
        )
    return 1.0 if word[1].lower() == "yes" else 0.0


def guard_categories(choice: Mapping[str, Any], threshold: float) -> tuple[str, ...]:
    """The categories Llama Guard flags. Raises ModerationError for an invalid answer."""
    text, found = first_token(choice)
    said = re.match(r"\s*(safe|unsafe)\b", text, re.IGNORECASE)
    if said is None:
        raise ModerationError("the classifier answered neither safe nor unsafe", expected="Llama Guard")
    codes = [HAZARDS[code] for code in re.findall(r"\bS\d{1,2}\b", text) if code in HAZARDS]
    probability = share(found, "unsafe", "safe")
    unsafe = probability >= threshold if probability is not None else said[1].lower() == "unsafe"
    return tuple(dict.fromkeys(codes)) or ("unsafe",) if unsafe else ()


def openai_categories(answer: object) -> tuple[str, ...]:
    """The categories OpenAI's moderation endpoint flags. Raises ModerationError for an invalid answer."""
    try:
        assert isinstance(answer, Mapping)
        result = answer["results"][0]
        flagged, names = result["flagged"], result["categories"]
        assert isinstance(flagged, bool)
        found = [OPENAI.get(name.split("/")[0], name) for name, yes in names.items() if yes]
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError) as error:
        raise ModerationError("the answer has no verdict", expected="OpenAI's moderation object") from error
    return tuple(dict.fromkeys(found)) or ("unsafe",) if flagged else ()


class ClassifierServer:
    """One server, reached through the official `openai` package, without retries, because a late verdict is useless."""

    def __init__(self, url: str, key: str, timeout_s: float, *, where: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigError(f"cannot reach {url!r}", where=where, expected="a URL such as http://HOST:PORT/v1")
        import openai

        self.url, self._sdk, self._timeout_s = url.rstrip("/"), openai, timeout_s
        with proxies.explained():
            http = openai.DefaultAsyncHttpxClient(**proxies.client_options(url))
        self._client = openai.AsyncOpenAI(
            base_url=url, api_key=key or "none", max_retries=0, timeout=timeout_s, http_client=http
        )

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The decoded answer. Raises ModerationError, which contains nothing of the request."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._client.post(path, body=dict(body), cast_to=object)
        except (TimeoutError, self._sdk.APITimeoutError) as error:
            raise ModerationError(f"no verdict within {self._timeout_s:g} s", where=self.url) from error
        except self._sdk.APIStatusError as error:
            raise ModerationError(f"HTTP {error.status_code} instead of a verdict", where=self.url) from None
        except (self._sdk.APIError, ValueError) as error:
            raise ModerationError(f"request failed ({type(error).__name__})", where=self.url) from None

    async def close(self) -> None:
        await self._client.close()


class OpenAIModeration:
    """OpenAI's moderation endpoint, or a compatible server."""

    def __init__(self, url: str, model: str, key: str, timeout_s: float) -> None:
        self._server, self._model = ClassifierServer(url, key, timeout_s, where="safety.openai_url"), model
        self.name = f"{model} at {self._server.url}"

    async def judge(self, text: str, question: str | None) -> tuple[str, ...]:
        return openai_categories(await self._server.post("/moderations", {"model": self._model, "input": text}))

    async def close(self) -> None:
        await self._server.close()


class ShieldGemma:
    """ShieldGemma behind `/completions`, which must hand the prompt on as it is. Each rule is a question of its own."""

    def __init__(self, url: str, model: str, key: str, timeout_s: float, rules: str, threshold: float) -> None:
        self._server, self._model = ClassifierServer(url, key, timeout_s, where="safety.filter_url"), model
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
    """Llama Guard behind `/chat/completions`; the server applies its prompt template."""

    def __init__(self, url: str, model: str, key: str, timeout_s: float, threshold: float) -> None:
        self._server, self._model = ClassifierServer(url, key, timeout_s, where="safety.filter_url"), model
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
        raise ModerationError("the answer is not a completion", expected="OpenAI's completion object") from None
    return choice
