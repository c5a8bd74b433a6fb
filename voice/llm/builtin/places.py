"""The time zone of a place as people name it: a city, a country, 东京."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

_PLACES = """
Europe/Vienna: wien, österreich
Europe/Berlin: deutschland, münchen, köln, nürnberg
Europe/Zurich: zürich, genf, schweiz, der schweiz
Europe/Rome: rom, mailand, italien
Europe/Paris: frankreich, paris
Europe/London: grossbritannien, großbritannien, schottland
Europe/Moscow: moskau
Europe/Warsaw: warschau, polen
Europe/Prague: prag, tschechien
Europe/Copenhagen: kopenhagen, dänemark
Europe/Brussels: brüssel, belgien
Europe/Lisbon: lissabon
Europe/Athens: athen, griechenland
Europe/Istanbul: türkei, der türkei
Africa/Cairo: kairo, ägypten
Asia/Tokyo: tokio
Asia/Shanghai: peking
Asia/Kolkata: indien
Asia/Singapore: singapur
UTC: utc, gmt, greenwich mean time, zulu time, 世界时, 格林尼治
Europe/London: uk, the uk, britain, great britain, england, scotland, wales, united kingdom, edinburgh, manchester
Europe/London: 英国, 伦敦
Europe/Dublin: ireland, 爱尔兰, 都柏林
Europe/Paris: france, lyon, marseille, nice, 法国, 巴黎
Europe/Berlin: germany, munich, hamburg, cologne, frankfurt, 德国, 柏林, 慕尼黑, 汉堡, 法兰克福
Europe/Madrid: spain, barcelona, seville, 西班牙, 马德里, 巴塞罗那
Europe/Lisbon: portugal, porto, 葡萄牙, 里斯本
Europe/Rome: italy, milan, florence, naples, venice, 意大利, 罗马, 米兰
Europe/Vienna: austria, salzburg, 奥地利, 维也纳
Europe/Zurich: switzerland, geneva, basel, bern, 瑞士, 苏黎世, 日内瓦
Europe/Amsterdam: netherlands, the netherlands, holland, rotterdam, the hague, 荷兰, 阿姆斯特丹
Europe/Brussels: belgium, antwerp, 比利时, 布鲁塞尔
Europe/Copenhagen: denmark, 丹麦, 哥本哈根
Europe/Stockholm: sweden, gothenburg, 瑞典, 斯德哥尔摩
Europe/Oslo: norway, bergen, 挪威, 奥斯陆
Europe/Helsinki: finland, 芬兰, 赫尔辛基
Europe/Warsaw: poland, krakow, 波兰, 华沙
Europe/Prague: czechia, the czech republic, 捷克, 布拉格
Europe/Budapest: hungary, 匈牙利, 布达佩斯
Europe/Athens: greece, 希腊, 雅典
Europe/Bucharest: romania, 罗马尼亚, 布加勒斯特
Europe/Sofia: bulgaria, 保加利亚, 索非亚
Europe/Kyiv: ukraine, kiev, 乌克兰, 基辅
Europe/Moscow: st petersburg, saint petersburg, 莫斯科, 圣彼得堡
Europe/Istanbul: turkey, ankara, 土耳其, 伊斯坦布尔, 安卡拉
Atlantic/Reykjavik: iceland, 冰岛, 雷克雅未克
Asia/Jerusalem: israel, tel aviv, 以色列, 耶路撒冷, 特拉维夫
Asia/Dubai: the united arab emirates, the emirates, abu dhabi, 阿联酋, 迪拜, 阿布扎比
Asia/Riyadh: saudi arabia, mecca, 沙特, 沙特阿拉伯, 利雅得
Asia/Tehran: iran, 伊朗, 德黑兰
Asia/Karachi: pakistan, islamabad, lahore, 巴基斯坦, 卡拉奇, 伊斯兰堡
Asia/Kolkata: india, delhi, new delhi, mumbai, bombay, bangalore, chennai, hyderabad, 印度, 新德里, 德里, 孟买
Asia/Kolkata: 班加罗尔
Asia/Kathmandu: nepal, 尼泊尔, 加德满都
Asia/Dhaka: bangladesh, 孟加拉国, 达卡
Asia/Bangkok: thailand, phuket, 泰国, 曼谷
Asia/Ho_Chi_Minh: vietnam, hanoi, 越南, 河内, 胡志明市
Asia/Jakarta: 雅加达
Asia/Kuala_Lumpur: malaysia, 马来西亚, 吉隆坡
Asia/Singapore: 新加坡
Asia/Manila: the philippines, philippines, 菲律宾, 马尼拉
Asia/Shanghai: china, beijing, peking, guangzhou, shenzhen, chengdu, 中国, 北京, 上海, 广州, 深圳, 成都, 杭州, 武汉
Asia/Shanghai: 西安, 重庆, 南京, 天津
Asia/Hong_Kong: 香港
Asia/Taipei: taiwan, 台湾, 台北
Asia/Seoul: korea, south korea, busan, 韩国, 首尔, 釜山
Asia/Tokyo: japan, osaka, kyoto, 日本, 东京, 大阪, 京都
Australia/Sydney: canberra, 悉尼, 堪培拉
Australia/Melbourne: 墨尔本
Australia/Brisbane: 布里斯班
Australia/Perth: 珀斯
Pacific/Auckland: new zealand, wellington, 新西兰, 奥克兰, 惠灵顿
Pacific/Honolulu: hawaii, 夏威夷, 檀香山
America/New_York: new york city, nyc, boston, washington, washington dc, philadelphia, miami, atlanta, florida
America/New_York: orlando, eastern time, the east coast, 纽约, 波士顿, 华盛顿, 费城, 迈阿密, 美国东部
America/Chicago: texas, dallas, houston, austin, new orleans, minneapolis, central time, 芝加哥, 休斯敦, 达拉斯
America/Chicago: 美国中部
America/Denver: colorado, salt lake city, mountain time, 丹佛
America/Phoenix: arizona, 凤凰城
America/Los_Angeles: la, california, san francisco, san diego, seattle, portland, las vegas, silicon valley
America/Los_Angeles: pacific time, the west coast, 洛杉矶, 旧金山, 西雅图, 拉斯维加斯, 加州, 硅谷, 美国西部
America/Anchorage: alaska, 阿拉斯加
America/Toronto: ottawa, 多伦多, 渥太华
America/Montreal: 蒙特利尔
America/Vancouver: 温哥华
America/Mexico_City: 墨西哥城
America/Sao_Paulo: rio, rio de janeiro, brasilia, 圣保罗, 里约, 里约热内卢, 巴西利亚
America/Argentina/Buenos_Aires: argentina, 阿根廷, 布宜诺斯艾利斯
America/Bogota: colombia, 哥伦比亚, 波哥大
America/Lima: peru, 秘鲁, 利马
Africa/Cairo: egypt, 埃及, 开罗
Africa/Johannesburg: south africa, cape town, 南非, 约翰内斯堡, 开普敦
Africa/Lagos: nigeria, 尼日利亚, 拉各斯
Africa/Nairobi: kenya, 肯尼亚, 内罗毕
Africa/Casablanca: morocco, 摩洛哥, 卡萨布兰卡
"""
"""Time zones and what people call places in them; countries of several zones only by their parts."""


@cache
def _zones() -> dict[str, str]:
    """Every known name in lower case; the cities of the zones' own names come first."""
    zones = sorted(available_timezones())
    named = {zone.lower(): zone for zone in zones}
    for zone in zones:
        if "/" in zone and not zone.startswith("Etc/"):
            named.setdefault(zone.rpartition("/")[2].replace("_", " ").lower(), zone)
    for line in _PLACES.strip().splitlines():
        zone, _, names = line.partition(": ")
        if zone in zones:
            named |= dict.fromkeys(names.split(", "), zone)
    return named


def zone_of(place: str) -> str | None:
    """The IANA time zone of a place, also `paris france` and `Asia/Tokyo`; None where it is not known.

    >>> zone_of("New York"), zone_of("东京"), zone_of("Atlantis")
    ('America/New_York', 'Asia/Tokyo', None)
    """
    name = " ".join(place.replace(",", " ").lower().split())
    known = _zones()
    if (zone := known.get(name) or known.get(name.replace(" ", "_"))) is not None:
        return zone
    words = name.split()
    halves = ((" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(len(words) - 1, 0, -1))
    return next((known[city] for city, country in halves if city in known and country in known), None)
