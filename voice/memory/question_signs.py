"""Signs of what a question about records asks: for each its words in English and in Chinese, and what they mean together.

The words are looked for where `KIND` and `KINDS` stand for the names of the kind of records, `THING` for a thing of
the person's records, and `NUMBER` for the number of one. Chinese is written without spaces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from voice.text.patterns import pattern_of

Asked = Literal[
    "list", "spent", "count", "number", "quantity", "pieces", "times", "state", "when", "items", "cost", "day", "most", "least",
    "most_money", "did", "average", "per_day", "dearest", "cheapest", "dearest_thing", "cheapest_thing", "dearest_day",
    "price", "paid", "refused",
]  # fmt: skip

Sign = Literal[
    "kind", "bought", "got", "paid", "parcel", "own", "shop", "all",
    "which", "what_came", "shown", "whether", "or_not", "any", "mine", "contents", "money", "price", "so_far",
    "sent", "which_number", "of_things", "number_of", "times", "of_kinds", "goods", "when", "coming", "status",
    "each_day", "average", "a_day", "dear", "cheap", "most", "least", "usual", "before_last", "last", "first",
    "one", "many", "everything", "open", "on_way", "returned", "cancelled", "delivered",
]  # fmt: skip

_ONE = r"KIND|purchase|parcel|package|shipment|delivery|checkout|basket|cart|haul"
_SEVERAL = r"KINDS|purchases|parcels|packages|shipments|deliveries"
_OWN = r"(?:my|our|the|that|this)"
_BOUGHT = (
    r"order(?:s|ed|ing)?|re ?order(?:ed|ing)?|buy(?:s|ing)?|bought|purchas(?:e|ed|es|ing)|place[ds]?|placing"
    r"|stock(?:ed|ing)? up(?: on)?|shop(?:ped|ping)?(?: for)?|snap(?:ped)? up|splurged?(?: on)?|spring for|sprung for"
)
_GOT = (
    r"get(?:s|ting)?|got|gotten|take|took|taken|taking|grab(?:bed)?|pick(?:ed|ing)? (?:up|out)|acquired?|received?|had"
    r"|(?:went|go|gone|been|going) through|sent (?:me|us)|(?:have|had) (?:delivered|sent|shipped)|what (?:all )?came|treat(?:ed)? (?:my|our)sel(?:f|ves)|put in|asked for|request(?:ed)?|cho(?:o)?sen?|chose|add(?:ed)?"
)
_PAID = (
    r"spen[dt]s?|spending|pa(?:y|ys|id|ying)|payments?|cost(?:s|ing)?|charged?|bill(?:ed|s)?|expens(?:es?|ing)"
    r"|expenditures?|outgoings?|outlay|set (?:me|us) back|setting (?:me|us) back|(?:shell|fork)(?:ed|ing)? (?:out|over)"
    r"|part(?:ed)? with|out of pocket|r[au]n (?:me|us)(?! through| down| over)|invested?|blow|blown|blew|lay out|laid out|splashed out"
)
_MONEY = (
    r"how much|expensive|pricey|priciest|costl(?:y|iest)|money(?! back)|cash|euros?|dollars?|pounds?|bucks|prices?|priced|damage|totals?|totall?ed"
    r"|sums?|sum(?:med)? up|amount(?:s|ed)?|add(?:s|ed|ing)? up|tot(?:ted)? up|c[ao]mes? (?:out )?(?:to|at)"
    r"(?! me| us| my| our)|work(?:s|ed)? out (?:to|at)|worth|budget|value|r[au]ng up|figure"
)
_COMING = (
    r"arriv(?:e|es|ed|al|ing)|deliver(?:ed|s|y|ing)?|undelivered|ship(?:s|ped|ping)?|dispatch(?:ed)?|sent(?! back| me| us)"
    r"|c[ao]mes?(?! (?:out )?(?:to|at)\b(?! (?:me|us|my|our)\b))|coming|(?:is|are|be|get|gets|got|it|THING|KINDS?|anything|everything|that|they|not) here|here (?:yet|already)|show(?:n|ed|s)? up|turn(?:ed|s)? up|land(?:ed)?"
    r"|reach(?:ed|es)?|(?:get|gets|getting|got) (?:here|to me|to us|delivered)|make it|made it|left|leave|leaving"
    r"|on (?:its|their|the) way|en route|under ?way|in (?:transit|the (?:post|mail))|expect(?:ed|ing)?|due|eta|posted|mailed"
    r"|(?:gone|went|go|going) out|wait(?:ed|ing)?|held up|received|on the road|on the move|on my doorstep|packed|processed"
    r"|at my door|dropped off|with me yet|with us yet"
)
_STATUS = (
    r"where|where's|whereabouts|status|state|progress(?:ed|ing)?|track(?:ed|ing)?|how far|happen(?:s|ed|ing)?|going on"
    r"|what's up|became of|become of|news|updates?|delayed?|delays|stuck|stand|stands|stage|processing|location"
    r"|latest (?:on|with|about)|sign of|word on|how(?:'s| is| are) .{1,30}(?:doing|coming along|going|getting on|progressing)"
    r"|taking so long|what's the story|lost|missing|check on|hold ?ups?|end(?:s|ed)? up$|what about|how about|at now|at the moment|right now"
)

_HAN_ORDER = (
    r"KIND|订单|单子|下单|[一二两三四五六七八九十几少那这第上下末每哪前后张笔个的新近次]单(?![价位独身调纯元])|单(?:号|里|到|发)"
    r"|下[了过的]?[^单]{0,4}单(?![价位独身])"
)
_HAN_BOUGHT = (
    r"买|购(?!物)|订(?!单|阅)|(?<![几\d一二两三四五六七八九十半早晚重特优缺差地放有来听喝吃做快慢讲说玩看加])点(?!钟|半|儿|评)|下单|下[了过的]?[^单]{0,4}单"
    r"|入手|采购|囤|添置|剁手"
)
_HAN_PAID = (
    r"花(?=了|钱|费|掉|在|销|多|过|出|的|得|我|去|最[多少]|不|几|光|给)|(?<=[上里共我都面才就人们])花(?!园|生|茶|菜|朵)|消费|付|支出|开销|开支"
    r"|账单|用[了掉去](?!的)|破费|掏[了出]|费用|砸[了进]|支付"
)
_HAN_MEASURE = "[个盒瓶袋支杯份件条斤包罐箱张本双只根卷听桶板片粒颗串把筒枚台部套组打提碗壶架辆节顿块样种款斗篮]"
_HAN_COMING = (
    r"到(?:哪|了|没|货|家|手|得了|啊|呀|呢|$)|(?:没|未|没有|能|会|才|快|要|已|已经|可以|都|时候|天|何时|不|就|全|刚|经|该|多久|号)到(?!底|现在|目前|今)"
    r"|送|发[货了出走没往]|发的?货|没发|寄|派|签收|收到|收货|在路上|路上|在途|出库|揽收|运[到输]|来了?没|没来|来了$|取件|配送|还?(?:要|得)等?多久|等多久|不到"
)
_HAN_STATUS = "状态|情况|进[度展]|(?<!会)怎么?样|咋样|如何|消息|动静|哪一?步|卡在|物流|快递|在哪|催|下落|处理|走到|什么地方|哪里了|啥时候能|怎么还|跟踪|追踪"

SIGNS: Mapping[Sign, tuple[str, str]] = {
    # what it is about
    "kind": (r"KINDS?|purchases?|buys", _HAN_ORDER),
    "bought": (_BOUGHT, _HAN_BOUGHT),
    "got": (_GOT, r"拿[了过到]|要[了过]|叫[了过]|收[了到]|进[了过]货?|搞[了到]|弄[了到]|选[了购]|置办|带[了走]|添[了过]"),
    "paid": (_PAID, _HAN_PAID),
    "parcel": (
        rf"{_ONE}|{_SEVERAL}|shopping|groceries|baskets?|carts?|checkouts?|hauls?|receipts?|invoices?|transactions?",
        "快递|包裹|物流|购物|货|退[货款过了回掉]|取消|签收",
    ),
    "own": (r"i|i've|i'd|i'm|my|mine|we|we've|our|ours|me|us", "我|咱|俺|自己"),
    "shop": (
        r"(?:from|with|at|to) (?:you|your|this|the)(?: \w+)?|here|you guys|your (?:shop|store|site)|(?:this|the) (?:shop|store)",
        "你们|贵店|店里|这里|这儿|这家|本店",
    ),
    "all": (r"everything|all|anything|something|things?|items?|products?|stuff|goods|articles", "东西|商品|物品|货|所有|全部"),
    # how it is asked
    "which": (r"what|what's|what've|what'd|which|who|whose|how|how's|when|when's|where|where's|why", "什么|啥|哪|几|多少|怎|何|谁|多久"),
    "what_came": (
        r"(?:what|what's|which \w+) (?:all )?(?:came|arrived|(?:did|have|had) (?:i|you|we) (?:\w+ )?(?:deliver(?:ed)?|sen[dt]|ship(?:ped)?|receive[d]?)"
        r"|was (?:sent|delivered|shipped)|(?:is )?coming)",
        "(?:送|寄|到)(?:来|到)?的?(?:是|了)?(?:什么|啥|哪些)",
    ),
    "shown": (
        r"show|list|listing|tell|give|read|name|run|walk|go (?:over|through)|recap|remind|summar(?:y|i[sz]e)|overview|rundown"
        r"|log|history|records?|details?|display|pull up|bring up|itemi[sz]e|breakdown|break down|see|recall|remember|let|see",
        "列|念|报|说说|讲讲|过一遍|看看|给我看|记录|清单|明细|汇总|总结|回顾|回忆|盘点|查|哪些|展示|调出|翻",
    ),
    "whether": (
        r"whether|if (?:i|we|there|my|any)|yes or no|or not|anywhere|by any chance",
        "有没有|有无|是否|是不是|有过没|[买订点过]没有?$|[买订点]没[买订点]",
    ),
    "or_not": (
        r"^(?:did|do|does|have|has|had|was|were|is|are|am|haven't|didn't|isn't|hasn't)|(?:did|have|haven't|didn't) (?:i|we)|right$"
        r"|ever|any|at all",
        "有没有|没有$|对不对|对吧|有",
    ),
    "any": (r"any|some|ever", "有没有|有无"),
    "mine": (r"(?:my|the|our) (?:\w+ )?THING", "我(?:的|买的|订的|点的|那)?.{0,3}THING"),
    "contents": (
        r"what|what's|what'd|what've|which|items?|things?|goods|products?|articles|show|list|tell|remind|contents?|contain(?:s|ed|ing)?|inside"
        r"|consist(?:s|ed)? of|details?|includ(?:e|es|ed)|made up of|comprised?|give|run|recap|read|breakdown|itemi[sz]e",
        "什么|啥|哪些|哪几|里面|里有|里都|内容|明细|清单|包含|包括|装了|东西|商品|哪样",
    ),
    # money
    "money": (
        _MONEY,
        "多少钱|卖多少|钱|金额|总[价额]|合计|价|贵|块|(?<!公)元|总共(?:是|要)?多少$|一共(?:是|要)?多少$|加起来|便宜|总计|数目",
    ),
    "price": (
        r"prices?|priced|how (?:much|expensive) (?:is|was|are|were|did|for) (?:(?:the|a|an|one|each|my|that|those|a single) )*(?:\w+ )?(?:THING|it|one|each)"
        r"|each|apiece|a piece|(?:per|for one|for a|for an|for a single|one) (?:unit|piece|item|THING)|(?:does|do) (?:\w+ )?THING cost|go(?:es)? for"
        r"|the (?:\w+ )?THING(?: \w+){0,4} (?:cost|set (?:me|us) back)|did (?:it|that|those|they) cost|do you (?:charge|ask|want)|sell(?:s|ing)? for|how expensive|(?:last|previous) time",
        r"[是卖值要]多少钱|(?<![买在订])THING的?(?:现在|要|得)?多少钱|多少钱一|一[^共]{1,2}多少|卖多少|钱买的|什么价|价格|价钱|单价|怎么卖|每[份个瓶袋盒杯支]|多贵",
    ),
    "so_far": (
        r"spen[dt]|spending|(?:put|go|went|gone|invested|pour(?:ed)?) (?:\w+ )?(?:into|on)|habit|so far|altogether|in all|in total|total|totals|overall|all told|all in|combined|(?<!the THING )cost (?:me|us)|ever since|to date|up to now",
        "一共|总共|总的?|合计|累计|加起来|到现在|到目前|前前后后|历来",
    ),
    # how many
    "number_of": (
        r"how many(?! (?:euros|dollars|pounds|bucks|days|weeks))|(?<!KIND )(?<!reference )(?:number|quantity|count) of|amount of (?=THING)|how often|how frequently"
        r"|how regularly|how much THING|count(?:ed)?(?: up)?|tally|(?:KINDS?|purchase) count",
        rf"(?:几|多少)(?:{_HAN_MEASURE}(?!钱)|THING|次|回|趟|遍|笔|个?订?单|KIND|东西|商品)|(?:买|订|点|拿|囤|购)[了过]?(?:多少|几个?)$|次数|数量|单数|多常|频率|多频繁|多久.{{1,6}}一[次回]",
    ),
    "which_number": (
        r"(?:KIND|purchase|reference|confirmation) (?:number|no|id|code|reference)|number of (?:the|my|that|which) (?:\w+ )?(?:KIND|purchase)"
        r"|(?:what|which|what's the|the|its) (?:\w+ )?number(?! of)|(?:which|what) (?:KIND|purchase) (?:was|were|is|had|has|have|did|does|contain|includ|came|with)"
        r"|(?:which|what|in which|in what) (?:of my )?(?:KINDS?|purchases?) .*(?:contain|have|has|had|includ|with|in it|part of|belong|come in|came in|did (?:i|we))",
        "单号|订单号|编号|号码|哪一?[个笔张]?(?:订单|单子?)|流水号|第几号",
    ),
    "of_things": (
        r"(?:how many|how much|(?:number|amount|quantity) of) (?:(?:\w+ of|of|the|my|more|times|often) )*THING|how (?:often|frequently)",
        rf"(?:几|多少){_HAN_MEASURE}?的?THING|THING.{{0,6}}(?:几|多少)(?:{_HAN_MEASURE}|次|回|$)",
    ),
    "times": (
        r"times|occasions|how often|how frequently|how regularly",
        "次(?!下单(?:是|的))|[几少多]回|趟|遍|频率|多常|多频繁|多久.{1,6}一回",
    ),
    "of_kinds": (
        rf"(?:how many|(?:number|count) of|count(?: up)?|tally(?: up)?|in how many)"
        rf" (?:(?:of|my|our|the|all|total|different|separate|distinct|single|individual|such|placed) )*(?:{_SEVERAL}|transactions|checkouts)"
        rf"|(?:KINDS?|purchase) count|(?:KINDS) (?:are there|were there|was it|were they)",
        r"(?:几|多少)[个笔张次回]?(?:订?单|KIND|订购)|单数|订?单(?:的?总)?数量?|(?:(?<!账)单|KIND)(?:一共|总共|共|数量?)?(?:有|是)?(?:几|多少)(?:[个笔张单]|$)|下(?:了|过)?(?:几|多少)单",
    ),
    "goods": (r"things?|items?|products?|articles?|goods|pieces|units|stuff", "东西|商品|物品|货品|哪[样种件]|[几多][少]?[样件种款](?!THING)|[是买](?:什么|啥)$"),
    # when, where
    "when": (
        r"when|when's|when'd|(?:what|which|the|my) (?:(?:exact|very|last|precise|most recent|first|actual) )?(?:day|date)|dates?|how long (?:ago|since|has it been|is it|since|have i|was it|it's been)"
        r"|how recently|how many (?:days|weeks)|since when|what time|how long has|how long it's|day of",
        "什么时候|啥时候|何时|哪一?[天日]|几号|几月|多久|日期|多少天|几天|几时|什么日子|时间",
    ),
    "coming": (_COMING, _HAN_COMING),
    "status": (_STATUS, _HAN_STATUS),
    "sent": ("shipped|delivered|dispatched", "发货|送货|寄出|派送|签收"),
    # of many
    "each_day": (
        r"(?:each|every|per|by|for each|any|individual) (?:single )?days?|day by day|daily|day to day|(?<=spend )a day|per date|from day to day",
        "每一?[天日]|逐日|按[天日]|天天|各天|分天|一天天",
    ),
    "average": (
        r"averag(?:e|ed|es|ing)|per (?:KIND|purchase)|(?:(?<!place )(?<!placed )(?<!placing )(?<!make )(?<!made )(?<!submit )(?<!in )an|a typical|the typical|the usual) (?:KIND|purchase)|mean KIND|typical(?:ly)?",
        "平均|每一?[个笔张]?(?:订?单|KIND)|均价|每次下单|单均",
    ),
    "a_day": (r"days?|dates?", "[天日]"),
    "dear": (
        r"most expensive|priciest|dearest|costliest|biggest|largest|highest|most costly|pricey|most valuable|maximum|greatest|heaviest"
        r"|most pricey|biggest ticket",
        "最[高大贵]",
    ),
    "cheap": (
        r"cheapest|least expensive|smallest|lowest|least costly|most affordable|minimum|lowest priced|least pricey|tiniest|most inexpensive",
        "最便宜|最不值钱|最[小低省]|最不贵|最实惠",
    ),
    "most": (
        r"most(?! recent)|more than any(?:thing)?|number 1|top|(?:often|frequently) more",
        "最[多常爱频勤]|最经常|最喜欢|数[^量]{1,6}最",
    ),
    "least": (r"least|fewest|rarest|rarely", "最[少不]"),
    "usual": (
        r"usual(?:ly)?|normally|typically|favou?rites?|go to|regular(?:ly)?|tend to|popular|staple|keep (?:buying|ordering)|most often"
        r"|most frequently|all the time|always",
        "经常|常[常买订]|老[是买]|总[是爱]|平时|一般|通常|习惯|最爱|最常|最频繁|回购",
    ),
    # one of many
    "before_last": (
        r"(?:KIND|one|purchase) before (?:the |my )?last|(?:second|2nd|next) to last|last but (?:one|1)|penultimate|before (?:my|the) (?:last|latest)",
        "倒数第[二2]|上上[个次一笔张]?一?单?|前一[单笔]之前",
    ),
    "last": (
        r"(?:last|latest|most recent|previous) (?:\w+ )?THING|"
                rf"(?:last|latest|most recent|newest|previous|current|final|recent) (?:(?!time)\w+ ){{0,2}}?(?:{_ONE}|one)"
        r"|(?:last|previous|latest|most recent) (?:time|occasion)"
        rf"|(?:{_BOUGHT}|{_GOT}|{_PAID}) (?:THING |for |in |it |from you |something |anything |with you )*(?:last|most recently|latest|just now)"
        rf"|(?:last|latest|newest|most recent) (?:things?|items?|stuff|products?) (?:that )?(?:i|we)|(?:i|we|i've|we've|have) just (?:\w+ )?(?:{_BOUGHT}|{_GOT}|made|submitted)"
        rf"|(?:did|have) (?:i|we) (?:last|just) (?:{_BOUGHT}|{_GOT}|{_PAID})|just (?:ordered|bought|placed|purchased)",
        r"(?:最近|最后|最新|上|刚刚?下?|刚才下?|新近|末|最末)的?[那这]?一?[个次回笔张]?的?(?:单|订单|下单|KIND)"
        r"|上[次回]|上一[次回]|最[近后][的]?(?:那|这)?一?[次回]|刚刚?才?(?:买|订|下|点|付)|刚才[买订下点付]|前一[次回单笔]",
    ),
    "first": (
        r"(?:first|1st|earliest|very first) (?:(?!thing)\w+ )?time|(?:did|have) (?:i|we) first|(?:first|earliest) (?:\w+ )?(?:KIND|purchase)"
        r"|(?:start|begin|began)(?:ed)? (?:buying|ordering|getting)",
        "第[一1][次回]|首次|头一?[次回]|最早|最初|首单",
    ),
    "one": (rf"{_OWN} (?:\w+ ){{0,2}}?(?:{_ONE})|it|it's", "我的(?:订单|KIND|快递|包裹|货|东西)|我那[个笔]?(?:订?单)|那[个笔张]?订?单|这[个笔张]?订?单"),
    "many": (
        rf"{_SEVERAL}|(?:which|any|each|every|no|all) (?:\w+ )?(?:{_ONE})|things|items|anything|everything|nothing|something|all|any"
        r"|ones|stuff|goods|products|which",
        "哪些|哪几|有没有.{0,6}(?:单|货|东西|KIND)|所有|都|全部|还有|几[个单笔张]|[退消]过|什么东西|哪[个一]?[单笔]",
    ),
    "everything": ("everything|all|every", "都|全|所有"),
    # states
    "open": (
        r"on (?:its|their|the) way|(?:not|n't|\w+n't|yet to|never|hasn't|haven't|isn't|aren't) (?:\w+ ){0,4}?"
        r"(?:arriv(?:ed?|ing)|deliver(?:ed)?|come|shipped|here|received|get|got|showed up|shown up|turned up|reached|completed|complete|finished)"
        r"|open (?:KINDS?|purchases|ones)|(?:KINDS?|purchases|ones|still|are) (?:still )?open|outstanding|pending|under ?way|still (?:\w+ ){0,2}(?:sending|send|bringing|deliver|come|missing|coming|due|expected|owed|expecting|out)|wait(?:ing)? (?:for|on)|undelivered"
        r"|in (?:transit|progress|the (?:post|mail))|en route|incomplete|unfinished|out for delivery|(?:am|are) (?:i|we) (?:still )?expecting"
        r"|coming(?! along)|yet to (?:come|arrive|be delivered)|to (?:come|arrive)|processing|being processed|due|shipped|dispatched|upcoming",
        "(?:快|要|即将|马上)(?:要)?(?:送)?到|没(?:有)?(?:到|送|收到|收|发|寄|完成|来|签收)|未(?:到|送|发|完成|收|签收|寄)|在路上|路上|还没|在途|在等|等着|等[待的]|没到|进行中|处理中|运输中|派送中|配送中"
        "|途中|正在?(?:给我|帮我|往我)?(?:这儿?|这边)?(?:送|派|运|配|发)",
    ),
    "on_way": (
        r"(?:what|what's|which|anything|something) .*(?:(?:not|n't|\w+n't|yet to|still to) (?:\w+ )?(?:arrived?|delivered|be delivered|come|shipped|reached me|got)"
        r"|on (?:its|their|the) way|undelivered|in transit|to be delivered|out for delivery|coming(?: my way| to me|$))"
        r"|(?:what|what's) coming(?: my way| to me|$)",
        "(?:什么|啥|哪).*(?:没送?到|没收到|没送|没发货|路上|未送达|正在[送派配运])|(?:没(?:送?到|收到)|路上|正在[送派配运]送?).*(?:哪|什么|啥)",
    ),
    "returned": (r"returns?|returned|returning|refund(?:s|ed)?|money back|(?:give|gave|given|giving|sen[dt]|sending|bring|brought|take|took|taken|shipped|go|went|gone|handed) (?:\w+ ){0,3}?back", "退"),
    "cancelled": (r"cancel(?:s|l?ed|l?ing|l?ations?)?|call(?:ed|ing)? off|scrap(?:ped)?|(?:back|backed) out of|axed", "取消|撤[了单销回]|退订|不要了"),
    "delivered": (
        r"delivered|arrived|receive[d]?|reached (?:me|us)|showed up|turned up|gotten here|complete[d]?|made it",
        "送达|送到|签收|到了|收到|到货|到手|已到|已经到|送了过来|完成",
    ),
}  # fmt: skip
"""A sign is found where one of its words is."""

_COMPILED = {
    sign: (pattern_of(rf"(?<![\w'])(?:{english})(?![\w'])"), pattern_of(chinese))
    for sign, (english, chinese) in SIGNS.items()
}


def pattern(sign: Sign, *, chinese: bool) -> re.Pattern[str]:
    """What finds a sign."""
    return _COMPILED[sign][chinese]


OF_ALL = frozenset[Asked](
    ("count", "pieces", "average", "per_day", "dearest", "cheapest", "dearest_thing", "cheapest_thing", "dearest_day",
     "most", "least", "most_money", "list")
)  # fmt: skip
"""What is asked of records as a whole, so that no thing can be missing."""

Signs = tuple[Sign, ...]
_PAYING: Signs = ("paid", "money")

RULES: Sequence[tuple[Asked, Sequence[Signs], Signs]] = (
    ("dearest_day", [("a_day",), ("dear", "most"), ("dear", *_PAYING)], ("each_day",)),
    ("per_day", [("each_day",)], ()),
    ("average", [("average",)], ("dear", "cheap", "most", "least")),
    ("dearest", [("dear",), ("kind",)], ("goods",)),
    ("cheapest", [("cheap",), ("kind",)], ("goods",)),
    ("dearest_thing", [("dear",)], ()),
    ("cheapest_thing", [("cheap",)], ()),
    ("cheapest", [("least",), _PAYING, ("kind",)], ("goods",)),
    ("cheapest_thing", [("least",), _PAYING], ()),
    ("dearest", [("most",), _PAYING, ("kind", "times")], ("goods",)),
    ("most_money", [("most",), _PAYING], ()),
    ("average", [("usual",), _PAYING], ()),
    ("number", [("which_number",)], ()),
    ("count", [("of_kinds",)], ()),
    ("times", [("number_of",), ("times",)], ()),
    ("quantity", [("number_of",)], ()),
    ("least", [("least",)], ()),
    ("most", [("most", "usual")], ()),
    ("price", [("price",), _PAYING], ("so_far",)),
    ("when", [("when",)], ("coming",)),
    ("state", [("when",)], ()),
    ("spent", [_PAYING], ()),
    ("state", [("coming", "status")], ()),
    ("did", [("whether",)], ("which",)),
    ("did", [("or_not", "bought", "got")], ("which", "shown")),
    ("state", [("mine",)], ("bought", "got", "shown", "kind", "any")),
    ("list", [], ()),
)
"""What is asked, by the signs that it needs, of each group one, and those that it must not have; the first that fits."""

STATES: Signs = ("open", "on_way", "returned", "cancelled", "delivered")
