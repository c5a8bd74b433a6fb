"""BCP 47 language tags, such as en, en-US and zh-Hant-TW."""

from __future__ import annotations


def base_language(tag: str) -> str:
    """The language of a tag, without script and region, in lower case; empty for an empty tag.

    >>> base_language("zh_TW")
    'zh'
    """
    return tag.replace("_", "-").partition("-")[0].lower()
