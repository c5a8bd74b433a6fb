"""Moderation of one text, for programs that only want that."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from voice.errors import ConfigError
from voice.safety.judges import judges
from voice.safety.moderation import Moderation
from voice.safety.rules_file import load
from voice.safety.verdict import Verdict, together
from voice.settings.layers import load as settings_of


def local_filter(text: str, rules: Sequence[str] = ()) -> Verdict:
    """What the rules and classifiers of this machine's settings say of a text.

    `rules` are the categories to look for, all for none: those of the rules file, and where a classifier is configured
    (`safety.filter_url`, in the environment or a settings file) also its own, such as medical_advice. Raises
    ConfigError for a rule that nothing here knows. Blocks; call it in a thread where an event loop runs.
    """
    named = os.environ.get("VOICE_CONFIG")
    resolved = settings_of(config=Path(named) if named else None, environment=os.environ)
    safety = resolved.settings.safety
    found = load(Path(safety.rules).expanduser() if safety.rules else None)
    known = {rule.category for rule in found.rules}
    asked = [name for name in rules if name not in known]
    if asked and not (safety.filter_url or safety.openai_url):
        raise ConfigError(
            f"nothing here knows the rule {asked[0]!r}",
            where="local_filter",
            expected=f"{', '.join(sorted(known))}, or a classifier that knows it",
            remedy="set safety.filter_url and safety.filter_model",
        )
    servers = judges(replace(safety, filter_rules=",".join(asked)) if asked and safety.filter_url else safety)
    moderation = Moderation(found, servers)
    verdict = asyncio.run(_judged(moderation, text))
    return Verdict(tuple(name for name in verdict.categories if not rules or name in rules), verdict.error)


async def _judged(moderation: Moderation, text: str) -> Verdict:
    try:
        return together([moderation.words(text), await moderation.ask(text)])
    finally:
        await moderation.close()
