"""Validation of numbers: check digits, prefixes, dates, lengths by country."""

from __future__ import annotations

# Not python-stdnum 2.2: there a card takes 2 times as long as here, an IBAN 6 times, an identity number 14 times, and
# every candidate in every text comes through here. It also knows neither the networks nor the lengths of cards.
import ipaddress
from datetime import date
from functools import lru_cache

_PROVINCES = frozenset(
    str.split(
        "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83"
    )
)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

_CARDS: tuple[tuple[str, str, frozenset[int]], ...] = tuple(
    (low, high, frozenset(range(least, most + 1)) if step == 1 else frozenset(range(least, most + 1, step)))
    for low, high, least, most, step in (
        ("4", "4", 13, 19, 3),  # Visa
        ("51", "55", 16, 16, 1),  # Mastercard
        ("2221", "2720", 16, 16, 1),
        ("34", "34", 15, 15, 1),  # American Express
        ("37", "37", 15, 15, 1),
        ("300", "305", 14, 19, 1),  # Diners Club
        ("36", "36", 14, 19, 1),
        ("38", "39", 16, 19, 1),
        ("3528", "3589", 16, 19, 1),  # JCB
        ("6011", "6011", 16, 19, 1),  # Discover
        ("644", "659", 16, 19, 1),
        ("62", "62", 16, 19, 1),  # UnionPay
        ("81", "81", 16, 19, 1),
        ("9558", "9558", 19, 19, 1),  # debit cards from before UnionPay
        ("50", "50", 16, 19, 1),  # Maestro
        ("56", "58", 16, 19, 1),
        ("67", "67", 16, 19, 1),
    )
)
"""First and last prefix, lengths (ISO/IEC 7812 ranges as the networks publish them)."""

_IBAN_LENGTHS = {
    entry[:2]: int(entry[2:])
    for entry in str.split(
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
        "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
        "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 "
        "SI19 SK24 SM27 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
    )
}
"""Characters of an IBAN by country (SWIFT's IBAN registry)."""


_DOUBLED = str.maketrans("0123456789", "0246813579")


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1, annex B)."""
    return (sum(map(int, digits[-1::-2])) + sum(map(int, digits[-2::-2].translate(_DOUBLED)))) % 10 == 0


def is_card(digits: str) -> bool:
    """Whether it can be a bank card: a network's prefix and length, and the check digit."""
    return len(digits) in card_lengths(digits[:4]) and luhn(digits)


@lru_cache(10_000)
def card_lengths(prefix: str) -> frozenset[int]:
    """How long the cards are that begin with these four digits."""
    networks = (lengths for low, high, lengths in _CARDS if low <= prefix[: len(low)] <= high)
    return frozenset().union(*networks)


def is_identity_card(number: str) -> bool:
    """Whether it is a Chinese resident identity number: 17 digits and a check character (GB 11643-1999)."""
    if len(number) != 18 or number[:2] not in _PROVINCES:
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    check = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, number, strict=False)) % 11
    return 1880 <= born.year <= 2100 and "10X98765432"[check] == number[17]


def iban_length(country: str) -> int | None:
    """How many characters an IBAN of this country has; None where there are none."""
    return _IBAN_LENGTHS.get(country)


def is_iban(number: str) -> bool:
    """Whether the check digits fit (ISO 13616, mod 97) and the length is its country's."""
    if iban_length(number[:2]) != len(number):
        return False
    return int("".join(str(int(char, 36)) for char in number[4:] + number[:4])) % 97 == 1


def address(text: str) -> str | None:
    """An IPv4 or IPv6 address in its one spelling; None for others and for those that do not identify a machine."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    if found.is_loopback or found.is_unspecified or found.is_multicast or text == "255.255.255.255":
        return None
    return str(found)
