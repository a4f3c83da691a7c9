"""A message in words, made when somebody reads it: from the facts kept with it and, for a person,
from the verdict as it was known then. The page, the API and the mail say the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ce_tracker.compliance.verdicts import verdict
from ce_tracker.errors import NotFound
from ce_tracker.notices import directory_words, title_words
from ce_tracker.notices.models import Message
from ce_tracker.policy.judge import Finding, Verdict
from ce_tracker.policy.rules import YEARLY
from ce_tracker.policy.telling import amounts, source
from ce_tracker.policy.words import Outcome

MOST_DEPARTMENTS = 40
NO_DEPARTMENT = "未填部门"

_RULES = {kind.number: kind.label for kind in YEARLY}
_NOT_KEPT = (Outcome.SHORT, Outcome.FAILED)


@dataclass(frozen=True)
class Part:
    """A sentence, and what it counts up."""

    text: str
    counted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Words:
    title: str
    parts: tuple[Part, ...]

    @property
    def body(self) -> str:
        return "\n".join(
            line
            for part in self.parts
            for line in (part.text, *(f"· {each}" for each in part.counted))
        )


def title(message: Message) -> str:
    """An application that broke comes first, whatever else there is to say."""
    said, urgent = _title(message), title_words.urgent(message.facts)
    return said if urgent is None or said == urgent else f"{urgent}；{said}"


def _title(message: Message) -> str:
    facts = message.facts
    if message.region_path is not None:
        if facts["due"] is not None:
            return directory_words.reminder_title(message.year, facts)
        return title_words.titled(facts) or ""
    if message.employer_id is not None:
        return _employers_title(message, facts)
    if message.reminder is not None:
        left = facts["days_left"]
        return f"{message.year} 年度继续教育提醒：{_left(left)}，学时还没有达到要求"
    for what, said in (("failed", "没有达到要求"), ("short", "出现差额"), ("mended", "有补足")):
        if facts[what]:
            return f"{'、'.join(map(str, _years(facts[what])))} 年度继续教育学时{said}"
    if said_of_titles := title_words.titled(facts):
        return said_of_titles
    raise ValueError(f"message {message.id} says nothing")


def year_of(message: Message) -> int:
    """Of what it says, where to look further: of several years the one that can still be mended."""
    facts = message.facts
    if message.region_path is not None:
        return message.year
    if facts["short"] or not (told := facts["failed"] or facts["mended"]):
        return message.year
    return message.year - 1 if message.employer_id is not None else max(_years(told))


def words(message: Message) -> Words:
    if message.region_path is not None:
        return Words(title(message), tuple(_to_authority(message)))
    of = _to_employer if message.employer_id is not None else _to_person
    return Words(title(message), tuple(of(message)))


def _to_authority(message: Message) -> Iterator[Part]:
    facts = message.facts
    if facts["due"] is not None:
        yield from map(Part, directory_words.reminder(message.year, facts))
    for said, _ in title_words.to_unit(facts):
        yield Part(said)


def _left(days: int) -> str:
    return f"距年底还有 {days} 天" if days else "今天是最后一天"


def _years(rules: Iterable[list[int]]) -> list[int]:
    return sorted({year for year, _ in rules})


def _by_year(rules: list[list[int]]) -> Iterator[tuple[int, str]]:
    for year, of_year in groupby(rules, key=lambda each: each[0]):
        yield year, "、".join(_RULES[rule] for _, rule in of_year)


# --- to a person ---------------------------------------------------------------------------


def _to_person(message: Message) -> Iterator[Part]:
    facts = message.facts
    yield from map(Part, title_words.to_person(facts))
    for year, labels in _by_year(facts["short"]):
        found = _known_then(message, year)
        plan = f"{found.plan.in_words()}，请" if found and found.plan else "请"
        yield Part(
            f"{year} 年度到 {message.night} 为止，{labels}还没有达到要求。"
            f"{plan}在 12 月 31 日前完成（{_left(facts['days_left'])}）。",
            _what_is_missing(found),
        )
    for year, labels in _by_year(facts["failed"]):
        found = _known_then(message, year)
        yield Part(f"{year} 年度已经结束，{labels}没有达到要求。", _what_is_missing(found))
    for year, labels in _by_year(facts["mended"]):
        yield Part(f"{year} 年度的{labels}已不再有差额。")
    yield Part("学时有出入的，请联系举办培训的施教机构或所在单位核对。")


def _known_then(message: Message, year: int) -> Verdict | None:
    """Of a record that was merged into another since there is none."""
    assert message.professional_id is not None  # noqa: S101  told apart before
    try:
        return verdict(message.professional_id, year, on=message.night, moment=message.created_at)
    except NotFound:
        return None


def _what_is_missing(found: Verdict | None) -> tuple[str, ...]:
    if found is None:
        return ()
    return tuple(_missing(each) for each in found.findings if each.outcome in _NOT_KEPT)


def _missing(finding: Finding) -> str:
    return f"{finding.rule.label}：{amounts(finding)}（依据：{source(finding)}）"


# --- to an employer ------------------------------------------------------------------------


def _employers_title(message: Message, facts: dict[str, Any]) -> str:
    if message.reminder is not None:
        short = _people(facts["short"])
        return f"{message.year} 年度继续教育提醒：{_left(facts['days_left'])}，{short} 人还有差额"
    changes = (("short", "新出现差额"), ("failed", "以前年度未达标"), ("mended", "已补足"))
    said = [f"{word} {_people(facts[what])} 人" for what, word in changes if facts[what]]
    listed = facts.get("directory", [])
    if listed and not said:
        return directory_words.listed_title(listed)
    if not said and (said_of_titles := title_words.titled(facts)):
        return said_of_titles
    return f"本单位继续教育情况：{'，'.join(said)}"


def _people(departments: list[dict[str, Any]]) -> int:
    return sum(each["people"] for each in departments)


def _to_employer(message: Message) -> Iterator[Part]:
    facts, year = message.facts, message.year
    for listed in facts.get("directory", []):
        yield Part(directory_words.listed(listed))
    for sentence, counted in title_words.to_unit(facts):
        yield Part(sentence, counted)
    short = "还有差额" if message.reminder is not None else "新出现差额"
    for what, said in (
        ("short", f"{year} 年度学时{short}，请督促在 12 月 31 日前完成"),
        ("failed", "以前年度没有达到要求"),
        ("mended", "已不再有差额"),
    ):
        if facts[what]:
            yield Part(f"{said}：{_people(facts[what])} 人。", _by_department(facts[what]))
    yield Part("每个人还差什么，见“达标情况”。")


def _by_department(departments: list[dict[str, Any]]) -> tuple[str, ...]:
    largest_first = sorted(
        departments, key=lambda each: (-each["people"], each["department"] or "")
    )
    shown, rest = largest_first[:MOST_DEPARTMENTS], largest_first[MOST_DEPARTMENTS:]
    lines = [_department(each) for each in shown]
    if rest:
        lines.append(f"其他 {len(rest)} 个部门 {_people(rest)} 人")
    return tuple(lines)


def _department(said: dict[str, Any]) -> str:
    more = "等" if said["people"] > len(said["names"]) else ""
    return (
        f"{said['department'] or NO_DEPARTMENT} {said['people']} 人："
        f"{'、'.join(said['names'])}{more}"
    )
