"""Make the labelled sentences that redaction is measured with: benchmarks/sets/redaction.txt.

The ordinary sentences beside them, benchmarks/sets/redaction_plain.txt, are written by hand.

Every sentence is on a line of its own; what is to be taken out stands in it as `⟦KIND|as written⟧`. All numbers are
made up here with a fixed seed. Some are said in ways that redaction does not know yet, and some ordinary numbers look
much like private ones: the set is to show what it misses and what it takes for something else.
"""

from __future__ import annotations

import random
from pathlib import Path

import phonenumbers

SET = Path(__file__).parent.parent / "voice" / "bench" / "sets" / "redaction.txt"
DRAW = random.Random(20261122)

MOBILE = str.split("130 131 135 136 138 139 150 152 158 159 166 177 180 186 188 189 191 198 199")
WORDS = str.split("zero one two three four five six seven eight nine")
HAN = "零一二三四五六七八九"


def digits(count: int) -> str:
    return "".join(DRAW.choice("0123456789") for _ in range(count))


def grouped(text: str, sizes: tuple[int, ...], gap: str) -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(text[at : at + size])
        at += size
    return gap.join(part for part in [*parts, text[at:]] if part)


def full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if char.isdigit() else char for char in text)


def said(text: str, *, oh: bool = False, double: bool = False) -> str:
    words, at = [], 0
    while at < len(text):
        word = "oh" if oh and text[at] == "0" else WORDS[int(text[at])]
        same = len(text[at:]) - len(text[at:].lstrip(text[at]))
        if double and same in (2, 3):
            words.append(("double " if same == 2 else "triple ") + word)
            at += same
        else:
            words.append(word)
            at += 1
    return " ".join(words)


def han(text: str, *, one: str = "一") -> str:
    return "".join(one if char == "1" else HAN[int(char)] for char in text)


def mobile() -> str:
    return DRAW.choice(MOBILE) + digits(8)


def luhn_digit(body: str) -> str:
    total = sum(sum(divmod(2 * int(d), 10)) if place % 2 == 0 else int(d) for place, d in enumerate(reversed(body)))
    return str(-total % 10)


def card(prefix: str, size: int) -> str:
    body = prefix + digits(size - len(prefix) - 1)
    return body + luhn_digit(body)


def bad_card() -> str:
    good = card("4", 16)
    return good[:-1] + str((int(good[-1]) + DRAW.randint(1, 9)) % 10)


def identity(*, valid: bool = True) -> str:
    region = DRAW.choice(["110105", "310104", "440106", "330102", "510107", "420106", "320505", "610113"])
    born = f"{DRAW.randint(1950, 2015)}{DRAW.randint(1, 12):02}{DRAW.randint(1, 28):02}"
    body = region + born + digits(3)
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    place = sum(weight * int(digit) for weight, digit in zip(weights, body, strict=True)) % 11
    return body + "10X98765432"[place if valid else (place + DRAW.randint(1, 10)) % 11]


def iban(country: str, shape: str) -> str:
    body = "".join(DRAW.choice("ABCDEFGHKLM") if char == "A" else DRAW.choice("0123456789") for char in shape)
    number = int("".join(str(int(char, 36)) for char in body + country + "00"))
    return f"{country}{98 - number % 97:02}{body}"


def foreign(region: str) -> phonenumbers.PhoneNumber:
    """A random valid number near the example of its region."""
    kind = (
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE if region == "US" else phonenumbers.PhoneNumberType.FIXED_LINE
    )
    known = phonenumbers.example_number_for_type(region, kind)
    assert known is not None
    example = str(known.national_number)
    while True:
        tail = DRAW.randint(3, 6)
        parsed = phonenumbers.parse(example[:-tail] + digits(tail), region)
        if phonenumbers.is_valid_number(parsed):
            return parsed


def shown(number: phonenumbers.PhoneNumber, form: int) -> str:
    text: str = phonenumbers.format_number(number, form)
    return text


INTERNATIONAL = phonenumbers.PhoneNumberFormat.INTERNATIONAL
NATIONAL = phonenumbers.PhoneNumberFormat.NATIONAL

NAMES = [
    "ada",
    "bob",
    "chen.wei",
    "d.lovelace",
    "li_ming",
    "sales-2",
    "grace+news",
    "jun88",
    "m.curie",
    "wang.fang",
    "o.brien",
    "info",
    "zhang_san",
    "t.k",
]
HOSTS = str.split(
    "example.com example.org mail.example.net example.cn corp.example.co.uk example.com.cn uni.example.edu"
)


def email() -> str:
    return f"{DRAW.choice(NAMES)}@{DRAW.choice(HOSTS)}"


def said_email(*, name: str = "") -> str:
    marks = {".": " dot ", "_": " underscore ", "-": " dash ", "+": " plus ", "@": " at "}
    name = name or DRAW.choice(["ada", "bob", "chen.wei", "li_ming", "m.curie", "jun88"])
    return "".join(
        marks.get(char, char) for char in f"{name}@{DRAW.choice(['example.com', 'example.org', 'example.cn'])}"
    )


