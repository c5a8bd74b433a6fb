"""How well a text fits a question: words by their stems, Chinese by pairs of characters, near words by groups."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from voice.text.numbers import in_digits, simplified
from voice.text.patterns import pattern_of
from voice.text.speakable import HAN

NEAR = 0.6
"""The weight of a word that is only near the one asked for, as `born` is to `birthday`."""

SINGLE = 0.35
"""The weight of a single Chinese character beside that of a pair."""

_WORD = pattern_of(rf"[{HAN}]+|[^\W_{HAN}]+(?:'[^\W_]+)?")
_STOP = frozenset(
    str.split(
        "a an the is are was were be been being am do does did can could will would should shall may might must has"
        " have had of in on at to for from with by about as into and or but not what who whom whose which when where"
        " why how"
        " that this these those it its i me my mine you your we us our they them their he she his her there here please"
        " tell know say give so then than much many what's who's it's where's how's i'm i've s t just really very get"
        " got any some say said told remember mind keep ask asked called call name kind sort best like again don't"
        " can't"
    )
)
_HAN_STOP = pattern_of(
    "什么时候|什么地方|什么样|什么|怎么样|怎么|为什么|哪里|哪儿|哪个|哪些|哪种|哪位|哪只|哪|多少|几|请问|告诉|知道|记得|一下"
    "|一共|有没有|是不是|比较|[我你您他她它的了吗呢吧啊是有在和跟就都也还要把被让给个这那谁会]"
)

_GROUPS = """
birthday born birth birthplace 生日 出生
live home flat apartment address house reside city 住 家 生活 地址
wife husband married marriage spouse partner wedding anniversary 太太 老婆 妻子 丈夫 先生 老公 爱人 结婚
mother mum mom mama 妈妈 母亲 妈
father dad papa 爸爸 父亲 爸
son boy 儿子
daughter girl 女儿
brother 弟弟 哥哥 兄弟
sister 妹妹 姐姐 姐妹
allergic allergy eat food diet meal cook meat vegetarian vegan gluten 过敏 吃 食物 菜 饭 吃素 荤 肉
hate dislike stand 讨厌 不喜欢
favourite favorite prefer love enjoy 喜欢 最爱 爱
colour color 颜色
music song sing jazz 音乐 歌
pill medicine medication tablet drug 药
wifi wlan internet network router online 无线 上网 网络 路由器
password code pin number combination 密码 号码 号
car vehicle auto 车 车子 汽车
park parking space garage 停 车位 车库
key 钥匙
doctor dentist physician 医生 大夫 牙医
phone telephone mobile call 电话 手机
job work employer office profession 上班 工作 职业 单位
boss manager chief 老板 上司 领导
school class teacher 学校 上学 小学
learn study course language 学 学习 语言
pet cat dog animal 宠物 猫 狗
plane flight fly airport 飞 航班 飞机
rent pay cost price money 房租 租金 交 钱
bin rubbish garbage trash waste 垃圾
shoe foot feet 鞋 鞋码
blood 血 血型
neighbour neighbor upstairs downstairs 邻居
lend lent borrow 借
heat heating boiler radiator 暖气 取暖
pipe plumber tap leak 水管
passport document papers 护照 证件
holiday vacation trip travel 度假 旅行
team club football 球队 球迷
ear hear hearing 耳朵 听力
expire valid 到期 有效
old age year 岁 大
weigh weight heavy kilo 重 公斤
bicycle bike 自行车 单车
bank loan 银行 贷款
sugar sweet 糖 加糖
coffee tea drink 咖啡 茶 喝
tyre tire wheel 轮胎
bus stop station train 车站 站
save saving 存钱 攒钱
contact reach 联系
spare extra 备用 多余
"""
_IRREGULAR = {"lent": "lend", "feet": "foot", "children": "child", "mice": "mouse", "bought": "buy", "went": "go",
              "wives": "wife", "left": "leave", "paid": "pay", "drank": "drink", "ate": "eat"}  # fmt: skip


_PLURALS, _FORMS = (("ies", "y"), ("es", "e"), ("s", "")), (("ing", ""), ("ed", ""))
_LAST = (("y", "i"), ("e", ""))


def stem(word: str) -> str:
    """An English word without its ending: `parking` and `parked` are `park`, `allergies` is `allergi`."""
    word = _IRREGULAR.get(word, word.removesuffix("'s"))
    for endings in (_PLURALS, _FORMS, _LAST):
        for ending, left in endings:
            if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
                word = word.removesuffix(ending) + left
                break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls" else word


def _near() -> Mapping[str, int]:
    found: dict[str, int] = {}
    for number, group in enumerate(_GROUPS.strip().splitlines()):
        for word in group.split():
            found.setdefault(stem(word) if word.isascii() else word, number)
    return found


_NEAR = _near()
_HAN_NEAR = pattern_of("|".join(sorted((word for word in _NEAR if not word.isascii()), key=len, reverse=True)))


def terms(text: str) -> dict[str, float]:
    """What a text is about, each with its weight: stems, pairs of Chinese characters, groups of near words as `#N`."""
    plain = in_digits(simplified(text.lower().replace("’", "'")))
    found: dict[str, float] = {}
    for word in _WORD.findall(plain):
        if not word.isascii() and re.match(f"[{HAN}]", word):
            for group in _HAN_NEAR.findall(word):
                found[f"#{_NEAR[group]}"] = NEAR
            for run in _HAN_STOP.sub(" ", word).split():
                found |= dict.fromkeys(run, SINGLE)
                found |= dict.fromkeys((run[at : at + 2] for at in range(len(run) - 1)), 1.0)
        elif word not in _STOP:
            found[stem(word)] = 1.0
        if word.isascii() and (group := _NEAR.get(stem(word))) is not None:
            found[f"#{group}"] = NEAR
    return found


class Ranking:
    """Texts, found by what they are about. The rarer a term is among them, the more it says."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._terms = [terms(text) for text in texts]
        counts: dict[str, int] = {}
        for found in self._terms:
            for term in found:
                counts[term] = counts.get(term, 0) + 1
        self._rarity = {term: math.log(1 + (len(texts) + 1) / (count + 0.5)) for term, count in counts.items()}
        self._unknown = math.log(1 + 2 * (len(texts) + 1))

    def best(self, question: str) -> list[tuple[float, int]]:
        """The share of the question that each text covers, 0 to 1, with the text's place; the best first, none of 0."""
        asked = terms(question)
        whole = sum(weight * self._rarity.get(term, self._unknown) for term, weight in asked.items() if term[0] != "#")
        found = []
        for place, known in enumerate(self._terms):
            shared = sum(weight * self._rarity[term] for term, weight in asked.items() if term in known)
            if shared:
                found.append((min(1.0, shared / (whole or shared)) - 0.001 * len(known), place))
        return sorted(found, key=lambda one: (-one[0], -one[1]))

    def telling(self) -> list[int]:
        """The texts' places, that of the one with the most and rarest terms first."""
        weights = [sum(weight * self._rarity[term] for term, weight in known.items()) for known in self._terms]
        return sorted(range(len(weights)), key=lambda place: -weights[place])
