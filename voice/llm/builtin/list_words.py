"""Lists without a model: `add milk to the shopping list`, `what's on my list`, `把牛奶加到购物清单`."""

from __future__ import annotations

from voice.llm.builtin.german.lists import german_list_name, german_list_request
from voice.llm.builtin.question import Question
from voice.text.patterns import pattern_of
from voice.text.plain_words import plain_words

SHOPPING = "shopping"

_NAMES = {
    **dict.fromkeys(("", "grocery", "groceries", "购物", "采购", "买菜", "买东西的"), SHOPPING),
    **dict.fromkeys(("todo", "to-do", "task", "tasks", "待办", "待办事项", "任务"), "to do"),
}
_SAID = {SHOPPING: "购物清单", "to do": "待办清单"}
_LIST = r"(?:my |the |our )?(?P<list>(?:(?!list\b)[\w'-]+ ){0,4})list"
_HAN_LIST = r"(?:我的|我们的)?(?P<list>[^，。把从在往给我的]{0,8}?)的?(?:清单|列表|单子)"
_ENGLISH = tuple(
    (action, pattern_of(pattern))
    for action, pattern in (
        ("add", rf"^(?:add|put|write|i need) (?P<items>.+?) (?:to|on|onto|in|into) {_LIST}$"),
        ("remove", rf"^(?:remove|delete|take|cross|strike|erase) (?:off )?(?P<items>.+?) (?:off of|off|from) {_LIST}$"),
        ("clear", rf"^(?:clear|empty|wipe|delete|erase) {_LIST}$"),
        ("names", r"^(?:what|which) lists (?:do i have|are there|have i got)$|^(?:show|read|list)(?: me)? my lists$"),
        ("read", rf"^(?:what is|what's|whats|what do i have|read|read out|tell me|show|show me|say)"
                 rf"(?: me)?(?: what is| what's)?(?: on| in)? {_LIST}$"),
    )
)  # fmt: skip
_OTHER_LIST = _HAN_LIST.replace("list", "list2")
_ON, _GONE = "(?:上|里|中)?", "(?:删掉|删除|去掉|划掉|移除|拿掉)"
_CHINESE = tuple(
    (action, pattern_of(pattern))
    for action, pattern in (
        ("remove", rf"^(?:把)?(?P<items>.+?)从{_HAN_LIST}{_ON}{_GONE}$|^从{_OTHER_LIST}{_ON}{_GONE}(?P<items2>.+)$"),
        ("add", rf"^把(?P<items>.+?)(?:添?加到|加进|加入|放到|放进|写到|写进|列入){_HAN_LIST}{_ON}$"
                rf"|^(?:在|往|给)?{_OTHER_LIST}{_ON}(?:加上|添加|加入|加|写上)(?P<items2>.+)$"),
        ("clear", rf"^(?:清空|清除|删除){_HAN_LIST}$|^把{_OTHER_LIST}清空$"),
        ("names", r"^(?:我)?有(?:哪些|什么)(?:清单|列表)$"),
        ("read", rf"^(?:(?:看|读|念)一?下?)?{_HAN_LIST}{_ON}(?:都?有(?:什么|哪些)(?:东西)?|是什么)?$"),
    )
)  # fmt: skip
_NO_NAME = pattern_of(r"^(?:an?|what|which|this|that)\b|什么|怎么|是|吗")
_COMMA = pattern_of(r"(?<=\w)\s*[,;、，；]\s*(?:and\s+)?(?=\w)")
_BETWEEN = pattern_of(r"\s*(?:,|;)\s*(?:and )?|\s+and\s+")
_HAN_BETWEEN = pattern_of(r"[、，,和跟]|还有|以及")
_ARTICLE = pattern_of(r"^(?:some|an?|the) (?=\S)")


def list_request(question: Question) -> dict[str, object] | None:
    """The arguments of the tool `lists` for these words, None where they are about no list."""
    if question.language == "de" and (asked := german_list_request(question.text)) is not None:
        return asked
    listed, _ = plain_words(_COMMA.sub("和" if question.chinese else " and ", question.text))
    return _read(listed, question.chinese) or _read(question.words, question.chinese)


def _read(words: str, chinese: bool) -> dict[str, object] | None:
    for action, pattern in _CHINESE if chinese else _ENGLISH:
        if found := pattern.search(words):
            groups = found.groupdict()
            name = (groups.get("list") or groups.get("list2") or "").strip()
            items = _items(groups.get("items") or groups.get("items2") or "", chinese)
            if (action in ("add", "remove") and not items) or _NO_NAME.search(name):
                return None
            asked: dict[str, object] = {"action": action}
            if action != "names":
                asked["list"] = _NAMES.get(name, name)
            return asked | ({"items": items} if items else {})
    return None


def _items(text: str, chinese: bool) -> list[str]:
    parts = (_HAN_BETWEEN if chinese else _BETWEEN).split(text)
    return [item for part in parts if (item := _ARTICLE.sub("", part.strip()))][:20]


def list_name(name: str, language: str) -> str:
    """A list as a reply names it: `shopping list`, `购物清单`."""
    if language == "de":
        return german_list_name(name)
    return _SAID.get(name, f"{name}清单") if language == "zh" else f"{name} list"
