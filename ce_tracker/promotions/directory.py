"""How a county's directory of grassroots units comes about: drafted, filed, approved or returned.

The county's or zone's own authority drafts and files; an authority above it approves or returns,
and nobody does both. What was approved stays as it is: a change during the year is a further
edition, which begins from the one in force. Approval makes the list in force, and from then on the
verdicts follow from it; the database has the same order in triggers and row security.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import func, insert, literal, select, text
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from ce_tracker import audit, clock
from ce_tracker.actor import Actor
from ce_tracker.errors import Conflict, Invalid, NotAllowed, NotFound
from ce_tracker.extensions import db
from ce_tracker.promotions import directory_duties, directory_lines, directory_reading
from ce_tracker.registry import facts
from ce_tracker.registry.directories import (
    OPEN,
    Directory,
    DirectoryInForce,
    DirectoryLine,
    DirectoryState,
    DirectoryStep,
    StepKind,
)
from ce_tracker.registry.models import Employer, Region, RegionLevel
from ce_tracker.registry.reasons import written

LAST, EMPTY = "last", "empty"
STARTS = (LAST, EMPTY)


def visible(actor: Actor, directory_id: UUID) -> Directory:
    found = db.session.scalar(
        select(Directory).where(Directory.id == directory_id, Directory.visible_to(actor))
    )
    if found is None:
        raise NotFound
    return found


def drafts_here(actor: Actor) -> bool:
    """Whether it is this authority's business to keep a directory at all."""
    if not actor.is_authority or actor.sector is not None:
        return False
    today = clock.today()
    region = db.session.get(Region, actor.region_path)
    return (
        region is not None
        and region.level in {RegionLevel.COUNTY, RegionLevel.ZONE}
        and directory_duties.by_directory(region.path, today)
    )


def is_author(actor: Actor, found: Directory) -> bool:
    return actor.is_authority and actor.sector is None and actor.region_path == found.region_path


def stands_above(actor: Actor, found: Directory) -> bool:
    return (
        actor.is_authority
        and actor.sector is None
        and found.region_path.startswith(actor.region_path + "/")
    )


def begin(actor: Actor, year: int, start: str) -> Directory:
    """A draft for a year, with the lines of the last list or with none; of a year that has one
    already, a further edition of the list in force."""
    if not drafts_here(actor):
        raise NotAllowed(
            "基层单位目录清单由按目录清单确定基层范围的县（市、区）、国家级开发区"
            "综合主管部门编制；您的账号不在其中。"
        )
    today = clock.today()
    if not today.year - 1 <= year <= today.year:
        message = f"只能编制 {today.year - 1} 年度和 {today.year} 年度的清单。"
        raise Invalid(errors=[{"field": "year", "message": message}])
    own = Directory.region_path == actor.region_path
    edition = db.session.scalar(
        select(func.max(Directory.edition)).where(own, Directory.year == year)
    )
    if edition and year < today.year:
        # A further edition holds from its approval on, which no longer lies in that year.
        message = f"{year} 年度的清单已经编制，以后的变动请编入 {today.year} 年度的清单。"
        raise Invalid(message, errors=[{"field": "year", "message": message}])
    last = db.session.scalar(
        select(Directory)
        .where(own, Directory.year <= year, Directory.state == DirectoryState.APPROVED)
        .order_by(Directory.year.desc(), Directory.edition.desc())
        .limit(1)
    )
    carried = last if edition or start == LAST else None
    if start == LAST and last is None:
        message = "还没有审核备案过的清单可以沿用，请从空白开始。"
        raise Invalid(errors=[{"field": "from", "message": message}])
    found = _drafted(actor, year, (edition or 0) + 1, carried)
    if carried is not None:
        _carry_over(carried, found)
    directory_lines.match(found)
    _note(actor, found, StepKind.DRAFTED)
    return found


def file(actor: Actor, directory_id: UUID) -> Directory:
    """Filing twice is filing once."""
    found = held(actor, directory_id)
    if found.state == DirectoryState.FILED:
        return found
    _refuse_closed(found)
    directory_lines.match(found)
    lines, wrong = directory_lines.count(found)
    if not lines:
        raise Conflict("清单还是空的，请先填写单位，或上传表格。")
    if wrong:
        raise Conflict(f"清单中有 {wrong} 行有问题，请改正或删除后再报备。")
    _move(found, DirectoryState.FILED)
    _note(actor, found, StepKind.FILED)
    return found


def send_back(actor: Actor, directory_id: UUID, reason: str) -> Directory:
    found = for_decision(actor, directory_id)
    said = written(reason, "reason", "退回的理由")
    _move(found, DirectoryState.RETURNED)
    _note(actor, found, StepKind.RETURNED, said)
    return found


def approve(actor: Actor, directory_id: UUID, since: date | None, source: str) -> Directory:
    """In force from today, or from the day that is named, until the next list begins."""
    found = for_decision(actor, directory_id)
    day = _first_day(found, since)
    _hold_region(found)
    found.in_force_from = day
    _move(found, DirectoryState.APPROVED)
    facts.put(
        DirectoryInForce(
            region_path=found.region_path,
            directory_id=found.id,
            valid_from=day,
            valid_to=_next_begins(found, day),
        ),
        source,
    )
    _note(actor, found, StepKind.APPROVED)
    return found


