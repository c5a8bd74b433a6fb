"""Words beside the signs of a question about records: wishes, places of a record, other people, words that name nothing."""

from __future__ import annotations

from collections.abc import Mapping

from voice.text.numbers import HAN_NUMBER
from voice.text.patterns import pattern_of
from voice.text.speakable import HAN

# Questions, and what is none

ASKS = pattern_of(
    r"\b(?:what|what's|which|how|how's|when|where|where's|did|have|has|is|are|was|were|show|list|tell me|give me"
    r"|totals?|sum|count|number of|any|anything|status|check|bill|spending|whether|track|recap|remind me)\b|^my\b"
)
HAN_ASKS = pattern_of(
    r"什么|啥|哪|几|多少|多久|怎么|有没有|[买订点]没[买订点]|了没|没有|过|查|看看|列|给我看|状态|情况|到了|发了|支出|账单"
    r"|开销|记录|何时|是否|是不是|进度|明细"
)
_BUY = r"(?:(?:re ?)?order|buy|purchase|pay|spend|get|KIND)"
WANTS = pattern_of(
    rf"\b(?:want|wanna|like|need|have|going|gonna|wish|love|plan|planning|me|us|forget|time|about|hoping|ready|able|try|trying"
    rf"|how|where|best|possible|possibly|better|idea|not|able|want you|like you) to (?:please |also )?{_BUY}\b(?! (?:number |no )?\S*\d|s? NUMBER| here| to me| delivered)"
    rf"|\b(?:can i|could i|should i|shall i|may i|let's|let us|i'll|i will|gonna|i want|i'd like|we'll|must i|can we|should we|could we|can you|could you)"
    rf" (?:please |also |now )?{_BUY}\b(?! (?:number |no )?\S*\d|s? NUMBER)"
    rf"|^(?:please )?(?:(?:re ?)?order|KIND|buy|get|purchase|add(?! up)|put|reorder)(?: me| us)? (?!number\b|no\b|\S*\d|status|NUMBER|history|totals?|KIND|summary)(?!.*\b(?:did|have) i\b)"
)
"""A wish to order, which is no question about what was ordered."""
HAN_WANTS = pattern_of(
    r"提醒|(?:想|要|帮我|给我|去|再|来|帮忙|打算|准备|能不能|可以|该|应该|应当|哪里能?|哪儿能?|能|会|怎么)(?:再|去|多|给我)?(?:买|订(?!单)|点(?!的)|下单)(?![的了过])"
    r"|^(?:买|订(?!单)|点)(?![了过的])(?!.*(?:什么|哪|几|多少|[了过没有]$))"
)
BEFORE_VERB = (
    r"(?:i|we|you|to|i've|we've) (?:(?:last|ever|just|even|also|first|actually|really|always|only|already|most|often|usually|normally"
    r"|typically|mostly|recently|frequently|regularly|generally|never) ){0,2}"
)
"""What makes the word behind it a verb, as in `did I last order`."""

# One record of many

ORDINALS: Mapping[str, int] = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10,
}  # fmt: skip
PLACE = pattern_of(
    rf"\b(?P<count>{'|'.join(ORDINALS)}|\d\d?(?:st|nd|rd|th))(?! to| (?:\w+ )?time) (?:(?!last)\w+ )?(?:KIND|purchase|delivery)\b(?! before)"
)
LAST_FEW = pattern_of(r"\b(?:last|latest|most recent|newest|previous|past) (?P<count>\d{1,2}) (?:KINDS|purchases)\b")
HAN_LAST_FEW = pattern_of(rf"(?:最近|最后|最新|近|上|前)的?(?P<count>{HAN_NUMBER})(?<!一)[个笔张次]?(?:订?单|KIND)")
HAN_PLACE = pattern_of(rf"(?<!倒数)第(?P<count>{HAN_NUMBER})[个次笔张回]?(?:单|订单|KIND|下单)")
NUMBER = pattern_of(
    r"\bKINDS? (?:number |no |id |with (?:the )?number |# ?)?([a-z]*-?\d{3,})\b|\bnumber ([a-z]*-?\d{3,})\b"
)
HAN_NUMBER_SAID = pattern_of(
    r"(?:订单号?|单号|编号|KIND)(?:为|是|码)?([a-z]*\d{3,})|([a-z]*\d{3,})号?的?(?:这|那)?(?:单|订单|KIND)"
)

# Other people

