"""Placeholders such as `<PHONE:7f3a9c1e>`, which stand for what was taken out of a text, in words that can be said."""

from __future__ import annotations

from types import MappingProxyType

from voice.text.patterns import pattern_of

BLOCKED = "[Blocked]"
"""What stands in the log, in frames and in the context in place of a text that was taken out."""

PLACEHOLDER = pattern_of(r"<([A-Z_]{2,16}):[0-9a-f]{8,16}>")

WORDS = MappingProxyType(
    {
        "en": {
            "PHONE": "a phone number",
            "ID": "an identity card number",
            "CARD": "a card number",
            "EMAIL": "an e-mail address",
            "IBAN": "an account number",
            "IP": "a network address",
            "PERSON": "somebody",
            "LOCATION": "a place",
            "": "something private",
        },
        "zh": {
            "PHONE": "一个电话号码",
            "ID": "一个身份证号",
            "CARD": "一个卡号",
            "EMAIL": "一个邮箱地址",
            "IBAN": "一个账号",
            "IP": "一个网络地址",
            "PERSON": "某个人",
            "LOCATION": "某个地方",
            "": "一条私人信息",
        },
        "de": {
            "PHONE": "eine Telefonnummer",
            "ID": "eine Ausweisnummer",
            "CARD": "eine Kartennummer",
            "EMAIL": "eine E-Mail-Adresse",
            "IBAN": "eine Kontonummer",
            "IP": "eine Netzwerkadresse",
            "PERSON": "jemand",
            "LOCATION": "ein Ort",
            "": "etwas Privates",
        },
    }
)


def in_words(kind: str, language: str) -> str:
    """What is said in place of a placeholder of this kind; English where the language has no words for it."""
    words = WORDS.get(language.split("-")[0].lower(), WORDS["en"])
    return words.get(kind, words[""])
