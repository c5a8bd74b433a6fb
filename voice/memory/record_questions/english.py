"""The English words of questions about records."""

from __future__ import annotations

from collections.abc import Mapping

from voice.memory.record_questions.signs import MARK, Language, Sign, alternatives, sign_patterns, single_words
from voice.text.patterns import pattern_of

_PARTS = {
    "record": "KIND|purchase|parcel|package|shipment|delivery|checkout|basket|cart|haul",
    "records": "KINDS|purchases|parcels|packages|shipments|deliveries",
    "mine_or_that": "my|our|the|that|this",
    "a": "the|a|an|1|each|my|that|those|single",
    "all_my": "of|my|our|the|all|total|different|separate|distinct|single|individual|such|placed",
    "what_i_got": "THING|for|in|it|from you|something|anything|with you",
    "did": """
        order(?:ed)? | buy | bought | purchased? | g[eo]t | had | placed? | made | submitted | spen[dt] | pa(?:y|id) |
        charged | billed | took | pick(?:ed)? up""",
    "there": "arriv(?:ed?|ing)|(?:be )?deliver(?:ed)?|come|here|received|sho(?:wed|wn) up|turned up|reached(?: me)?",
}
_SIGNS: Mapping[Sign, str] = {
    "kind": r"""KINDS? | purchases? | buys | (?:my|any|of) (?:returns|refunds|cancellations)""",
    "bought": r"""
        order(?:s|ed|ing)? | re ?order(?:ed|ing)? | buy(?:s|ing)? | bought | purchas(?:e|ed|es|ing) |
        plac(?:ed|ing) | place (?:an|my|the|any|that|more) | stock(?:ed|ing)? up(?: on)? |
        shop(?:ped|ping)?(?: for)? | snap(?:ped)? up | splurged?(?: on)? | spring for | sprung for""",
    "no_subject": r"""(?!)""",
    "got": r"""
        get(?:s|ting)? | got | gotten | take | took | taken | taking | grab(?:bed)? | pick(?:ed|ing)? (?:up|out) |
        acquired? | received? | had | (?:went|go|gone|been|going) through | sent (?:me|us) |
        (?:have|had) (?:delivered|sent|shipped) | what (?:all )?came | treat(?:ed)? (?:my|our)sel(?:f|ves) | put in |
        asked for | request(?:ed)? | cho(?:o)?sen? | chose | add(?:ed)?""",
    "paid": r"""
        spen[dt]s? | spending | pa(?:y|ys|id|ying) | payments? | cost(?:s|ing)? | charged? | bill(?:ed|s)? |
        expens(?:es?|ing) | expenditures? | outgoings? | outlay | set (?:me|us) back | setting (?:me|us) back |
        (?:shell|fork)(?:ed|ing)? (?:out|over) | part(?:ed)? with | out of pocket |
        r[au]n (?:me|us)(?! through| down| over) | invested? | blow | blown | blew | lay out | laid out |
        g[ia]ve (?:you )?for | splashed out | splash(?:ed|ing)? out | splurged? | hand(?:ed)? over""",
    "parcel": r"""
        <record> | <records> | shopping | groceries | baskets? | carts? | checkouts? | hauls? | receipts? |
        invoices? | transactions?""",
    "own": r"""i | i've | i'd | i'm | my | mine | we | we've | our | ours | me | us""",
    "shop": r"""
        (?:from|with|at|to) (?:you|your|this|the)(?: \w+)? | here | you guys | your (?:shop|store|site) |
        (?:this|the) (?:shop|store)""",
    "all": r"""everything | all | anything | something | things? | items? | products? | stuff | goods | articles""",
    "which": r"""
        what | what's | what've | what'd | which | who | whose | how | how's | when | when's | where | where's |
        why""",
    "what": r"""what | what's | which""",
    "spent_on": r"""spen[dt] | paid | pay | splash(?:ed)? out""",
    "what_they_are": r"""
        what (?:were|are|was|is) (?:they|those|it) | what they (?:were|are) | which ones | name them""",
    "which_items": r"""(?:which|what) (?:items|things|products|goods|articles)""",
    "what_came": r"""
        (?:what|what's|which \w+) (?:all )?(?:came|arrived|was (?:sent|delivered|shipped)|(?:is )?coming) |
        (?:what|which \w+) (?:did|have|had) (?:i|you|we) (?:\w+ )?(?:deliver(?:ed)?|sen[dt]|ship(?:ped)?|received?) |
        what (?:was|were) (?:i|we) (?:sent|delivered)""",
    "shown": r"""
        show | list | listing | tell | give | read | name | run | walk | go (?:over|through) | recap | remind |
        summar(?:y|i[sz]e) | overview | rundown | log | history | records? | details? | display | pull up |
        bring up | itemi[sz]e | breakdown | break down | see | recall | let""",
    "whether": r"""whether | if (?:i|we|there|my|any) | yes or no | or not | anywhere | by any chance""",
    "among": r"""
        ^(?:is|was|are|were) (?:the |my |any )?THING (?:part|something|1|among|in|on|included|a thing|with) |
        (?:is|was|are|were) there (?:any |some )?THING""",
    "or_not": r"""
        ^(?:did|do|does|have|has|had|was|were|is|are|am|haven't|didn't|isn't|hasn't) |
        (?:did|have|haven't|didn't) (?:i|we) | right$ | ever | any | at all""",
    "any": r"""any | some | ever""",
    "mine": r"""(?:my|the|our) (?:\w+ )?THING""",
    "contents": r"""
        what | what's | what'd | what've | which | items? | things? | goods | products? | articles | show | list |
        tell | remind | contents? | contain(?:s|ed|ing)? | inside | consist(?:s|ed)? of | details? |
        includ(?:e|es|ed) | made up of | comprised? | give | run | recap | read | breakdown | itemi[sz]e""",
    "money": r"""
        THING (?:go(?:es)?|sells?) for |
        how much(?! (?:time|longer|space|battery|power|sleep|water|memory|fuel|work|data)\b) | expensive | pricey |
        priciest | costl(?:y|iest) | cheap(?:est)? | dearest | money(?! back) | cash | euros? | dollars? | pounds? |
        bucks | prices? | priced | damage | totals? | totall?ed | sums? | sum(?:med)? up | amount(?:s|ed)? |
        add(?:s|ed|ing)? up | tot(?:ted)? up | c[ao]mes? (?:out )?(?:to|at)(?! me| us| my| our) |
        work(?:s|ed)? out (?:to|at) | worth | budget | value | r[au]ng up | figure | (?:big|biggest|top) ticket |
        cost (?:of|for)""",
    "price": r"""
        prices? | priced | how (?:much|expensive) (?:is|was|are|were|did|for) (?:<a> )*(?:\w+ )?(?:THING|it|1|each) |
        each | apiece | a piece | (?:per|for 1|for a|for an|for a single|1) (?:unit|piece|item|THING) |
        (?:does|do) (?:\w+ )?THING cost | go(?:es)? for |
        the (?:\w+ )?THING(?: \w+){0,4} (?:cost|set (?:me|us) back) | did (?:it|that|those|they) cost |
        do you (?:charge|ask|want) | sell(?:s|ing)? for | how expensive | (?:last|previous) time |
        cost of (?:the |a |my )?THING""",
    "so_far": r"""
        spen[dt] | spending | (?:put|go|went|gone|invested|pour(?:ed)?) (?:\w+ )?(?:into|on) | habit | so far |
        altogether | in all | in total | total | totals | overall | all told | all in | combined |
        (?<!the THING )cost (?:me|us) | ever since | to date | up to now""",
    "number_of": r"""
        how many(?! (?:euros|dollars|pounds|bucks|days|weeks)) |
        (?<!KIND )(?<!reference )(?:number|quantity|count) of | amount of THING | how often | how frequently |
        how regularly | frequency | how much THING | count(?:ed)?(?: up)? | (?:KINDS?|purchase) count""",
    "which_number": r"""
        (?:KIND|purchase|reference|confirmation) (?:number|no|id|code|reference) |
        number of (?:the|my|that|which) (?:\w+ )?(?:KIND|purchase) |
        (?:what|which|what's the|the|its) (?:\w+ )?number(?! of) | (?:which|what) (?:KIND|purchase)$ |
        (?:which|what) (?:KIND|purchase) (?:was|is|ha[sd]|have|did|does|contain(?:s|ed)?|includ(?:es|ed)|came|with) |
        (?:which|what) (?:1 )?(?:of my )?(?:KINDS?|purchases?) .*(?:ha(?:ve|s|d)|with|in|of|to|from|did (?:i|we)) |
        reference | (?:which|what) (?:of my )?KINDS (?:is|was) (?:the |my )?THING | (?:which|what) KIND got""",
    "with_thing": r"""
        (?:KIND|purchase) (?:containing|including|with|that (?:ha[ds]|contain(?:s|ed))) (?:the |my )?THING""",
    "last_had": r"""THING last | last(?: time)? .*THING | last (?:have|had|get|got|buy|bought|order(?:ed)?)""",
    "of_things": r"""
        (?:how many|how much|(?:number|amount|quantity) of) (?:(?:\w+ of|of|the|my|more|times|often) )*THING |
        how (?:often|frequently)""",
    "times": r"""times | frequency | occasions | how often | how frequently | how regularly""",
    "of_kinds": r"""
        (?:how many|(?:number|count) of|count(?: up)?|tally(?: up)?) (?:<all_my> )*<records> |
        (?:KINDS?|purchase) count | (?:KINDS) (?:are there|were there|was it|were they) | KINDS (?:\w+ )*number$""",
    "goods": r"""things? | items? | products? | articles? | goods | pieces | units | stuff""",
    "when": r"""
        when | when's | when'd | ^(?:the )?last time (?:i|we) .*THING$ |
        (?:me|know|was|is|what's) the last time (?:i|we) |
        (?:what|which|the|my) (?:(?:exact|very|last|precise|most recent|first|actual) )?(?:day|date) | dates? |
        how long (?:ago|since|has it been|is it|since|have i|was it|it's been) | how recently |
        how many (?:days|weeks) | since when | what time | how long(?:'s)?(?! (?:until|till|before|does|do|will)) |
        day of""",
    "coming": r"""
        arriv(?:e|es|ed|al|ing) | deliver(?:ed|s|ing)? | delivery (?:of|date|time|for) |
        (?:is|for|awaiting) delivery | undelivered | ship(?:s|ped|ping)? | dispatch(?:ed)? | sent(?! back| me| us) |
        c[ao]mes?(?! from| up in)(?! (?:out )?(?:to|at)\b(?! (?:me|us|my|our)\b)) | coming |
        (?:is|are|be|get|gets|got|it|THING|KINDS?|anything|everything|that|they|not) here | here (?:yet|already) |
        show(?:n|ed|s)? up | turn(?:ed|s)? up(?! in) | land(?:ed)? | reach(?:ed|es)? |
        (?:get|gets|getting|got) (?:here|to me|to us|delivered) | make it | made it | left | leave | leaving |
        on (?:its|their|the) way | en route | under ?way | in (?:transit|the (?:post|mail)) | expect(?:ed|ing)? |
        due | eta | posted | mailed | (?:gone|went|go|going) out | wait(?:ed|ing)? | held up | received |
        on the road | on the move | on my doorstep | packed | processed | at my door | dropped off | with me yet |
        with us yet | with (?:the|a) courier |
        (?:do|will|can|shall) (?:i|we) (?:\w+ )?(?:get|have|receive) (?:my|the|our) | THING delivery""",
    "status": r"""
        where | where's | whereabouts | status | state | progress(?:ed|ing)? | track(?:ed|ing)? | how far |
        happen(?:s|ed|ing)?(?! to (?!my|the|it|NUMBER|KIND)) | going on | what's up | became of | become of | news |
        updates? | delay(?:s|ed)? | deal with | story with | situation | near | stuck | stand | stands | stage |
        processing | location | latest (?:on|with|about) | sign of | word on | how(?:'s| is| are) things |
        how(?:'s| is| are) .{1,30}(?:doing|coming along|going|getting on|progressing) | taking so long |
        what's the story | lost | missing | check on | hold ?ups? | end(?:s|ed)? up$ | what about | how about | at$ |
        at now | at the moment | right now | getting on | getting along | coming along |
        how .{1,40} (?:is|are) doing | keeping | holding up | inbound | lose""",
    "sent": r"""shipped | delivered | dispatched""",
    "each_day": r"""
        (?:each|every|per|by|for each|any|individual) (?:single )?days? | day by day | daily | day to day |
        (?<=spend )a day | per date | from day to day""",
    "average": r"""
        averag(?:e|ed|es|ing) | per (?:KIND|purchase) | (?:a|the|my) (?:typical|usual) (?:KIND|purchase) |
        mean KIND | typical(?:ly)?""",
    "a_day": r"""days? | dates?""",
    "dear": r"""
        top priced | most expensive | priciest | dearest | costliest | biggest | largest | highest | most costly |
        pricey | most valuable | maximum | greatest | heaviest | most pricey | biggest ticket""",
    "cheap": r"""
        cheapest | least expensive | smallest | lowest | least costly | most affordable | minimum | lowest priced |
        least pricey | tiniest | most inexpensive""",
    "most": r"""most(?! recent) | more than any(?:thing)? | number 1 | top | (?:often|frequently) more""",
    "least": r"""least | fewest | rarest | rarely""",
    "usual": r"""
        usual(?:ly)? | normally | typically | favou?rites? | go to | regular(?:ly)? | tend to | popular | staple |
        keep (?:buying|ordering) | most often | most frequently | all the time | always""",
    "before_last": r"""
        (?:KIND|1|purchase) before (?:the |my )?last | (?:second|2nd|next) to last | last but 1 | penultimate |
        before (?:my|the) (?:last|latest)""",
    "last": r"""
        (?:last|latest|most recent|previous) (?:\w+ )?THING |
        (?:last|latest|most recent|newest|previous|current|final|recent) (?:(?!time)\w+ ){0,2}?(?:<record>|1) |
        (?:last|previous|latest|most recent) (?:time|occasion) |
        <did> (?:<what_i_got> )*(?:last|most recently|latest|just now) |
        (?:last|latest|newest|most recent) (?:things?|items?|stuff|products?) (?:that )?(?:i|we) |
        (?:i|we|i've|we've|have) just (?:\w+ )?<did> | (?:did|have) (?:i|we) (?:last|just) <did> |
        just (?:ordered|bought|placed|purchased)""",
    "first": r"""
        (?:first|1st|earliest|very first) (?:(?!thing)\w+ )?time | (?:did|have) (?:i|we) first |
        (?:first|earliest) (?:\w+ )?(?:KIND|purchase) | (?:start|begin|began)(?:ed)? (?:buying|ordering|getting)""",
    "one": r"""<mine_or_that> (?:\w+ ){0,2}?<record> | (?<!what was )(?<!what is )(?<!what's )it | it's""",
    "many": r"""
        <records> | (?:which|any|each|every|no|all) (?:\w+ )?<record> | things | items | anything | everything |
        nothing | something | all | any | ones | stuff | goods | products | which""",
    "everything": r"""everything | all | every""",
    "open": r"""
        on (?:its|their|the) way |
        (?:not|\w+n't|yet to|never) (?:\w+ ){0,4}?(?:<there>|ship(?:ped)?|get|got|completed?|finished) |
        open (?:KINDS?|purchases|ones) | (?:KINDS?|purchases|ones|still|are) (?:still )?open | outstanding |
        pending | under ?way |
        still (?:\w+ ){0,2}(?:sending|send|bringing|deliver|come|missing|coming|due|expected|owed|expecting|out) |
        wait(?:ing)? (?:for|on) | undelivered | in (?:transit|progress|the (?:post|mail)) | en route | incomplete |
        unfinished | out for delivery | (?:am|are) (?:i|we) (?:still )?expecting | coming(?! along| up) |
        yet to <there> | to (?:come|arrive|be delivered) | (?:should|will) still (?:\w+ )?<there> | travell?ing |
        moving | my way | processing | being (?:processed|delivered|sent|shipped) | due | shipped | dispatched |
        upcoming | expecting | expect (?:to (?:arrive|come|get|receive)|at my door|in the post|from you) |
        with (?:the|a) courier | on the (?:van|truck) | inbound | incoming | left to <there>""",
    "on_way": r"""
        being (?:delivered|sent|shipped) | (?:not|\w+n't|yet to|still to) (?:\w+ )?(?:<there>|shipped|got) |
        on (?:its|their|the) way | undelivered | (?:should|will) still (?:\w+ )?<there> | in transit |
        to be delivered | out for delivery | coming(?: my way| to me|$) | (?:should|am) i (?:be )?expecting |
        with (?:the|a) courier | on the (?:van|truck) | inbound | incoming | left to <there>""",
    "returned": r"""
        returns? | returned | returning | (?:get|got|received?) (?:\w+ ){1,2}back(?! to| home) | refund(?:s|ed)? |
        money back |
        (?:g[ia]ve|given|sen[dt]|sending|bring|brought|take|took|taken|shipped|went|gone) (?:\w+ ){0,3}?back |
        (?:anything|something|things?|items?) go back | (?:any|stuff|anything) (?:\w+ ){0,3}go back""",
    "cancelled": r"""
        cancel(?:s|l?ed|l?ing|l?ations?)? | call(?:ed|ing)? (?:\w+ )?off | scrap(?:ped)? | (?:back|backed) out of |
        axed""",
    "delivered": r"""
        delivered | arrived | receive[d]? | reached (?:me|us) | showed up | turned up | gotten here | complete[d]? |
        made it""",
}