_NO_NAME = (
    r"(?!(?:i|we|you|my|our|your|the|an?|mine|any|all|it|its|they|them|there|that|this|these|those|who|what|which|where|when|how"
    r"|anything|everything|something|nothing|today|yesterday|tomorrow|last|first|second|third|fourth|fifth|latest|newest|recent"
    r"|previous|most|orders?|let|here|one|us|me|and|have|has|had|did|do|does|is|are|was|were|be|been|every|each|some|much|many|more"
    r"|in|on|at|to|for|with|about|of|from|by|or|so|if|not|no|money|things?|items?|products?|stuff|goods|purchases?|said"
    r"|whether|ever|just|total|amounts?|people|now|still|yet|already|other|such|open|old|new|big|kind|days?|dates?|times?"
    r"|often|can|could|will|would|should|s|put|make|made|place|placed|shopping|delivery|package|parcel|packages|parcels|t|ve|d|m"
    r"|re|ll|value|price|cost|size|volume|date|mail|post|courier|phone|card|week|month|please|tell|show|but|over|altogether|roughly|exactly|only|even|also|both|been|being|really|actually|usually|recently)\b)"
)
_ADVERBS = r"(?:been|ever|last|just|recently|lately|already|really|usually|actually|also|most)"
_NAME = rf"{_NO_NAME}[a-z]+(?: (?!{_ADVERBS}\b){_NO_NAME}[a-z]+)?"
_PEOPLE = (
    r"(?:my |our )(?:wife|husband|partner|girlfriend|boyfriend|fianc[ée]e?|mother|mom|mum|father|dad|parents|son|daughter|kids?|children"
    r"|brother|sister|friend|neighbou?r|boss|colleague|co ?worker|roommate|flatmate|housemate|uncle|aunt|cousin|grandma|grandpa"
    r"|grandmother|grandfather|family|assistant|landlord|teacher|client|customer)s?"
)
_OTHERS = rf"(?:{_PEOPLE}|he|she|they|someone else|somebody else|anyone else|everyone else|other (?:people|customers|users)|(?:another|the other) (?:customer|person|user)s?)"
_WHOSE = rf"(?:(?:{_PEOPLE}|{_NO_NAME}[a-z]+|someone else|somebody else)(?:'s|s')|his|her|their)"
_RECORDS = r"(?:KINDS?|purchases?|order history|spending|shopping|bill|basket|cart|parcels?|packages?|deliver(?:y|ies)|expenses|account)"
_VERBS = r"(?:order(?:ed|ing)?|buy|bought|buying|purchas(?:e|ed|ing)|spen[dt]|spending|pay|paid|get|got|KIND)"
OTHER = pattern_of(
    rf"\b(?:did|does|has|have|had) ({_NAME}|{_OTHERS}) (?:{_ADVERBS} ){{0,2}}{_VERBS}\b"
    rf"|\b(?:what|how much|when|if|whether|that) ({_NAME}) (?:(?:has|had|{_ADVERBS}) ){{0,3}}(?:ordered|bought|purchased|spent|paid)\b"
    rf"|\b({_OTHERS}) (?:(?:has|have|had|{_ADVERBS}) ){{0,3}}(?:{_VERBS})\b"
    rf"|\b({_WHOSE}) (?:\w+ ){{0,2}}{_RECORDS}\b"
    rf"|\b{_RECORDS} (?:of|by|from|for|under|belonging to|placed by|made by) ({_PEOPLE}|{_NO_NAME}[a-z]+)(?: \w+)?$"
)
"""Another person and their records."""
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟"
    "汪田任姜范方石姚谭廖邹熊金陆郝孔崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_HAN_PEOPLE = (
    "(?<![给帮替为送])(?:他|她|别人|其他人|人家|(?:我的?|隔壁)(?:妈妈?|爸爸?|妻子|太太|老婆|丈夫|老公|儿子|女儿|朋友|同事|邻居|老板|室友"
    "|男朋友|女朋友|男友|女友|哥哥?|姐姐?|弟弟?|妹妹?|爷爷|奶奶|家人|爱人|对象|闺蜜|同学|老师|父母|孩子))们?"
)
_LEAD = r"(?:[给帮替让]我|我想|我要|[请帮给替让你想要能可以知道查看问说下一的在吧先再来]|告诉|知不|麻烦|了解|有没有|能不能)*?"
_HAN_ORDERS = r"[^我咱]{0,10}?(?:[买点下花付购]|订(?!单))[了过]?些?(?:什么|哪|啥|几|多少|过|的单|的什么|单|THING|没|了$)"
HAN_OTHER = pattern_of(
    rf"(?:^{_LEAD}([{_SURNAMES}](?![都也就是的了花买一共总在额])[{HAN}]{{1,2}}?|[小老阿][{HAN}])|({_HAN_PEOPLE}))"
    rf"(?:的(?:[^我]{{0,4}}单|KIND|购物|账单|消费|快递|包裹|购买)|{_HAN_ORDERS}|在.+上(?:一共)?花)"
)

# Things

