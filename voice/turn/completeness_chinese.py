"""What the last characters of a Chinese sentence say about its end, kind by kind; the first kind that fits decides."""

from __future__ import annotations

from typing import Literal

from voice.text.patterns import pattern_of

Verdict = Literal["complete", "unfinished", "unknown"]
Judged = tuple[Verdict, str]
"""The verdict and the kind that gave it."""

UNKNOWN: Judged = ("unknown", "")

_FILLERS = "嗯|呃|额|那个|这个|就是|就是说|然后|然后呢就|怎么说呢"

_CLOSED = (
    "好|好的|好吧|是|是的|对|对的|不|不是|不用|不用了|不要|可以|行|停|停下|停止|别说了|取消|继续|再说一遍|再来一次|你好|您好|早上好|早安"
    "|上午好|下午好|晚上好|晚安|再见|拜拜|没有|没有了|没事|算了|知道了|明白|明白了|谢谢|谢谢你|谢谢您|不客气|大声点|小声点|安静|闭嘴"
)

_KINDS: tuple[tuple[Verdict, str, str], ...] = (
    ("unfinished", "filler", rf"(?:{_FILLERS})$"),
    ("complete", "short answer", rf"^(?:{_CLOSED})$"),
    (
        "unfinished",
        "trailing conjunction",
        "(?:和|跟|与|及|或|或者|或是|还是|但是|可是|不过|因为|由于|因此|所以|如果|要是|假如|虽然|尽管|而且|并且|而|以及|还有|比如|例如"
        "|比如说|接着|于是|不但|不仅|只要|只有|除非|无论|不管|即使|哪怕|除了|以便|至于|首先|另外)$",
    ),
    (
        "unfinished",
        "trailing preposition",
        "(?:把|被|给|在|从|向|往|朝|对|对于|关于|比|为了|由|按照|根据|通过|经过|离|跟着|随着|直到|等到|乘以|除以|乘|除|加|减|加上|减去)$",
    ),
    (
        "unfinished",
        "trailing verb",
        "(?:我想|我要|我想要|我觉得|我认为|我希望|我需要|我打算|我准备|想知道|想问|请问|请|请帮我|帮我|给我|告诉我|提醒我|叫我|麻烦你"
        "|你能|你能不能|你可以|能不能|可不可以|可以帮我|是不是|有没有|我说|他说|她说|你说|有多少|多少个|几个|什么是|叫做|设置|设一个|定一个"
        "|设个|定个|播放|放一首|打电话给|发短信给|发消息给|翻译|写一个|写一封|讲一个|查一下|我是|这是|那是|他是|她是|就像|好像|一边)$",
    ),
    (
        "unfinished",
        "trailing adverb",
        "(?:很|非常|特别|最|更|太|正在|已经|刚刚|将要|还要|就要|一定要|不要把|别把"
        "|越来越|有点|比较)$",
    ),
    ("unfinished", "clause to come", "(?:的时候|的话|之后|以后|之前)$"),
    (
        "unfinished",
        "clause to come",
        "^(?:如果|要是|假如|虽然|因为|只要|等)"
        "(?!.*(?:就|那|但|所以|会|吗|怎么|什么|吧|可以|提醒|叫|告诉)).+$",
    ),
    (
        "unfinished",
        "number without unit",
        "(?:计时器?|定时|倒计时|闹钟)[^0-9一二三四五六七八九十]*"
        "[0-9一二三四五六七八九十百]+$",
    ),
    ("unfinished", "number without unit", "^[0-9一二三四五六七八九十百千]+(?:加|减|乘以?|除以?)$"),
    ("unfinished", "half of a pair", "从[^到去来往飞坐]{1,6}$"),
    (
        "unfinished",
        "question without verb",
        "^(?:哪个|哪些|什么样的|哪一个|多少|几)$|^[^是在有]{0,4}怎么$"
        "|^(?:你|我|他|她|我们|你们).{0,2}什么时候$",
    ),
    ("unfinished", "noun to come", "^(?!.*是).{1,6}的$"),
    (
        "complete",
        "particle",
        "(?:吗|呢|吧|啊|呀|嘛|么|点了|好了|够了|算了|不用了|知道了|下雨了|到了|没了|不见了)$"
        "|(?:太|都|快|就要|已经|不).{1,5}了$",
    ),
    (
        "complete",
        "question word",
        "(?:什么|多少|多少钱|多远|多久|多大|多高|多长|多重|多深|哪里|哪儿|在哪|谁|几点|几号|几岁|几度|几分|星期几|怎么办|为什么|怎么样|怎么走|怎么用"
        "|怎么做|怎么说|怎么写|什么意思|好不好|对不对|行不行|是谁|几点钟|几月几号|什么时候)$",
    ),
)  # fmt: skip
_COMPILED = tuple((verdict, rule, pattern_of(pattern)) for verdict, rule, pattern in _KINDS)


def judge_chinese(text: str) -> Judged:
    """Judge one sentence in simplified characters, without marks at its end."""
    for verdict, rule, pattern in _COMPILED:
        if pattern.search(text):
            return verdict, rule
    return UNKNOWN
