"""Lists in German without a model: `Setz Milch auf die Einkaufsliste`, `Was steht auf der Liste?`."""

from __future__ import annotations

from voice.text.german.words import german_words
from voice.text.patterns import pattern_of

_ARTICLE = r"(?:(?:die|der|den|dem|meine[rn]?|unsere[rn]?|eine[r]?|ganze[n]?) )*"
_LIST = (
    rf"{_ARTICLE}(?P<list>(?:to do |todo |[a-z]+? )?[a-z]*?)liste(?: fuers? (?:die |den |das )?(?P<purpose>[a-z]+))?"
)
_MORE = r"(?: (?:noch|alles|so|denn|jetzt))*"
_PATTERNS = tuple(
    (action, pattern_of(pattern.replace("LIST", _LIST)))
    for action, pattern in (
        ("names", r"^(?:welche|was fuer) listen (?:habe ich|haben wir|gibt es)$|^zeig(?:e|) (?:mir )?(?:alle "
                  r"|meine )?listen$"),
        ("read", rf"^was (?:steht|ist|habe ich|haben wir){_MORE} (?:auf|in) LIST{_MORE}(?: drauf)?$"),
        ("read", r"^(?:(?:lies|zeige?|sag|nenne?)(?: mir| uns)? )?LIST(?: vor| an| auf| vorlesen| zeigen"
                 r"| anzeigen)?$"),
        ("clear", r"^(?:leere?|loesche?|streiche?) (?:alles (?:von|aus|auf) )?LIST$"),
        ("clear", r"^(?:mache? )?LIST (?:leeren|loeschen|leer)$"),
        ("remove", r"^(?:streiche?|loesche?|entferne?|nimm|mache?|tu|hake?|wirf) (?P<items>.+?) (?:von|aus|auf"
                   r"|vom) LIST"
                   r"(?: runter| weg| ab| herunter| raus| durch)?$"),
        ("remove", r"^(?P<items>.+?) (?:von|aus) LIST (?:streichen|loeschen|entfernen|nehmen|runternehmen"
                   r"|runter|weg)$"),
        ("add", r"^(?:setze?|schreibe?|packe?|tue?|stelle?|fuege?|nimm|notiere?|trage?|lege?) (?:mir |uns "
                r"|noch |auch )*"
                r"(?P<items>.+?) (?:mit )?(?:auf|zur?|in|an) LIST(?: hinzu| dazu| drauf| ein)?$"),
        ("add", r"^(?:setze?|schreibe?|packe?|notiere?) (?:auf|in) LIST (?P<items>.+)$"),
        ("add", r"^(?P<items>.+?) (?:auf|zur?|in) LIST (?:setzen|schreiben|packen|tun|hinzufuegen|nehmen"
                r"|eintragen|dazu)$"),
        ("add", r"^(?:noch )?(?P<items>.+?) (?:(?:auf|in) (?=die |meine |unsere )|zur )LIST$"),
    )
)  # fmt: skip
_BUYS = pattern_of(rf"^was (?:muss|muessen|soll|sollen|will|wollen) (?:ich|wir){_MORE} (?:ein)?kaufen$")
_KNOWN = {
    **dict.fromkeys(("", "einkaufs", "einkauf", "kauf"), "shopping"),
    **dict.fromkeys(("to do", "todo", "to do s", "aufgaben"), "to do"),
}
_SAID = {"shopping": "Einkaufsliste", "to do": "To-do-Liste"}
_COMMA = pattern_of(r"(?<=\w)\s*[,;]\s*(?:und\s+)?(?=[^\W\d])")
_BETWEEN = pattern_of(r"\s+(?:und|sowie)\s+")
_NO_ITEM = pattern_of(
    r"^(?:setze?|schreibe?|packe?|tue?|stelle?|streiche?|loesche?|nimm|lege?|steht|stehen|ist|sind|was|wie|wer|habe?|etwas|das|es|alles)\b"
)
_BEFORE_ITEM = pattern_of(
    r"^(?:noch|auch|bitte|etwas|ein|eine|einen|der|die|das|den)\s+(?=\S)",
)


def german_list_request(text: str) -> dict[str, object] | None:
    """The arguments of the tool `lists` for these words, None where they are about no list."""
    said = german_words(_COMMA.sub(" und ", text))
    if _BUYS.search(said.text):
        return {"action": "read", "list": "shopping"}
    for action, pattern in _PATTERNS:
        if (found := pattern.search(said.text)) is None:
            continue
        groups = found.groupdict()
        asked: dict[str, object] = {"action": action}
        if action != "names":
            name = groups["purpose"] or _KNOWN.get(groups["list"].strip())
            asked["list"] = name or said.as_written(f"{groups['list']}liste").lower().removesuffix("liste").strip()
        if (items := groups.get("items")) is not None:
            parts = [said.as_written(item) for item in _BETWEEN.split(items)]
            asked["items"] = [item for part in parts if (item := _bare(part))][:20]
            if _NO_ITEM.search(items) or not asked["items"]:
                return None
        return asked
    return None


def _bare(item: str) -> str:
    while (found := _BEFORE_ITEM.match(item.lower())) is not None:
        item = item[found.end() :]
    return item.strip()


def german_list_name(name: str) -> str:
    """A list as a reply names it."""
    return _SAID.get(name) or (f"Liste {name}" if " " in name else f"{name.capitalize()}liste")
