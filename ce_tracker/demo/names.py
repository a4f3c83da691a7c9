"""Names that sound like people's: by surname frequency, by generation, with the characters and
the interpuncts that break careless software."""

from __future__ import annotations

from itertools import accumulate
from random import Random

from ce_tracker.registry.names import INTERPUNCT

# The commonest surnames with their shares in ten thousand.
_SURNAMES = (
    "王719李718张659刘516陈450杨318黄230赵229周212吴206徐168孙162马150朱136胡135林117郭114何110"
    "高109罗95郑92梁85谢75宋71唐69许66邓63冯62韩61曹60曾60彭57萧47蔡53潘53田52董51袁50于48余48"
    "叶48蒋48杜46苏46魏45程44吕44丁42沈41任41姚40卢40傅38钟38姜38崔38谭37廖36范35汪35陆35金34"
    "石34戴34贾32韦32夏31邱31方30侯29邹29熊28孟27秦27白27江26阎25薛25尹24段23雷23黎22史21龙20"
    "陶20贺20顾19毛19郝18龚17邵17万17钱16严16覃15武15戚9莫14孔14向13汤12丛9毕9宫6冉6"
)
_COMPOUND = ("欧阳", "上官", "司马", "诸葛", "皇甫", "尉迟", "司徒", "夏侯", "东方", "慕容", "令狐")
_HUI = "马马马马马马杨杨李丁金海哈沙纳白撒买虎妥苏王田吴"

_MOTHERS = "安易乐温柏穆路游童宁"  # beside any surname plainly a second one

# Of those born before 1970, before 1988, and since; the first string men's, the second women's.
_GIVEN = (
    (
        "建国军平志强明华德文永福海山林春生成光荣庆忠良保立新民友根贵田兴元学武树东祥宝金玉胜",
        "桂英秀兰玉珍凤淑华芳梅红霞云丽琴香莲春爱萍月娥荣美素菊娟敏惠翠仙巧青彩银花",
    ),
    (
        "伟强磊军勇涛杰超斌波辉刚健峰飞鹏浩宇亮俊凯鑫旭阳建文东志明晓海龙洋毅威国栋彬华江",
        "静丽敏艳娟霞芳燕玲娜莉婷红梅雪琳丹洁慧颖蕾佳倩萍晶莹晓岚华云璐瑶春秀英欣玉兰",
    ),
    (
        "浩宇轩子涵博文泽俊杰昊天睿一鸣家豪嘉航梓晨思远明哲逸凡奕辰瑞霖皓承志鹏飞煜旭",
        "欣怡梓涵雨桐诗雅思琪佳怡子萱语嫣梦瑶若曦静宜嘉雪晨婷可馨艺彤紫琳悦宁心语清妍雯",
    ),
)
_RARE = "𬭎㛃犇龑堃赟珺祎翀昇淼燚喆頔彧翯垚旻奡䶮𬀩𨱏"
_UYGHUR = (
    ("艾力", "吐尔逊", "买买提", "阿卜杜拉", "库尔班", "亚森", "伊力哈木", "麦麦提江"),
    ("阿依古丽", "古丽娜尔", "热依罕", "阿米娜", "帕提古丽", "迪丽努尔", "米热古丽", "祖丽皮亚"),
    ("麦麦提", "吐尔逊", "艾买提", "热合曼", "卡德尔", "亚库甫", "托合提", "依明"),
)
_MONGOL = (
    ("巴特尔", "苏和", "朝鲁", "布和", "阿古拉"),
    ("萨仁", "其其格", "乌云", "娜仁", "斯琴"),
    ("巴雅尔", "孟和", "宝音", "达来", "哈斯"),
)
_YI = (("阿木", "日黑", "木呷"), ("阿依", "尔洗", "阿果"), ("吉克", "曲比", "沙马", "海来"))
_FOREIGN = (
    ("ANNA", "MARIA", "JOHN", "PETER", "YUKI", "OLGA"),
    ("SCHMIDT", "SMITH", "SATO", "PAVLOVA"),
)
_TRADITIONAL = (
    "陳黃張鄭葉劉楊許鍾蕭", "偉傑嘉儀詠詩穎欣志豪慧雯國權麗華淑貞",
)  # fmt: skip

_NAMES: list[str] = []
_SHARES: list[int] = []
for _part in _SURNAMES:
    if _part.isdigit():
        _SHARES[-1] = _SHARES[-1] * 10 + int(_part)
    else:
        _NAMES.append(_part)
        _SHARES.append(0)
_CUMULATED = list(accumulate(_SHARES))


def invented(random: Random, female: bool, born: int, province: str) -> str:
    """A name for somebody born in the year, who lives in the province."""
    dice = random.random()
    if dice < (0.03 if province == "64" else 0.008):
        return _of_a_minority(random, female, province)
    if dice > 0.988:
        surname = random.choice(_COMPOUND)
    elif province == "64" and dice > 0.7:
        surname = random.choice(_HUI)
    else:
        surname = random.choices(_NAMES, cum_weights=_CUMULATED)[0]
    pool = _GIVEN[0 if born < 1970 else 1 if born < 1988 else 2][female]
    first = random.choice(pool)
    dice = random.random()
    if dice < 0.22:
        return surname + (random.choice(_RARE) if dice < 0.004 else first)
    if dice < 0.236:  # both parents' surnames
        return surname + random.choice(_MOTHERS) + first + pool[0]
    second = random.choice(pool) if dice < 0.985 else random.choice(_RARE)
    return surname + first + second


def of_hong_kong(random: Random) -> str:
    surnames, given = _TRADITIONAL
    return random.choice(surnames) + random.choice(given) + random.choice(given)


def foreign(random: Random) -> str:
    given, surnames = _FOREIGN
    return f"{random.choice(given)} {random.choice(surnames)}"


def _of_a_minority(random: Random, female: bool, province: str) -> str:
    given = _MONGOL if province == "23" else _YI if province == "50" else _UYGHUR
    own, family = random.choice(given[female]), random.choice(given[2])
    return f"{family if given is _YI else own}{INTERPUNCT}{own if given is _YI else family}"
