"""What a line of a roster means for the person it is about: the one decision, made twice.

Pure: the preview shows what comes out of here, and applying does what comes out of here then. An
ID number decides who a person is and a name only confirms it; an empty cell says nothing and
takes nothing away; nobody else's knowledge is wiped out, an employment elsewhere only ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from ce_tracker.registry import roster_titles
from ce_tracker.registry.names import same_name
from ce_tracker.registry.roster_holdings import (
    FOREVER,
    Appointment,
    Employment,
    Person,
    Plan,
)
from ce_tracker.registry.rosters import Line, Outcome

__all__ = ["Plan", "leaving", "plan"]

NOBODY = Person(id=None, names=())


def plan(line: Line, person: Person | None, employer_id: int, as_of: date) -> Plan:
    known = person or NOBODY
    made = Plan(outcome=Outcome.SAME)
    if not _is_the_one(line, person, made):
        return made
    ends = None if line.left_on is None else line.left_on + timedelta(days=1)
    here = known.employed_by(employer_id, as_of)
    if ends is not None and ends <= as_of:
        if here is None:
            made.warn("离职时间", "已经离职，不再登记。")
            return made
        return _leaves(known, here, employer_id, ends, made)
    here = here or _soon(known, employer_id, as_of)
    if here is None:
        _joins(line, known, employer_id, as_of, ends, made)
        made.outcome = Outcome.NEW if person is None else Outcome.JOINS
    else:
        _stays(line, known, here, as_of, ends, made)
    roster_titles.decide(line, known, employer_id, as_of, made)
    if made.problems:
        return made.refused()
    if made.outcome in (Outcome.NEW, Outcome.JOINS):
        made.changes.clear()  # what others know of somebody is not for the next employer to see
    elif made.does_something:
        made.outcome = Outcome.CHANGED
    return made


def leaving(person: Person, employer_id: int, as_of: date) -> Plan:
    """On the roster, and no longer in the complete list."""
    made = Plan(outcome=Outcome.SAME)
    here = person.employed_by(employer_id, as_of)
    return made if here is None else _leaves(person, here, employer_id, as_of, made)


def _is_the_one(line: Line, person: Person | None, made: Plan) -> bool:
    if person is None:
        if line.rounded:
            made.wrong(
                "证件号码",
                "以 000 结尾，可能是表格丢失了末尾的数字；此人尚未登记，无法用姓名核对。"
                "请对照证件，确认无误的用“添加一个人”登记。",
            )
        return not line.rounded
    if any(same_name(line.name, name) for name in person.names):
        return True
    made.wrong(
        "姓名",
        "与这个证件号码已登记的姓名不同。请对照证件检查姓名和号码；确实改了名的，请联系主管部门更正。",
    )
    return False


def _leaves(person: Person, here: Employment, employer_id: int, ends: date, made: Plan) -> Plan:
    if ends < _tenure(person.employments, here)[0].start:
        made.wrong("离职时间", "早于在本单位登记的入职时间，请检查。")
        return made
    after = []
    for spell in person.employments:
        if spell.employer_id != employer_id or spell.until <= ends:
            after.append(spell)
        elif spell.start < ends:
            after.append(replace(spell, id=None, end=ends))
    made.employments.become(person.employments, after)
    _end_appointments(person, ends, made, lambda held: held.employer_id == employer_id)
    made.outcome = Outcome.LEFT
    return made


def _joins(
    line: Line, person: Person, employer_id: int, as_of: date, ends: date | None, made: Plan
) -> None:
    start = line.joined_on or as_of
    if _wipes_out(person.employments, start, employer_id):
        if line.joined_on and line.joined_on < as_of:
            made.warn("入职时间", f"与此人已登记的其他任职重叠，在本单位改从 {as_of} 起算。")
        start = as_of
    if _wipes_out(person.employments, start, employer_id):
        made.wrong(
            "证件号码",
            f"此人在 {start} 或之后已由其他单位登记。请核对名单的截止日期；"
            "确在本单位的，请联系主管部门处理。",
        )
        return
    if ends is not None and ends <= start:
        made.wrong("离职时间", "早于在本单位的起算日期，请检查。")
        return
    spell = Employment(None, None, start, ends, employer_id, line.department)
    made.employments.become(person.employments, _put(person.employments, spell))
    _end_appointments(person, start, made, lambda held: held.employer_id != employer_id)


def _soon(person: Person, employer_id: int, as_of: date) -> Employment | None:
    """Who will begin later, as an earlier import said."""
    coming = [s for s in person.employments if s.employer_id == employer_id and s.start > as_of]
    return min(coming, key=lambda spell: spell.start, default=None)


def _wipes_out(spells: Sequence[Employment], start: date, employer_id: int) -> bool:
    """Whether being here from `start` on would leave nothing of what is known of somebody."""
    return any(
        spell.until > start and (spell.start >= start or spell.employer_id == employer_id)
        for spell in spells
    )


def _stays(
    line: Line, person: Person, here: Employment, as_of: date, ends: date | None, made: Plan
) -> None:
    after = _moved_start(line, person, here, as_of, made)
    now = next((s for s in after if _alike(s, here) and s.until == here.until), here)
    if line.department and line.department != now.department:
        made.changes.append(("部门", now.department or "无", line.department))
        spell = Employment(
            None, None, max(as_of, now.start), now.end, now.employer_id, line.department
        )
        after = _put(after, spell)
        now = spell
    if ends is not None and ends != now.end:
        made.changes.append(("离职时间", _last_day(now.end), str(line.left_on)))
        after = [replace(s, id=None, end=ends) if s == now else s for s in after]
        _end_appointments(person, ends, made, lambda held: held.employer_id == here.employer_id)
    made.employments.become(person.employments, after)


def _moved_start(
    line: Line, person: Person, here: Employment, as_of: date, made: Plan
) -> list[Employment]:
    spells = list(person.employments)
    tenure = _tenure(spells, here)
    first = tenure[0]
    start = line.joined_on
    if start is None or start == first.start:
        return spells
    if start > as_of >= here.start:
        made.wrong("入职时间", f"晚于名单的截止日期 {as_of}，而此人已经在本单位，请检查。")
        return spells
    if start < first.start and any(
        spell.until > start and spell.start < first.start for spell in spells if spell not in tenure
    ):
        made.warn("入职时间", f"与此人已登记的其他任职重叠，仍按 {first.start} 起算。")
        return spells
    made.changes.append(("入职时间", str(first.start), str(start)))
    after = []
    for spell in spells:
        if spell not in tenure:
            after.append(spell)
        elif spell is first and start < first.start:
            after.append(replace(spell, id=None, start=start))
        elif spell.start >= start:
            after.append(spell)
        elif spell.until > start:
            after.append(replace(spell, id=None, start=start))
    return after


def _tenure(spells: Sequence[Employment], here: Employment) -> list[Employment]:
    """The unbroken time at one employer that ends with this spell, department by department."""
    chain = [here]
    for spell in sorted(spells, key=lambda s: s.start, reverse=True):
        if spell.employer_id == here.employer_id and spell.end == chain[0].start:
            chain.insert(0, spell)
    return chain


def _put(spells: Sequence[Employment], new: Employment) -> list[Employment]:
    """As `facts.put` makes room: what it covers goes, what sticks out on either side stays."""
    after = []
    for spell in spells:
        if spell.until <= new.start or spell.start >= new.until:
            after.append(spell)
            continue
        if spell.start < new.start:
            after.append(replace(spell, id=None, end=new.start))
        if spell.until > new.until:
            after.append(replace(spell, id=None, start=new.until))
    return [*after, new]


def _end_appointments(
    person: Person, ends: date, made: Plan, which: Callable[[Appointment], bool]
) -> None:
    after = []
    for held in person.appointments:
        if not which(held) or held.until <= ends:
            after.append(held)
        elif held.start < ends:
            after.append(replace(held, id=None, end=ends))
    made.appointments.become(person.appointments, after)


def _alike(one: Employment, other: Employment) -> bool:
    return one.employer_id == other.employer_id and one.department == other.department


def _last_day(end: date | None) -> str:
    return "无" if end is None or end == FOREVER else str(end - timedelta(days=1))
