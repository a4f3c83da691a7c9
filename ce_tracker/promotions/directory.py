"""The way of a county's directory of grassroots units: filed, approved or returned, and by whom.

The county's or zone's own authority drafts and files; an authority above it approves or returns,
and nobody does both. Approval makes the list in force, and from then on the verdicts follow from
it; the database has the same order in triggers and row security.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import func, select, text

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
    DirectoryState,
    DirectoryStep,
    StepKind,
)
from ce_tracker.registry.models import Region, RegionLevel
from ce_tracker.registry.reasons import written


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
    note(actor, found, StepKind.FILED)
    return found


def send_back(actor: Actor, directory_id: UUID, reason: str) -> Directory:
    found = for_decision(actor, directory_id)
    said = written(reason, "reason", "退回的理由")
    _move(found, DirectoryState.RETURNED)
    note(actor, found, StepKind.RETURNED, said)
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
    note(actor, found, StepKind.APPROVED)
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


def _move(found: Directory, state: DirectoryState) -> None:
    found.state, found.state_since = state, clock.now()
    db.session.flush()


def note_upload(actor: Actor, found: Directory) -> None:
    note(actor, found, StepKind.UPLOADED)


def note(actor: Actor, found: Directory, what: StepKind, reason: str | None = None) -> None:
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
