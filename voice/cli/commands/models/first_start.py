"""The first start on a machine: fetch what fits, once, and remember that it was done."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from voice.errors import VoiceError
from voice.models.registry import Model, find_model
from voice.models.store import ModelStore, writing
from voice.settings.schema import Settings
from voice.wiring.first_start import FAST, GOOD, LEAST_BYTES, fit, wanted

REMEMBERED = "first-start.json"
"""Lies in the folder of models; once it says what was decided, no start downloads anything."""

BEGUN = "begun"
"""Interrupted; the next start continues."""

Pull = Callable[[Model], Path]
Measure = Callable[[Path], float]
Say = Callable[[str], None]


def first_start(
    settings: Settings,
    store: ModelStore,
    registry: Sequence[Model],
    *,
    pull: Pull,
    measure: Measure,
    say: Say,
    offline: bool,
    memory_bytes: int,
    again: bool = False,
) -> None:
    """Fetch the models that fit where none are, unless that was decided before; remember what came of it.

    `pull` fetches one model, `measure` gives the milliseconds it takes for the clip, `say` prints a line. Nothing that
    fails here stops the start: the engines that are built in need no model. An interrupted one goes on next time.
    `again` asks what is missing whatever was decided.
    """
    decided = BEGUN if again else _recall(store)
    if decided not in ("", BEGUN):
        return
    present = store.present(registry)
    needs = wanted(settings, present, registry)
    if (present and not decided) or not (needs.measured or needs.models):
        _remember(store, say, {"decided": "the models downloaded so far"})
        return
    built_in = why_built_in(offline=offline, memory_bytes=memory_bytes)
    if built_in:
        say(f"first start: {built_in}; going on with the engines that are built in")
        _remember(store, say, {"decided": "built in", "why": built_in})
        return
    say(announcement(needs.models, find_model(registry, FAST), find_model(registry, GOOD), measured=needs.measured))
    _remember(store, say, {"decided": BEGUN})
    fetched: list[str] = []
    failures: list[tuple[Model, VoiceError]] = []

    def try_pull(model: Model) -> Path | None:
        try:
            path = pull(model)
        except VoiceError as error:
            failures.append((model, error))
            return None
        fetched.append(model.name)
        say(f"{model.name}: {path}")
        return path

    took: dict[str, float] = {}
    if needs.measured and (folder := try_pull(find_model(registry, FAST))) is not None:
        try:
            took[FAST] = measure(folder)
        except VoiceError as error:
            say(f"first start: {error}")
        else:
            chosen = fit(took)
            say(f"{chosen.why}.")
            if chosen.model != FAST:
                try_pull(find_model(registry, chosen.model))
    for model in needs.models:
        try_pull(model)
    for model, failure in failures:
        say(f"first start: without {model.name}: {failure}")
    if failures:
        names = " ".join(model.name for model, _ in failures)
        say(f"first start: continuing with the models downloaded so far. Later: voice models pull {names}")
    _remember(store, say, {"decided": "fetched" if fetched else "built in", "fetched": fetched, "read_ms": took})


def why_built_in(*, offline: bool, memory_bytes: int) -> str:
    """Why nothing is fetched, in words; "" where models are."""
    if offline:
        return "--offline was asked for"
    if memory_bytes < LEAST_BYTES:
        return (
            f"this machine has {memory_bytes >> 20} MiB of memory, too little for models (at least {LEAST_BYTES >> 20})"
        )
    return ""


def announcement(models: Sequence[Model], fast: Model, good: Model, *, measured: bool) -> str:
    """What will be fetched and how large it is, in one line."""
    certain = [*([fast] if measured else []), *models]
    line = "first start: fetching " + ", ".join(f"{model.name} ({_megabytes(model)})" for model in certain)
    if measured:
        line += f", and {good.name} ({_megabytes(good)}) where the machine is fast enough for it"
    return f"{line}. Once only; --offline goes without"


def _megabytes(model: Model) -> str:
    return f"{model.size / 1e6:.0f} MB"


def _recall(store: ModelStore) -> str:
    """What an earlier start decided; "" where there was none, or its note is not readable."""
    try:
        decision = json.loads((store.folder / REMEMBERED).read_text("utf-8"))["decided"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return str(decision)


def _remember(store: ModelStore, say: Say, decision: dict[str, object]) -> None:
    path = store.folder / REMEMBERED
    try:
        with writing(path):
            store.folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(decision, indent=2) + "\n", "utf-8")
    except VoiceError as error:
        say(f"first start: cannot be remembered: {error}")
