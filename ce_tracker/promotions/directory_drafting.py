"""How a county's directory of grassroots units begins: from the last list, or from nothing.

What was approved stays as it is: a change during the year is a further edition, which begins from
the list in force.
"""

from __future__ import annotations

from sqlalchemy import func, insert, literal, select
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from ce_tracker import clock
from ce_tracker.actor import Actor
from ce_tracker.errors import Conflict, Invalid, NotAllowed
from ce_tracker.extensions import db
from ce_tracker.promotions import directory, directory_lines
from ce_tracker.registry.directories import Directory, DirectoryLine, DirectoryState, StepKind
from ce_tracker.registry.models import Employer

LAST, EMPTY = "last", "empty"
STARTS = (LAST, EMPTY)


def begin(actor: Actor, year: int, start: str) -> Directory:
    """A draft for a year, with the lines of the last list or with none; of a year that has one
    already, a further edition of the list in force."""
    if not directory.drafts_here(actor):
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
    directory.note(actor, found, StepKind.DRAFTED)
    return found


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