NO_THING = frozenset(
    str.split(
        "a an the i me my mine myself we our us ourselves you your yours it its they them their he she his her is are was were be been being am do"
        " does did done doing have has had having will would can could should shall may might must of in on at to for from with"
        " by about as into and or but not so far yet still if whether because since until till than then that's it's i'm i've i'd"
        " we've let's don't didn't haven't hasn't isn't aren't wasn't s t ve d"
        " ever any some all total altogether money much many more most less least what which who whom whose when where how why"
        " that this these those there here thing things anything everything something nothing else other another last latest"
        " recent recently lately previous new newest old first second third time times often number amount quantity order orders"
        " ordered ordering make made making go went going come coming came show tell give given list check see seen look looked"
        " looking read remind please day date days week weeks weekend month months year today yesterday tonight morning"
        " afternoon evening night way status state average per each every one ones two few couple several lot lots little bit"
        " bunch kind kinds sort sorts type types loaf loaves bottle bottles pack packs packet packets bag bags box boxes cup cups"
        " can cans tin tins bar bars tube tubes roll rolls piece pieces carton cartons jar jars sheet sheets pair pairs unit"
        " units want wanted know known need needed wonder wondering like think thought guess believe remember forget say said"
        " ask asking find found start before after up into out over during past back down off again once twice already just"
        " only even also too really actually exactly roughly approximately currently overall together combined purely quickly"
        " soon now please thanks thank hey hi hello ok okay right yes no well sorry curious question quick info information"
        " idea happen happens happened possible able help shop store site website app online account profile system file"
        " history record records database entry entries name names product products goods item items stuff article articles"
        " basket cart shopping trip parcel package delivery shipment courier mail post everything's usual usually normally"
        " often favourite favorite single whole entire full same different separate various certain such own"
        " end ended long short big small high low good bad fine great interested interest"
    )
)
"""English words that name no thing, besides the signs."""
_BOUGHT = r"(?:order(?:ed|ing)?|buy|buying|bought|purchas(?:e|ed|ing)|spen[dt]|spending|pa(?:y|id|ying)|cost|get|got|getting|had|have|cancel(?:l?ed|ling)?|return(?:ed)?|KIND)"
BEFORE_THING = (
    rf"\b(?:{_BOUGHT}|many|much|any|(?:{_BOUGHT}|went|goes|money|number|amount|much|many|put|pounds|euros|dollars) (?:\w+ )?(?:on|of|for|into)"
    r"|^(?:where|where's|is|are|has|have|was|were|did)(?: is| are)? (?:my|the|any|our)|(?:where's|where is|where are|about|has|is|are|when will) (?:my|the|our)"
    r"|my last|my latest) (?:(?:an?|any|some|the|my|our|for|on|of|more|new|last|first|few|single|one|\d+|loaves|bottles|packs|boxes|cups|bags|cans) )*"
)
"""What stands before a thing: what is done with things, how many there are."""
HAN_NO_THING = pattern_of(
    "|".join(
        sorted(
            str.split(
                "记录 什么时候 什么情况 什么状态 什么 时候 怎么样 怎样 哪儿 哪里 哪些 哪样 哪个 哪天 哪一天 哪一单 哪种 东西 商品 多少钱  "
                "多少 几[次回号单笔个样] 一共 总共 总的? 合计 累计 花费 开销 消费 支出 账单 订单号 订单 下单 单子 那单 一单 这单 最近  "
                "最后 最贵 最便宜 最常 最多 最少 最频繁 平均 每单 每天 每 上一?次 上一回 上一单 些啥 啥 一些 平时 来着 一次 一回 一个  "
                "现在 目前 送到 送达 到了 发货 退货 退过 取消 状态 情况 有没有 没有 是不是 是否 给我 看看 帮我 查一下 查查 查 列出来  "
                "列 钱 价格 单价 样 你们 这儿 这里 那边 花了 付了 买 订 点 花 付 购 第.单 最新 新的 第.[个笔张次]? KIND  "
                "THING NUMBER 想知道 知道 告诉 麻烦 请问 想问 一下 前前后后 到底 究竟 大概 总是 经常 通常 已经 刚刚 刚才 刚  "
                "曾经 以前 之前 以来 里面 当中 自己 咱们 我们 大家 家里 店里 网上 购物车 购物 清单 明细 物流 快递 包裹 进度 进展 消息  "
                "签收 收到 派送 运输 路上 日期 时间 几月 几天 多久 次数 数量 频率 金额 价钱 便宜 可以 能不能 能否 还是 还没 还有 怎么  "
                "为什么 如何 所有 全部 全都 分别 各 曾 说说 说 讲 念 报 记得 印象 确认 核对 统计 算算 算一下 算"
            ),
            key=len,
            reverse=True,
        )
    )
    + "|[我你您的了吗呢吧啊呀嘛是有在和就都也还要把被让给个过没会能到不上下从用于这那哪里中刚次回单价得着去来拿共咱俺又再请帮问看想份盒瓶袋支杯件条斤包罐箱张只块元号天日周月]"
)
"""Chinese words that name no thing, the longest first."""
HAN_BEFORE_THING = r"(?:[买订点购](?:过|了|的)?(?:几.|多少.?|[一两]?[个盒瓶袋支杯份件条包罐箱])?|^我?的?(?=.{2,8}(?:[到送我买订花发寄]|一共|什么|总共))|在|[^买]里有)"
