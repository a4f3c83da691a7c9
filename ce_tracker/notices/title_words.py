"""What a message says of titles: of duties, of rights, and of applications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ce_tracker.policy.duties import DUTIES
from ce_tracker.policy.words import Outcome

_LABELS = {kind.number: kind.label for kind in DUTIES}
_BROKEN, _MENDED = "broken", "mended"


def urgent(facts: Mapping[str, Any]) -> str | None:
    steps = facts.get("applications", [])
    return "职称申报的依据已失效" if any(each["what"] == _BROKEN for each in steps) else None


def titled(facts: Mapping[str, Any]) -> str | None:
    """Of a message that says nothing else; of several things the most pressing."""
    steps, duties = facts.get("applications", []), facts.get("duties", [])
    if said := urgent(facts):
        return said
    if steps:
        mended = all(each["what"] == _MENDED for each in steps)
        return "职称申报的依据已恢复" if mended else "职称申报推荐后不再符合条件"
    if not duties:
        return None
    pressing = [each for each in duties if each["outcome"] != Outcome.MET]
    labels = "、".join(dict.fromkeys(_LABELS[each["rule"]] for each in pressing or duties))
    return f"请留意：{labels}" if pressing else f"已满足条件：{labels}"


def to_person(facts: Mapping[str, Any]) -> Iterator[str]:
    for each in facts.get("applications", []):
        yield _step(each, "您的")
    for each in facts.get("duties", []):
        good = "您已满足条件。" if each["outcome"] == Outcome.MET else ""
        yield f"{_LABELS[each['rule']]}：{good}{each['found']}{each['remedy']}"


def to_unit(facts: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A sentence, and whom it counts up."""
    for each in facts.get("applications", []):
        yield _step(each, f"{each['name']}的"), ()
    for each in facts.get("duties", []):
        label = _LABELS[each["rule"]]
        if "people" not in each:
            yield f"{label}：{each['found']}{each['remedy']}", ()
            continue
        more = "等" if each["people"] > len(each["names"]) else ""
        names = f"{'、'.join(each['names'])}{more}"
        yield f"{label}：{_what(each)} {each['people']} 人。", (names,)


def _what(each: Mapping[str, Any]) -> str:
    if each["why"] == "reminded":
        return "快到最后期限的"
    return {
        Outcome.MET: "已满足条件的",
        Outcome.UNDETERMINED: "缺少登记、暂不能判定的",
    }.get(Outcome(each["outcome"]), "新出现的")


def _step(each: Mapping[str, Any], whose: str) -> str:
    said = f"{whose}职称申报（编号 {each['id']}）"
    if each["what"] == _MENDED:
        return f"{said}所依据的记录已经恢复，可以继续办理。"
    if each["what"] == _BROKEN:
        return f"{said}提交时的依据已失效，不能通过资格审核。{each['reason']}"
    return f"{said}推荐以后情况有变，现在提交不能通过。{each['reason']}"