def earliest_day(found: Directory) -> date:
    """From which its approval may make it in force: only a year's first list reaches back."""
    return date(found.year, 1, 1) if found.edition == 1 else clock.today()


def held(actor: Actor, directory_id: UUID) -> Directory:
    """For its author, and for nobody else until this is done."""
    found = _locked(actor, directory_id)
    if not is_author(actor, found):
        raise NotAllowed("清单只能由编制它的县（市、区）、开发区综合主管部门修改和报备。")
    return found


def held_open(actor: Actor, directory_id: UUID) -> Directory:
    found = held(actor, directory_id)
    _refuse_closed(found)
    return found


def for_decision(actor: Actor, directory_id: UUID) -> Directory:
    found = _locked(actor, directory_id)
    if not stands_above(actor, found):
        raise NotAllowed("清单由上级综合主管部门审核，编制它的部门和行业主管部门都不能审核。")
    if found.state != DirectoryState.FILED:
        raise Conflict(f"这份清单{DirectoryState(found.state).label}，只有待审核的才能审核或退回。")
    return found


def _locked(actor: Actor, directory_id: UUID) -> Directory:
    """Those in charge may lock it; whoever only reads it may do nothing with it anyway."""
    visible(actor, directory_id)
    found = db.session.scalar(
        select(Directory)
        .where(Directory.id == directory_id, Directory.in_charge_of(actor))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotAllowed("这份清单不在您的管辖范围内，只能查看。")
    return found


def _refuse_closed(found: Directory) -> None:
    if found.state not in OPEN:
        raise Conflict(f"这份清单{DirectoryState(found.state).label}，不能再修改或报备。")


def _first_day(found: Directory, since: date | None) -> date:
    today = clock.today()
    day = since or today
    earliest, latest = earliest_day(found), min(today, date(found.year, 12, 31))
    if not earliest <= day <= latest:
        span = f"{earliest} 至 {latest} 之间" if earliest < latest else f"{latest}"
        message = f"{found.year} 年度第 {found.edition} 版清单的施行日期应为 {span}。"
        raise Invalid(message, errors=[{"field": "in_force_from", "message": message}])
    return day


def _hold_region(found: Directory) -> None:
    """Last year's list and this one's may be approved at once: each must see what the other did."""
    db.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:region, 0))"),
        {"region": f"directory {found.region_path}"},
    )


def _next_begins(found: Directory, day: date) -> date | None:
    """Where a later year's list is in force already, this one holds until then."""
    return db.session.scalar(
        select(func.min(DirectoryInForce.valid_from))
        .join(Directory, Directory.id == DirectoryInForce.directory_id)
        .where(
            DirectoryInForce.region_path == found.region_path,
            DirectoryInForce.known_at(),
            DirectoryInForce.valid_from > day,
            Directory.year > found.year,
        )
    )


def _drafted(actor: Actor, year: int, edition: int, carried: Directory | None) -> Directory:
    now = clock.now()
    made: Directory | None = db.session.scalar(
        insert_or_not(Directory)
        .values(
            region_path=actor.region_path,
            year=year,
            edition=edition,
            state=DirectoryState.DRAFT,
            carried_from=carried.id if carried else None,
            created_at=now,
            state_since=now,
        )
        .on_conflict_do_nothing()
        .returning(Directory)
    )
    if made is None:
        raise Conflict(f"{year} 年度已有一份清单正在编制或审核，办完以后才能再编。")
    return made


def _carry_over(carried: Directory, found: Directory) -> None:
    """A unit that has moved away since is matched no longer."""
    still_here = (
        select(Employer.id)
        .where(
            Employer.id == DirectoryLine.employer_id,
            func.starts_with(Employer.region_path, found.region_path),
        )
        .scalar_subquery()
    )
    copied = ("place", "name", "address", "subsidy", "remark")
    same = (getattr(DirectoryLine, name) for name in copied)
    lines = select(literal(found.id), *same, still_here).where(
        DirectoryLine.directory_id == carried.id
    )
    columns = ["directory_id", *copied, "employer_id"]
    db.session.execute(insert(DirectoryLine).from_select(columns, lines))


def _move(found: Directory, state: DirectoryState) -> None:
    found.state, found.state_since = state, clock.now()
    db.session.flush()


def note_upload(actor: Actor, found: Directory) -> None:
    _note(actor, found, StepKind.UPLOADED)


def _note(actor: Actor, found: Directory, what: StepKind, reason: str | None = None) -> None:
    db.session.add(
        DirectoryStep(
            directory_id=found.id,
            at=clock.now(),
            actor_id=actor.user_id,
            actor_name=f"{actor.place} {actor.display_name}",
            what=what,
            reason=reason,
        )
    )
    db.session.flush()
    audit.record(
        f"directory.{what.value}",
        directory_reading.title(found),
        by=actor,
        reason=reason,
        region_path=found.region_path,
        directory_id=str(found.id),
    )