BEFORE_VERB = (
    r"(?:i|we|you|to|i've|we've) (?:(?:last|ever|just|even|also|first|actually|really|always|only|already|most|often"
    r"|usually|normally|typically|mostly|recently|frequently|regularly|generally|never) ){0,2}"
)
"""What makes the word behind it a verb, as in `did I last order`."""
ORDINALS: Mapping[str, int] = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10,
}  # fmt: skip
NO_THING = frozenset(
    str.split(
        "sent shipped delivered arrived a an the i me my mine myself we our us ourselves you your yours it its"
        " they them their he she his her is are was were be been being am do does did done doing have has had"
        " having will would can could should shall may might must of in on at to for from with by about as into"
        " and or but not so far yet still if whether because since until till than then that's it's i'm i've i'd"
        " we've let's don't didn't haven't hasn't isn't aren't wasn't s t ve d ever any some all total altogether"
        " money much many more most less least what which who whom whose when where how why that this these those"
        " there here thing things anything everything something nothing else other another last latest recent"
        " recently lately previous new newest old first second third time times often number amount quantity order"
        " orders ordered ordering make made making go went going come coming came show tell give given list check"
        " see seen look looked looking read remind please day date days week weeks weekend month months year today"
        " yesterday tonight morning afternoon evening night way status state average per each every one ones two"
        " few couple several lot lots little bit bunch kind kinds sort sorts type types loaf loaves bottle bottles"
        " pack packs packet packets bag bags box boxes cup cups cans tin tins bar bars tube tubes roll rolls piece"
        " pieces carton cartons jar jars sheet sheets pair pairs unit units want wanted gone called turned taken"
        " brought know known need needed wonder wondering like think thought guess believe remember forget say"
        " said ask asking find found start before after up out over during past back down off again once twice"
        " already just only even also too really actually exactly roughly approximately currently overall together"
        " combined purely quickly soon now thanks thank hey hi hello ok okay right yes no well sorry curious"
        " question quick info information idea happen happens happened possible able help shop store site website"
        " app online account profile system file history record records database entry entries name names product"
        " products goods item items stuff article articles basket cart shopping trip parcel parcels package"
        " packages delivery deliveries shipment shipments purchases courier mail post everything's usual usually"
        " normally favourite favorite single whole entire full same different separate various certain such own"
        " end ended long short big small high low good bad fine great interested interest value price size volume"
        " card people"
    )
)
"""Words that name no thing and no person, besides the signs."""