EN = {
    "PHONE": """My number is {}.|Please call me at {} after six.|You can reach her on {} tonight.|Text me: {}|phone {}
Dial {} and ask for Tom.|Her mobile is {}, by the way.|I lost my phone, the new number is {}!|Save {} as Mum.
Is {} still your number?|Send the code to {} please.|he said {} twice|Could you ring {} for me?|Fax it to {} today.""",
    "CARD": """Charge it to {}.|My card number is {}.|I paid with {} yesterday.|The card {} was declined.|use {} instead
Please remember my card: {}.|It says {} on the front.|is {} the right card?|Take {} and the code is 123.""",
    "ID": """My ID number is {}.|The identity card says {}.|Her resident ID, {}, has expired.|id {} please check
They asked for {} at the desk.|Enter {} in the form.""",
    "EMAIL": """Write to {} please.|My e-mail is {}.|Send it to {} and copy me.|{} is my address.|cc {} on that
Forward the mail to {}, thanks.|Her email address is {}?|I signed up with {}.""",
    "IBAN": """Transfer it to {}.|My account is {}.|The IBAN is {}, in my name.|Please pay rent into {} every month.""",
    "IP": """The server is at {}.|Ping {} for me.|My router says {}.|Connect to {} on port 22.|block {} now""",
}
ZH = {
    "PHONE": """我的电话是{}。|请打{}找王先生。|你可以打{}联系她|手机号{}，别忘了|新号码{}已经开通了。|给{}发个短信吧
她的号码是{}吗？|麻烦记一下，{}|快递员的电话{}打不通|妈妈的手机是{}""",
    "CARD": """我的银行卡号是{}。|请用{}付款|卡号{}被锁了|工资打到{}这张卡上|帮我查一下{}的余额""",
    "ID": """我的身份证号是{}。|身份证{}快过期了|请填写{}|他的证件号码：{}|证号{}对吗？""",
    "EMAIL": """我的邮箱是{}。|请发到{}谢谢|邮件地址：{}|把文件发给{}吧|联系邮箱{}""",
    "IBAN": """请汇到{}。|我的德国账户是{}""",
    "IP": """服务器地址是{}。|请连接{}试试|路由器的地址是{}""",
}
MIXED = {
    "PHONE": "OK，我的 number 是{}，call 我|Please 打{}，找 Linda|我的WhatsApp是{}哦|call me，{}，晚上都在",
    "CARD": "用 Visa {} 付吧|我的 card 是{}，thanks",
    "ID": "my 身份证 is {}，please check|ID number 是{}",
    "EMAIL": "email 发到{}就行，thanks|请 cc {} 谢谢|我的 Gmail 是{}",
    "IBAN": "IBAN 是{}，请 transfer",
    "IP": "ping 一下{}看看|server 在{}上",
}


def phones() -> list[tuple[str, str]]:
    """(language, as written) of telephone numbers."""
    found: list[tuple[str, str]] = []
    for _ in range(4):
        for language in ("zh", "en", "mixed"):
            one = mobile()
            found += [(language, one), (language, grouped(one, (3, 4), " ")), (language, "+86 " + one)]
    for language in ("zh", "en"):
        for _ in range(3):
            one = mobile()
            found += [
                (language, grouped(one, (3, 4), "-")),
                (language, "+86-" + grouped(one, (3, 4), "-")),
                (language, "0086" + one),
                (language, full_width(one)),
                (language, " ".join(one)),
                (language, "(+86) " + grouped(one, (3, 4), " ")),
                (language, grouped(one, (3, 3), " ")),
                (language, grouped(one, (3, 4), ".")),
            ]
    for _ in range(9):
        found += [("zh", han(mobile())), ("zh", han(mobile(), one="幺"))]
        found += [("en", said(mobile())), ("en", said(mobile(), oh=True, double=True))]
    for _ in range(4):
        one = mobile()
        found += [("zh", "，".join((han(one[:3]), han(one[3:7]), han(one[7:])))), ("mixed", said(one, oh=True))]
        found += [("en", ", ".join(said(part) for part in (one[:3], one[3:7], one[7:]))), ("mixed", han(one, one="幺"))]
    for region in ("US", "GB", "DE", "FR", "JP", "HK", "AU", "IN", "BR"):
        for _ in range(2):
            found.append(("en", shown(foreign(region), INTERNATIONAL)))
    for region in ("US", "GB", "CN"):
        for _ in range(4):
            found.append(("zh" if region == "CN" else "en", shown(foreign(region), NATIONAL)))
    found += [("en", said(str(foreign("US").national_number), oh=True)) for _ in range(3)]
    found += [("zh", "010-" + "6" + digits(7)), ("zh", "400-800-" + digits(4)), ("zh", "(0755) 26" + digits(6))]
    one = mobile()
    found.append(("en", f"{said(one[:3])} um {said(one[3:7])} {said(one[7:])}"))  # with a filler: not known yet
    found.append(("en", f"one thirty-{WORDS[int(one[2])]} {said(one[3:])}"))  # in tens: not known yet
    found.append(("zh", f"{han(one[:3])}嗯{han(one[3:])}"))
    return found


