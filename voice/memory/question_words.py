"""The words of questions about records, as patterns; `KIND` stands for the names of a kind of records.

The Chinese ones are for text without spaces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from voice.text.numbers import HAN_NUMBER
from voice.text.speakable import HAN

Asked = Literal[
    "list", "spent", "count", "quantity", "times", "state", "when", "items", "cost", "day", "most", "did", "average",
    "per_day", "dearest", "cheapest", "dearest_day", "price", "refused",
]  # fmt: skip

OF_ALL = frozenset[Asked](("count", "average", "per_day", "dearest", "cheapest", "dearest_day", "most"))
"""What is asked of records as a whole, so that no thing can be missing."""

_VERBS = r"order(?:ed|ing)?|b[uo](?:y|ying|ught)|purchas(?:es?|ed|ing)|spen[dt]|spending|pa(?:y|id|ying)|cost"
_HAN_VERBS = (
    r"买|订|(?<![几\d一二两三四五六七八九十半])点(?!钟)|下单|花(?=了|钱|费|掉|在|销|多|过)|上花|消费"
    r"|付(?=了|钱|过|款|多)"
)

# What is about records

MENTIONS = rf"\b(?:KIND|{_VERBS})\b|\b(?:my|our|the) (?:totals?|bill|expenses|spending)\b"
HAN_MENTIONS = (
    rf"KIND|订单|单子|[一几这那第上].?单|下过?了?.{{0,4}}单|单.*到哪|开销|支出|账单|购买|用[了掉].*钱|{_HAN_VERBS}"
)
MAY_MENTION = (
    r"\b(?:i|we) (?:get|got|had|paid)\b|\bon (?:its|their|the) way to me\b|\bwaiting for\b|\bshopping\b"
    r"|\b(?:basket|cart|groceries|parcels?|packages?|shipments?|deliver(?:y|ies))\b|\bset (?:me|us) back\b"
    r"|\bwhat (?:all )?came\b|\b(?:give|show|list|read) (?:me |us )?(?:everything|all)\b"
    r"|\b(?:any|no|every|some)?thing .*\b(?:arrived|delivered|shipped|sent|returned)\b|\bsen[dt] (?:\w+ ){0,3}back\b"
)
HAN_MAY_MENTION = (
    "在等|[我们]拿[了过]|购物|到货|发货|快递|包裹|物流|(?:没|未|还没)(?:有)?(?:到|送|收到|寄)|退[过货了]|送[到达来]"
)

ASKS = (
    r"\b(?:what|what's|which|how|how's|when|where|where's|did|have|has|is|are|was|were|show|list|tell me|give me"
    r"|totals?|sum|count|number of|any|anything|status|check|bill|spending)\b|^my\b"
)
HAN_ASKS = (
    r"什么|啥|哪|几|多少|多久|怎么|有没有|[买订点]没[买订点]|了没|没有|过|查|看看|列|给我看|状态|情况|到了|发了|支出|账单"
    r"|开销|记录"
)
WANTS = (
    r"\b(?:to|can i|could i|should i|shall i|may i|let's|let us|i'll|i will|i want|i'd like) (?:please )?"
    r"(?:order|buy|purchase|pay|spend|get)\b(?! (?:number |no )?\S*\d)"
    r"|^(?:order|buy|get|purchase) (?!number\b|no\b|\S*\d)"
)
"""A wish to order, which is no question about what was ordered."""
HAN_WANTS = (
    r"提醒|(?:想|要|帮我|给我|去|再|来)(?:再|去|多)?(?:买|订(?!单)|点(?!的)|下单)"
    r"|^(?:买|订(?!单)|点)(?![了过的])(?!.*(?:什么|哪|几|多少|[了过]$))"
)

_NO_NAME = (
    r"(?!(?:i|we|you|my|our|your|the|an?|mine|any|all|it|they|them|there|that|this|these|those|who|what|which|where|when|how"
    r"|anything|everything|today|yesterday|tomorrow|last|first|latest|orders?|let|here|one|us|me|and|have|has|had|did|do"
    r"|does|is|are|was|were)\b)"
)
_ADVERBS = r"(?:been|ever|last|just|recently|lately|already|really|usually|actually)"
_NAME = rf"{_NO_NAME}[a-z]+(?: (?!{_ADVERBS}\b)[a-z]+)?"
OTHER = (
    rf"\b(?:did|does|has|have) ({_NAME}) (?:{_ADVERBS} ){{0,2}}(?:{_VERBS}|get|got)\b"
    rf"|\bwhat ({_NAME}) (?:(?:has|had|{_ADVERBS}) ){{0,3}}(?:ordered|bought|purchased|spent|paid)\b"
    rf"|\b({_NO_NAME}[a-z]+)(?:'s|s') (?:\w+ ){{0,2}}(?:KIND|purchases?)\b"
    rf"|\b(?:KIND|purchases?) (?:of|by|from) ({_NO_NAME}(?!mine)[a-z]+)$"
)
"""Another person and their records."""
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟"
    "汪田任姜范方石姚谭廖邹熊金陆郝孔崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_HAN_PEOPLE = "我(?:妈妈?|爸爸?|妻子|太太|老婆|丈夫|老公|儿子|女儿|朋友|同事|邻居)"
HAN_OTHER = (
    r"^(?:给我|帮我|我想)?(?:看看|看一?下|查查|查一?下|知道)?"
    rf"([{_SURNAMES}][{HAN}]{{1,2}}?|[小老阿][{HAN}]|他|她|{_HAN_PEOPLE})"
    r"(?:的(?:最后|最近|上|所有|第)?.{0,4}?单|[^我咱]{0,10}?[买订点下花付][了过]?些?(?:什么|哪|啥|几|多少|过|的单)|在.+上(?:一共)?花)"
)

# One record of many

ORDINALS: Mapping[str, int] = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10,
}  # fmt: skip
PLACE = rf"\b(?P<count>{'|'.join(ORDINALS)}|\d\d?(?:st|nd|rd|th)) (?:\w+ )?KIND\b"
HAN_PLACE = rf"第(?P<count>{HAN_NUMBER})[个次笔张]?(?:单|订单|KIND)"
LAST = (
    r"(?<!did i )(?<!have i )\b(?:last|latest|most recent|newest|previous) (?:KIND|purchase)\b"
    r"|\b(?:ordered|bought|purchased) most recently\b|\b(?:order|buy|purchase|get) (?:last|most recently)$"
    r"|\blast thing i (?:ordered|bought|got)\b"
)
HAN_LAST = (
    r"(?:最近|最后|最新|上|刚刚?下|刚才下?)的?[那这]?一?[个次回笔张]?的?(?:单|订单|下单|KIND)"
    r"|上次(?:下单|.{0,3}都?买了?什么)"
)
NUMBER = r"\bKIND (?:number |no |# ?)?([a-z]*-?\d{3,})\b|\bnumber ([a-z]*-?\d{3,})\b"
HAN_NUMBER_SAID = r"(?:订单号?|单号|KIND)([a-z]*\d{3,})|([a-z]*\d{3,})号?(?:这|那)?(?:单|订单|KIND)"
CONTENTS = r"\b(?:what|what's|items?|show|list|tell|remind|which|contains?)\b"
HAN_CONTENTS = "什么|啥|哪些|里"

# What is asked, the first that fits

ENGLISH: Sequence[tuple[Asked, str]] = (
    ("dearest_day", r"\b(?:which|what|the) day\b.*\b(?:most|highest)\b|\bmost expensive day\b"),
    ("per_day", r"\b(?:each|every|per) day\b|\bday by day\b|\bdaily\b"),
    ("average", r"\baverage\b|\bper KIND\b"),
    ("dearest", r"\b(?:most expensive|priciest|dearest|biggest|largest|highest)\b"
                r"|\b(?:cost|pa(?:y|id)|spen[dt])\b.*\bmost\b"),
    ("cheapest", r"\b(?:cheapest|least expensive|smallest|lowest)\b|\b(?:cost|pa(?:y|id)|spen[dt])\b.*\bleast\b"),
    ("most", r"\bmost (?:often|frequently|of all)\b|\bthe most\b(?! recent)|\busually\b|\bmy favou?rite\b"),
    ("when", r"\bwhen (?:exactly )?did\b|\bwhen was\b|\b(?:what|which|the) (?:day|date)\b|\bdate of\b"
             r"|\bhow long ago\b|\bsince when\b"),
    ("times", r"\bhow often\b|\bhow many (?:different )?(?:times|occasions)\b"
              r"|\bhow many (?:of )?(?:my |our )?KINDS? (?:\w+ )?(?:had|have|with|contain(?:ed)?)\b"),
    ("count", r"\bhow many KIND\b|\bnumber of KIND\b|\bcount (?:my|the) KIND\b"),
    ("quantity", r"\bhow many\b|\b(?:number|amount|quantity) of\b"),
    ("price", r"\bhow much (?:was|is|were|are) (?:the|a|an|one)\b|\bprice\b|\bhow much (?:was|did) .* last time$"),
    ("spent", r"\bhow (?:much|expensive)\b|\bbill\b|\bspen[dt]\b|\bspending\b"
              r"|\bpa(?:y|id)\b|\bcost\b|\btotals?\b|\bworth\b"
              r"|\badds? up\b|\bset (?:me|us) back\b|\bc[ao]me to\b|\bmoney\b|\bexpenses\b"),
    ("state", r"\bwhere(?:'s)?\b|\bstatus\b|\bstate of\b|\bhappening\b|\bhow far\b|\bcome\b|\bget here\b|\bwhen will\b"
              r"|\bcheck\b|\btrack\b|\bhere yet\b|\bnews\b|\bon (?:its|their|the) way\b|\barrived?\b"
              r"|\bdeliver(?:ed|y)\b|\bshipped\b|\bget to me\b"
              r"|\b(?:sent|dispatched|posted|left)\b|\b(?:is|are) my .*\b(?:coming|here)\b"
              r"|\bupdate\b|\b(?:what about|going on)\b"),
    ("did", r"^(?:did|have|has|do) (?:i|we)\b|^(?:was|were|is|are) there any\b|\bamong\b"
            r"|^(?!.*\b(?:what|which|who|how|when|where|list|show|tell|give)\b).*\b(?:did|have|has) (?:i|we)\b"),
    ("list", r"\b(?:what|which|show|list|tell|give|anything|all|read|any)\b"),
)  # fmt: skip
CHINESE: Sequence[tuple[Asked, str]] = (
    ("dearest_day", r"天.*最[多高大贵]|最[多高大贵].*天"),
    ("per_day", r"每一?天"),
    ("average", r"平均|每单"),
    ("dearest", r"最贵|(?:[花钱付]|金额).{0,4}最[多大高]"),
    ("cheapest", r"最便宜|最省|(?:[花钱付]|金额).{0,4}最[少小低]"),
    ("most", r"最常|最多|最频繁|最爱|经常"),
    ("state", r"什么时候(?:能|会|才)?[到送]|到哪|到没|到了没|送到|发货|状态|情况|怎么?样了?|哪一步|进展|消息|寄"
              r"|查一?下|进度|到了$|送来|物流"
              r"|没到|没收到|没来|发了"),
    ("when", r"什么时候|哪一?天|几号|多久|何时"),
    ("times", r"(?:几|多少)[次回]"),
    ("count", r"(?:几|多少)个?(?:单|订单|KIND)|单(?:数|数量)"),
    ("price", r"[是卖值]多少钱|多少钱一|一[^共]多少钱|什么价|价格|单价|怎么卖"),
    ("spent", r"多少钱|花|消费|付|开销|总额|总价|合计|几块|总共多少|一共多少$|支出|账单"),
    ("quantity", rf"(?:几|多少)[{HAN}]"),
    ("did", r"了$|里有[^什哪几多]|有没有|没有$|[买订点]没[买订点]|[买订点]过[^什哪啥几多]*$"),
)  # fmt: skip

# Which of many

MANY = (
    r"\b(?:which|what|any|all|show|list|how many|do i have)\b.*\b(?:KIND|they|things)\b|\banything\b"
    r"|\bwhat .*\bwaiting\b|\bKIND\b.*\b(?:which|are|have)\b"
)
HAN_MANY = "哪些|哪几|有没有.*单|所有|都|退过|取消过|还有"
OPEN = (
    r"\bon (?:its|their|the) way\b|(?:\bnot|n't|\byet to) (?:\w+ ){0,3}(?:arrived?|delivered|come|shipped|here)\b"
    r"|\bopen\b|\boutstanding\b|\bpending\b|\bunder ?way\b|\bstill (?:to come|missing)\b|\bwaiting for\b"
)
HAN_OPEN = "没(?:有)?(?:到|送|收到|发)|未(?:到|送|发|完成)|在路上|还没|在途|在等"
STATES: Mapping[str, tuple[str, str]] = {
    "returned": (r"\b(?:return|returned|returns|refund|refunded|sent? back)\b", "退"),
    "cancelled": (r"\bcancell?(?:ed)?\b", "取消"),
    "delivered": (r"\b(?:delivered|arrived|received)\b", "送达|送到|签收|到了|收到"),
}

# Things

NO_THING = frozenset(
    str.split(
        "a an the i me my mine we our us you your it its is are was were be been am do does did have has had"
        " will would can could should of in on at to for from with by about as and or but not so far yet still"
        " ever any some all total altogether money much many what which who when where how why that this these"
        " those there here thing things anything everything something nothing else last latest recent recently"
        " most previous new newest first time times often number amount quantity order orders ordered ordering"
        " buy buying bought purchase purchased purchases purchasing spend spent spending pay paid paying cost"
        " costs get got getting go went going come show tell give list check see read remind please day date days"
        " week weeks month status state happening way arrive arrived arrives deliver delivered price average per"
        " each every expensive cheap cheapest dearest priciest product products frequently usually place placed"
        " make made open outstanding return returned refund refunded cancelled shipped good goods item items"
        " stuff one ones them they know want look since start lot little news waiting wait bill contain really"
        " before up into out over during past few kind favourite favorite packages package soon"
    )
)
"""Words that name no thing."""
THING = (
    rf"\b(?:{_VERBS}|on|for|of|any|many|my|get|got|had) (?:(?:an?|any|some|the|my|for|on) )*"
    rf"(?P<thing>(?:(?!(?:{'|'.join(sorted(NO_THING))})\b)[^\W\d_]+ ?)+)"
)
"""What could be a thing, behind what is done with things."""
HAN_NO_THING = (
    "记录|什么时候|什么情况|什么状态|什么|时候|怎么样|哪儿|哪里|哪些|哪样|哪个|哪天|哪一天|哪一单|哪种|东西|多少钱|多少"
    "|几[次回号单]|一共|总共|总的?|花费|开销|消费|订单号|订单|下单|单子|那单|一单|这单|最近|最后|最贵|最便宜|最常|最多|最频繁|平均|每单|每天|每"
    "|上一?次|上一回|上一单|些啥|啥|一些|平时|来着|一次|一回|一个|现在|送到|送达|到了|发货|退货|退过|取消|状态|情况|有没有|没有"
    "|是不是|给我|看看|帮我|查一下|查|列出来|钱|价格|单价|样|你们|这儿|这里|花了|付了|买|订|点|花|付|第.单"
    "|[我你的了吗呢吧啊是有在和就都也还要把被让个过没会能到不上下从用于这那哪里中刚次回单价得]"
)
HAN_THING = r"[买订点](?:过|了|的)?(?:几.|多少.?)?"