_WISHES = {
    "buy": r"<order>\b(?! (?:number |no )?\S*\d|s? NUMBER| here| to me| delivered| <told>)",
    "told": """
        (?:the |an? |my |some )?(?:\\w+ )?(?:number | status | list | update | totals? | details | summary | overview |
        id | reference | breakdown | history | news)""",
    "order": "(?:re ?)?order|buy|purchase|pay|spend|get|KIND",
    "to": "(?:please |also |now )?",
    "wish": """
        want | wanna | like | need | have | going | wish | love | plan(?:ning)? | me | us | you | don't forget | time |
        about | hoping | ready | able | try(?:ing)? | how | where | best | possibl[ey] | better | idea | not""",
    "may": """
        (?:can|could|should|shall|may|must) (?:i|we|you) | let's | let us | i'll | i will | we'll | gonna | i want |
        i'd like""",
    "tell": r"""
        (?:numbers?|no|status|history|totals?|KIND|summary|count|value|list|contents|details|reference|id)\b |
        \S*\d | NUMBER""",
}
_WANTS = r"""
    \bhow (?:do|can|could|would|should) i (?:<order>|return|cancel)\b | \b<wish> to <to><buy> |
    \bwhere do(?:es)? .* come from\b | \bis too much\b | \bKIND of magnitude\b |
    \b(?:alphabetical|numerical|chronological|reverse) KIND\b | \b<may> <to><buy> |
    ^(?:please )?(?:<order>|add(?! up| together| it)|put(?! a))(?: me| us)? (?!<tell>)(?!.*\b(?:did|have) i\b)"""

