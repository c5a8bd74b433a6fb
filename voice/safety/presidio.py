"""Microsoft Presidio as a second stage after the patterns, sentence by sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from voice.errors import MissingError
from voice.safety.filters import TextFilter
from voice.safety.redactor import Replace
from voice.text.patterns import pattern_of
from voice.text.placeholders import PLACEHOLDER
from voice.text.speakable import language_of

if TYPE_CHECKING:
    from voice.safety.session_redaction import SecondStage

LONGEST = 400
"""Code points after which a sentence without an end is looked at as it is."""
CERTAIN = 0.5
"""Presidio's score from which a find counts: a pattern's own is 0.3 and up, words around it add 0.35."""

_END = pattern_of(r"[。！？!?\n]|\.(?=\s)")
_WORDY = pattern_of(r"\w.*\w", re.DOTALL)
"""Shorter text contains no name, and every call has a fixed cost."""
_KINDS = {
    "US_SSN": "ID",
    "US_PASSPORT": "PASSPORT",
    "US_DRIVER_LICENSE": "LICENSE",
    "UK_NHS": "ID",
    "CN_PASSPORT": "PASSPORT",
    "CN_PLATE": "PLATE",
    "CRYPTO": "WALLET",
    "MEDICAL_LICENSE": "LICENSE",
    "PERSON": "PERSON",
    "LOCATION": "LOCATION",
}
"""What is taken out. Dates, links and nationalities are not: a conversation without them makes no sense."""


class Sentences:
    """A filter behind another one: it checks the text of the first when a sentence has ended."""

    def __init__(self, first: TextFilter, analyzer: Analyzer, replace: Replace) -> None:
        self._first, self._analyzer, self._replace = first, analyzer, replace
        self._held = ""

    def feed(self, text: str) -> str:
        self._held += self._first.feed(text)
        return self._let_go()

    def flush(self) -> str:
        self._held += self._first.flush()
        out = self._let_go()
        rest, self._held = self._held, ""
        return out + self._redacted(rest)

    def _let_go(self) -> str:
        out: list[str] = []
        while (size := self._size()) is not None:
            out.append(self._redacted(self._held[:size]))
            self._held = self._held[size:]
        return "".join(out)

    def _size(self) -> int | None:
        """Code points of the first sentence, once it is there; what is too long ends at its last space."""
        end = _END.search(self._held, 0, LONGEST + 1)
        if end is not None:
            return end.end() if end.end() <= LONGEST else LONGEST
        if len(self._held) <= LONGEST:
            return None
        space = self._held.rfind(" ", 1, LONGEST)
        opened = self._held.rfind("<", 0, LONGEST)  # a placeholder stays in one piece
        return space + 1 if space > 0 else opened if opened > LONGEST - 40 else LONGEST

    def _redacted(self, text: str) -> str:
        out, done = [], 0
        for start, end, kind in self._analyzer.finds(text):
            out += [text[done:start], self._replace(kind, text[start:end].casefold(), text[start:end])]
            done = end
        return "".join(out) + text[done:]


class Analyzer:
    """Presidio's engine: its pattern recognizers, some for China, and names and places where spaCy models are given."""

    def __init__(self, models: tuple[str, ...] = ()) -> None:
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry

        self._languages = ("en", "zh")
        registry = RecognizerRegistry(supported_languages=list(self._languages))
        for recognizer in (*_predefined(named=bool(models)), *_chinese()):
            registry.add_recognizer(recognizer)
        self._engine: Any = AnalyzerEngine(
            registry=registry, nlp_engine=_spacy(models), supported_languages=list(self._languages)
        )

    def finds(self, text: str) -> list[tuple[int, int, str]]:
        """(start, end, kind) of what is to be taken out, in order, none over another or over a placeholder."""
        if _WORDY.search(text) is None:
            return []
        language = "zh" if language_of(text) == "zh" else "en"
        taken = [name.span() for name in PLACEHOLDER.finditer(text)]
        results = self._engine.analyze(text, language=language, entities=None, score_threshold=CERTAIN)
        found: list[tuple[int, int, str]] = []
        for result in sorted(results, key=lambda one: (one.start - one.end, -one.score, one.start)):
            kind = _KINDS.get(result.entity_type)
            if kind is not None and all(result.end <= start or end <= result.start for start, end in taken):
                found.append((result.start, result.end, kind))
                taken.append((result.start, result.end))
        return sorted(found)