def cards() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for language in ("en", "zh", "mixed"):
        for prefix, size in (("4", 16), ("5" + DRAW.choice("12345"), 16), ("62", 19), ("6222", 16), ("37", 15)):
            one = card(prefix, size)
            found += [(language, one), (language, grouped(one, (4, 6) if size == 15 else (4, 4, 4, 4), " "))]
            found.append((language, grouped(one, (4, 4, 4), "-")))
    for _ in range(3):
        found += [("en", said(card("4", 16))), ("zh", han(card("62", 16))), ("en", " ".join(card("5" + "3", 16)))]
    found.append(("en", "forty-one eleven eleven eleven eleven eleven eleven eleven"))  # in tens: not known yet
    return found


def identities() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for language in ("zh", "zh", "en", "mixed"):
        for _ in range(4):
            one = identity()
            found += [(language, one), (language, grouped(one, (6, 8), " "))]
        found.append((language, identity().lower()))
    found += [("zh", han(one[:17]) + ("X" if one[17] == "X" else han(one[17]))) for one in (identity(), identity())]
    found += [("zh", full_width(identity())), ("en", grouped(identity(), (6, 4, 4), "-"))]
    return found


def emails() -> list[tuple[str, str]]:
    found = [(language, email()) for language in ("en", "zh", "mixed") for _ in range(14)]
    found += [("en", said_email()) for _ in range(12)]
    found += [("zh", said_email().replace(" at ", "艾特").replace(" dot ", "点").replace(" underscore ", "下划线"))
              for _ in range(5)]  # fmt: skip
    found.append(("en", "a d a at example dot com"))  # spelled out: not known yet
    found.append(("en", email().upper()))
    return found


def ibans() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    shapes = {"DE": "0" * 18, "GB": "AAAA" + "0" * 14, "FR": "0" * 10 + "A" * 3 + "0" * 10, "NL": "AAAA" + "0" * 10}
    for country, shape in (shapes | {"ES": "0" * 20, "CH": "0" * 17}).items():
        one = iban(country, shape)
        found += [("en", one), ("en", grouped(one, (4,) * 8, " ")), ("zh", one), ("mixed", one), ("en", one.lower())]
    return found


def addresses() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for language in ("en", "zh", "mixed", "en"):
        for _ in range(4):
            found.append((language, ".".join(str(DRAW.randint(1, 223)) for _ in range(4))))
        found.append((language, "2001:db8:" + ":".join(f"{DRAW.randint(1, 65535):x}" for _ in range(6))))
        found.append((language, f"2001:db8::{DRAW.randint(4096, 65535):x}:7{digits(2)}"))
    return found


def negatives() -> list[str]:
    """Numbers that look private and are not; the last few cannot be told apart by their digits."""
    found: list[str] = []
    for _ in range(8):
        found += [
            f"The card {bad_card()} is not valid.",
            f"身份证{identity(valid=False)}的校验码不对。",
            f"My order is {digits(8)} from the shop.",
            f"订单{digits(9)}已经发货。",
            f"Reference {DRAW.randint(1, 9)}{digits(9)} was closed.",
            f"The counter shows {digits(6)}.{digits(3)} units.",
            f"It cost ${DRAW.randint(1, 999)},{digits(3)}.{digits(2)} in {DRAW.randint(1990, 2026)}.",
            f"在{DRAW.randint(1990, 2026)}年{DRAW.randint(1, 12)}月，价格是{digits(5)}元。",
            f"The IBAN {iban('DE', '0' * 18)[:2]}99{digits(18)} was refused.",
            f"Tracking number {digits(12)} has arrived.",
        ]
    found += [f"Number 12{digits(9)} is no mobile." for _ in range(5)]
    found += [f"Order {mobile()} has shipped." for _ in range(2)]
    found += [
        f"运单号{mobile()}已签收。",
        f"Tracking number {card('4', 16)} is on its way.",
        "See paragraph 4.1.2.3 there.",
    ]
    found += [f"The article has number 2{digits(10)}." for _ in range(5)]
    return found


def main() -> None:
    lines: list[str] = []
    templates = {"en": EN, "zh": ZH, "mixed": MIXED}
    made = {
        "PHONE": phones(),
        "CARD": cards(),
        "ID": identities(),
        "EMAIL": emails(),
        "IBAN": ibans(),
        "IP": addresses(),
    }
    for kind, values in made.items():
        for language, value in values:
            choices = templates[language][kind].replace("\n", "|").split("|")
            lines.append(DRAW.choice(choices).format(f"⟦{kind}|{value}⟧"))
    for _ in range(12):
        one, other = DRAW.choice(made["PHONE"])[1], DRAW.choice(made["EMAIL"])[1]
        lines.append(f"Call ⟦PHONE|{one}⟧ or write to ⟦EMAIL|{other}⟧.")
    lines += negatives()
    SET.write_text("\n".join(dict.fromkeys(lines)) + "\n", "utf-8")
    print(f"{SET.name}: {len(dict.fromkeys(lines))} sentences")


if __name__ == "__main__":
    main()