PEOPLE = frozenset(
    str.split(
        "wife husband partner girlfriend boyfriend fiance fiancee mother mom mum father dad parent parents son"
        " daughter kid kids child children brother sister brothers sisters friend friends neighbour neighbor"
        " neighbours neighbors boss colleague colleagues coworker roommate flatmate housemate uncle aunt cousin"
        " grandma grandpa grandmother grandfather family assistant landlord teacher client customer"
    )
)
"""People who may have records of their own, behind `my` or `our`."""
_OTHERS = {
    "name": "([a-z]+(?: [a-z]+)??)",
    "other": "he | she | they | (?:some|any|every)(?:one|body) else | (?:an)?other (?:people|customer|person|user)s?",
    "verb": "order(?:ed|ing)?|buy|bought|buying|purchas(?:e|ed|ing)|spen[dt]|spending|pay|paid|get|got|KIND",
    "several": "KINDS|purchases|order history|spending|shopping|expenses|account",
    "often": "has|have|had|been|ever|last|just|recently|lately|already|really|usually|actually|also|most",
    "record": """
        KINDS? | purchases? | order history | spending | shopping | bill | basket | cart | parcels? | packages? |
        deliver(?:y|ies) | expenses | account""",
}
_OTHER = r"""
    \b<other> (?:<often> ){0,3}<verb>\b | \b(?:<other>'s|his|her|their) (?:\w+ ){0,2}<record>\b |
    \b(?:did|does|has|have|had) <name> (?:<often> ){0,2}<verb>\b |
    \b(?:what|how much|when|if|whether|that) <name> (?:<often> ){0,3}(?:ordered|bought|purchased|spent|paid)\b |
    \b<name>(?:'s|s') (?:\w+ ){0,2}<record>\b |
    \b<several> (?:of|by|from|for|under|belonging to|placed by|made by) <name>(?: \w+)?$"""