def stage(wanted: str) -> SecondStage:
    """The second stage of redaction; `wanted` is `patterns` or the names of spaCy models.

    Raises MissingError where Presidio or a model is not installed; nothing is downloaded.
    """
    try:
        import presidio_analyzer  # noqa: F401
    except ImportError as error:
        raise MissingError(
            "Presidio is not installed",
            where="safety.presidio",
            remedy="pip install 'voice-at-home[privacy]', or set safety.presidio to off",
        ) from error
    models = () if wanted == "patterns" else tuple(name.strip() for name in wanted.split(",") if name.strip())
    analyzer = Analyzer(models)
    return lambda first, replace: Sentences(first, analyzer, replace)


def _predefined(*, named: bool) -> list[Any]:
    """Presidio's own recognizers of what the patterns here do not know.

    Those of e-mail addresses and links are left out: they would fetch a list of domains from the network.
    """
    from presidio_analyzer import predefined_recognizers as known

    found: list[Any] = [
        known.CryptoRecognizer(),
        known.UsSsnRecognizer(),
        known.UsPassportRecognizer(),
        known.UsLicenseRecognizer(),
        known.NhsRecognizer(),
        known.MedicalLicenseRecognizer(),
    ]
    if named:
        found += [known.SpacyRecognizer(supported_language=language) for language in ("en", "zh")]
    return found


def _spacy(models: tuple[str, ...]) -> Any:
    """Presidio's view of spaCy: blank languages, which know words only, in place of models that are not named."""
    import spacy
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine

    def lemmas(document: Any) -> Any:
        for token in document:
            token.lemma_ = token.lower_  # Presidio finds the words around a number by their lemmas
        return document

    spacy.language.Language.component("voice_lemmas", func=lemmas)
    loaded: dict[str, Any] = {language: spacy.blank(language) for language in ("en", "zh")}
    for blank in loaded.values():
        blank.add_pipe("voice_lemmas")
    for name in models:
        if not spacy.util.is_package(name):
            raise MissingError(
                f"the spaCy model {name!r} is not installed",
                where="safety.presidio",
                remedy=f"python -m spacy download {name}, or set it to patterns",
            )
        model = spacy.load(name)
        loaded[str(model.lang)] = model

    class Loaded(SpacyNlpEngine):
        """Takes what is loaded here; the base class would download what it misses."""

        def __init__(self) -> None:
            super().__init__(ner_model_configuration=NerModelConfiguration(labels_to_ignore=["CARDINAL", "ORDINAL"]))
            self.nlp: Any = loaded

        def load(self) -> None: ...

    return Loaded()


def _chinese() -> list[Any]:
    """Recognizers for Chinese numbers that have no check digit; the words before a passport number make it one."""
    from presidio_analyzer import Pattern, PatternRecognizer

    passport = Pattern(
        "passport",
        r"(?<=(?:护照|passport)[^.。!?！？]{0,24})(?<![A-Za-z0-9])[EGeg][A-HJ-NP-Za-hj-np-z0-9]\d{7}(?![A-Za-z0-9])",
        0.8,
    )
    provinces = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
    plate = Pattern("plate", rf"[{provinces}][A-Z][·\- ]?[A-Z0-9]{{5,6}}(?![A-Za-z0-9])", 0.8)
    return [
        PatternRecognizer(supported_entity=entity, supported_language=language, patterns=[pattern])
        for entity, pattern in (("CN_PASSPORT", passport), ("CN_PLATE", plate))
        for language in ("en", "zh")
    ]
