"""The gate: the one place that says whether somebody may apply, and that lets an application pass.

API, pages, jobs and commands all come through here. A passage is judged live, while nobody else can
change what is known of the person or apply for them; the attempt is kept whether it passes or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import func, select

from ce_tracker import clock
from ce_tracker.compliance import policies
from ce_tracker.errors import Conflict, Invalid
from ce_tracker.extensions import db
from ce_tracker.policy.careers import LEVELS, Wish
from ce_tracker.policy.promoting import GateVerdict, TitleFinding, judge_wish
from ce_tracker.promotions import careers, verdicts
from ce_tracker.promotions.models import Application, Occasion, PromotionVerdict
from ce_tracker.registry.dated import Track
from ce_tracker.registry.models import Professional
from ce_tracker.registry.title_series import catalogue
from ce_tracker.sealing import Keyring

YEARS_AHEAD = 2
"""Further ahead nobody can know what will be asked."""


def wish(
    level: str, track: str, series: str | None, field: str | None, on: date | None = None
) -> Wish:
    """What somebody might apply for, in words that exist; a field says its series."""
    errors = []
    today = clock.today()
    on = on or today
    if level not in LEVELS:
        errors.append({"field": "target", "message": "没有这个级别。"})
    if track not in {each.value for each in Track}:
        errors.append({"field": "track", "message": "没有这类职称。"})
    if not today <= on <= today.replace(year=today.year + YEARS_AHEAD, day=1):
        errors.append(
            {"field": "on", "message": f"申报日期应在今天到 {today.year + YEARS_AHEAD} 年之间。"}
        )
    name = ""
    if field is not None:
        owner = next((each for each in catalogue().values() if field in each.fields), None)
        if owner is None:
            errors.append({"field": "field", "message": "没有这个专业。"})
        elif series is not None and series != owner.code:
            errors.append({"field": "field", "message": "这个专业不属于所选的职称系列。"})
        else:
            series, name = owner.code, owner.fields[field]
    elif series is not None and series not in catalogue():
        errors.append({"field": "series", "message": "没有这个职称系列。"})
    if errors:
        raise Invalid(errors=errors)
    return Wish(level, track, series, field, on, name)


def wish_of_person(
    person_id: int,
    level: str,
    track: str,
    series: str | None = None,
    field: str | None = None,
    on: date | None = None,
) -> Wish:
    """The same; who names neither series nor field means those of the present title."""
    wanted = wish(level, track, series, field, on)
    if wanted.series is not None:
        return wanted
    present = careers.of_person(person_id, wanted.on, clock.today()).present(wanted.on)
    return wish(level, track, present.series, present.field, on) if present else wanted


def check(person_id: int, wanted: Wish) -> GateVerdict:
    """May somebody apply, whom the actor sees? Changes nothing."""
    today = clock.today()
    return judge_wish(
        policies.known_at(None), careers.of_person(person_id, wanted.on, today), wanted, today
    )


def judged(
    keyring: Keyring, application: Application, occasion: Occasion
) -> tuple[GateVerdict, PromotionVerdict]:
    """As everything stands at this moment, while nobody else writes to it; kept, whatever it
    says."""
    person_id = root(application.professional_id)
    hold(person_id)
    if root(application.professional_id) != person_id:
        raise Conflict("人员记录刚刚合并或拆分，请再试一次。")
    found = checked(application)
    return found, verdicts.keep(keyring, application, found, occasion)


def checked(application: Application) -> GateVerdict:
    """By the record that the person goes by now; changes nothing."""
    person_id = root(application.professional_id)
    person = db.session.get(Professional, person_id, populate_existing=True)
    if person is None or person.employer_id != application.employer_id:
        raise Conflict("本人已不在申报时的单位任职。请撤回这份申报，由现在的单位重新推荐。")
    found = check(person_id, wish_of(application))
    if found.no_way:
        raise Conflict(found.no_way)
    return found


def root(record_id: int) -> int:
    """The record into which this one was merged, or itself."""
    merged_into = db.session.scalar(
        select(Professional.merged_into).where(Professional.id == record_id)
    )
    return merged_into or record_id


def hold(person_id: int) -> None:
    """Until the end of the transaction nobody else applies or writes facts for the person."""
    db.session.execute(select(func.hold_professional(person_id)))


def not_set_aside(found: GateVerdict, rules: Iterable[int]) -> list[TitleFinding]:
    """What stops it, apart from the rules that the authority set aside."""
    return [each for each in found.blocking if each.rule.number not in set(rules)]


def seat_taken(found: GateVerdict) -> str:
    """Why no override gives the person the other track of a year, and what does; empty: it is free.
    What was examined stays in its seat; what is withdrawn leaves it."""
    if found.seat is None or not found.seat_is_taken:
        return ""
    year, track = found.wish.on.year, Track(found.seat).label
    return (
        f"{year} 年度已申报{track}，同一年度只能申报一类，这一条不能特批。"
        f"要改报另一类，须由本人或单位先撤回本年度提交的全部{track}申报；"
        f"资格审核已经通过或没有通过的不能撤回，到 {year + 1} 年才不受这一限制。"
    )


def wish_of(application: Application) -> Wish:
    return wish(
        application.level, application.track, application.series_code, application.field_code
    )