_BEFORE = {
    "much": r"much(?!.*\b(?:spen[dt]|pa(?:y|id))\b)",
    "done": """
        order(?:ed|ing)? | buy | buying | bought | purchas(?:e|ed|ing) | spen[dt] | spending | pa(?:y|id|ying) | cost |
        get | got | getting | had | have | cancel(?:l?ed|ling)? | return(?:ed)? | KIND""",
    "of": "(?:<done>|went|goes|money|number|amount|much|many|put|pounds|euros|dollars) (?:\\w+ )?(?:on|of|for|into)",
    "where": "^(?:where|where's|is|are|has|have|was|were|did)(?: is| are)? (?:my|the|any|our)",
    "about": "(?:where's|where is|where are|about|has|is|are|when will) (?:my|the|our)",
    "small": """
        an? | any | some | the | my | our | for | on | of | more | new | last | first | few | single | \\d+ |
        loaves | bottles | packs | boxes | cups | bags | cans""",
}

ENGLISH = Language(
    signs=sign_patterns(_SIGNS, _PARTS, whole=r"[\w']"),
    asks=pattern_of(
        r"\b(?:what|what's|which|how|how's|when|where|where's|did|have|has|is|are|was|were|show|list|tell me|give me"
        r"|totals?|sum|count|number of|any|anything|status|check|bill|spending|whether|track|recap|remind me)\b|^my\b"
    ),
    wants=pattern_of(alternatives(_WANTS, _WISHES)),
    place=pattern_of(
        rf"\b(?P<count>{'|'.join(ORDINALS)}|\d\d?(?:st|nd|rd|th))(?! to| (?:\w+ )?time)"
        r" (?:(?!last)\w+ )?(?:KIND|purchase|delivery)\b(?! before)"
    ),
    last_few=pattern_of(r"\b(?:last|latest|most recent|newest|previous|past) (?P<count>\d{1,2}) (?:KINDS|purchases)\b"),
    number=pattern_of(
        r"\bKINDS? (?:number |no |id |with (?:the )?number |# ?)?([a-z]*-?\d{3,})\b|\bnumber ([a-z]*-?\d{3,})\b"
    ),
    other=pattern_of(alternatives(_OTHER, _OTHERS)),
    words=single_words(_SIGNS),
    before_thing=pattern_of(
        alternatives(r"\b(?:<done>|many|any|<much>|<of>|<where>|<about>|my last|my latest) (?:<small> )*", _BEFORE)
        + MARK
    ),
)
