"""The sweep: everybody's year is judged, and what broke or was mended since is flagged.

Standings are true already, so nothing is summed. First the circumstances of those whose may have
changed are looked at anew (where they work, what they are let off, which records are theirs): of
everybody, where no sweep was before. Then one statement judges each standing by what stands in its
own row, writes where the judgement differs, and from what it wrote opens and closes flags. So a
night in which little changed reads and writes little, and a second sweep writes nothing.

Whose circumstances are as they were, and for whom nothing was posted since the last sweep by the
same rules, is judged as before and not read at all.

A step is one range of people and one transaction; whoever is killed in it has done none of it.

Of several sweeps of a year under way at once one goes on to its end: that of the latest day, and of
two of one day the younger. A sweep builds on the one before only if nobody was half-way since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from sqlalchemy import ColumnElement, func, select, text

from ce_tracker import clock
from ce_tracker.compliance import policies, rulesets
from ce_tracker.compliance.circumstances import look_at
from ce_tracker.compliance.models import Sweep
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.ledger.models import Posting
from ce_tracker.policy.yearly import Ruleset
from ce_tracker.registry.models import Professional

PEOPLE_A_STEP = 1_000_000
"""Of a night in which little changed: that is done sooner in one piece than in four."""
WHOLE = 4
"""So many times smaller are the steps of a whole sweep, which writes everybody."""
LONGEST_WAIT = "60s"

_SETTLE = """
WITH now AS (
    SELECT c.*, {broken} AS broken, {doubtful} AS doubtful FROM circumstances c
), moved AS (
    UPDATE standings s SET employer_id = n.employer_id, ruleset = n.ruleset,
        required_x100 = n.required_x100, other_general_x100 = n.other_general_x100,
        other_specialty_x100 = n.other_specialty_x100, broken = n.broken, doubtful = n.doubtful
    FROM now n
    WHERE n.has_standing AND s.professional_id = n.professional_id AND s.year = :year
        AND (s.employer_id, s.ruleset, s.required_x100, s.other_general_x100,
            s.other_specialty_x100) IS DISTINCT FROM (n.employer_id, n.ruleset, n.required_x100,
            n.other_general_x100, n.other_specialty_x100)
    RETURNING s.professional_id, s.employer_id, old.broken AS was, new.broken AS became
), made AS (
    INSERT INTO standings (professional_id, year, general_x100, specialty_x100, employer_id,
        ruleset, required_x100, other_general_x100, other_specialty_x100, broken, doubtful)
    SELECT professional_id, :year, 0, 0, employer_id, ruleset, required_x100,
        other_general_x100, other_specialty_x100, broken, doubtful
    FROM now WHERE employer_id IS NOT NULL AND NOT has_standing ORDER BY professional_id
    ON CONFLICT DO NOTHING
    RETURNING professional_id, employer_id, CAST(0 AS smallint) AS was, broken AS became
), changed AS (
    SELECT * FROM moved WHERE was <> became UNION ALL SELECT * FROM made WHERE became <> 0
), {flags}
"""
"""Whose circumstances are new: they and the judgement of them, written at once."""

_DIFFERING = """
CREATE TEMPORARY TABLE differing AS
SELECT professional_id AS person FROM standings
WHERE year = :year AND professional_id BETWEEN :first AND :last
    AND (broken <> {broken} OR doubtful <> {doubtful})
"""
"""Apart from writing, since PostgreSQL reads with all processors only where it does not write."""

_EVERYBODY = "differing"
_OF_THE_POSTINGS = """(
    SELECT DISTINCT professional_id AS person FROM ledger_entries
    WHERE year = :year AND posting_id BETWEEN :oldest AND :youngest
        AND posting_id = ANY (:postings) AND professional_id BETWEEN :first AND :last
) p"""

_JUDGE = """
WITH judged AS (
    UPDATE standings SET broken = {broken}, doubtful = {doubtful}
    FROM {whose}
    WHERE professional_id = person AND year = :year
        AND (broken <> {broken} OR doubtful <> {doubtful})
    RETURNING professional_id, employer_id, old.broken AS was, new.broken AS became
), changed AS (
    SELECT * FROM judged WHERE was <> became
), {flags}
"""

_FLAGS = """
opened AS (
    INSERT INTO flags (professional_id, year, rule, opened_at, opened_on, opened_by, employer_id)
    SELECT c.professional_id, :year, r.rule, :now, :day, :sweep, c.employer_id
    FROM changed c JOIN generate_series(0, 14) r (rule)
        ON CAST(c.became & ~c.was AS integer) & (1 << r.rule) <> 0
    ORDER BY 1, 3
    RETURNING 1
), closed AS (
    UPDATE flags f SET closed_at = greatest(f.opened_at, :now), closed_on = :day,
        closed_by = :sweep
    FROM changed c
    WHERE c.was & ~c.became <> 0 AND f.professional_id = c.professional_id AND f.year = :year
        AND f.closed_at IS NULL AND CAST(c.was & ~c.became AS integer) & (1 << f.rule) <> 0
    RETURNING 1
)
SELECT (SELECT count(*) FROM opened) AS opened, (SELECT count(*) FROM closed) AS closed
"""


@dataclass
class Night:
    """A sweep of one year, and how far it has come."""

    year: int
    day: date
    done: int = 0
    """Ranges of people."""
    sweep_id: int | None = None
    ranges: int = 1
    whole: bool = False
    """Everybody is looked at anew, whatever has changed: what stands in a standing are copies."""


def sweep(job: Job) -> bool:
    """The year that was asked for; every night, the running year and the one before."""
    day = date.fromisoformat(job.payload["day"])
    years = [job.payload["year"]] if "year" in job.payload else [day.year - 1, day.year]
    whole = day.day == 1 or job.payload.get("whole", False)
    night = Night(day=day, whole=whole, **(job.place or {"year": years[0]}))
    finished = step(night)
    job.steps_total = max(job.steps_total or 0, night.ranges * len(years))
    job.steps_done = min(job.steps_done + 1, job.steps_total)
    if not finished:
        job.place = {"year": night.year, "done": night.done, "sweep_id": night.sweep_id}
        return False
    if night.year != years[-1]:
        job.place = {"year": night.year + 1}
        return False
    job.steps_done = job.steps_total
    return True


def step(night: Night) -> bool:
    """One range of people; whether it was the last."""
    this = _begun(night)
    if this is None:
        return True
    last = db.session.scalar(select(func.max(Professional.id))) or 0
    judgement = _judgement(this, night)
    night.ranges = max(1, -(-last // _people_a_step(this)))
    _sweep_range(this, night.done, judgement)
    night.done += 1
    if night.done < night.ranges:
        return False
    this.finished_at = clock.now()
    return True


def _people_a_step(of: Sweep) -> int:
    return max(1, PEOPLE_A_STEP // WHOLE) if of.whole else PEOPLE_A_STEP


def _begun(night: Night) -> Sweep | None:
    """One after the other: two at once would judge the same rows twice and wait for each other.
    Nothing, where another goes on instead."""
    db.session.execute(text(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'"))
    db.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('sweep', :year))"), {"year": night.year}
    )
    if night.sweep_id is not None:
        this = db.session.get_one(Sweep, night.sweep_id)
        later = _last(night.year, Sweep.id > this.id)
        if later is None:
            return this
        if later.day >= this.day:
            return None
        night.done = 0  # what it judged since was of an earlier day
    before = _finished(night.year)
    half_way = _last(
        night.year, Sweep.finished_at.is_(None), Sweep.id > (before.id if before else 0)
    )
    begun = Sweep(
        year=night.year,
        day=night.day,
        started_at=clock.now(),
        whole=night.whole or before is None or before.day > night.day or half_way is not None,
        looked_at=0,
        opened=0,
        closed=0,
        ledger_position=db.session.scalar(select(func.max(Posting.position))) or 0,
    )
    db.session.add(begun)
    db.session.flush()
    night.sweep_id = begun.id
    return begun


def _finished(year: int, *conditions: ColumnElement[bool]) -> Sweep | None:
    """The last that was: it looked at everybody, or built on one that did."""
    return _last(year, Sweep.finished_at.is_not(None), *conditions)


def _last(year: int, *conditions: ColumnElement[bool]) -> Sweep | None:
    query = select(Sweep).where(Sweep.year == year, *conditions)
    return db.session.scalar(query.order_by(Sweep.id.desc()).limit(1))


def _built_on(this: Sweep) -> Sweep | None:
    return None if this.whole else _finished(this.year, Sweep.id < this.id)


def _judged_on(of: Sweep) -> date:
    return min(of.day, date(of.year, 12, 31))


def _judgement(this: Sweep, night: Night) -> dict[str, str]:
    """By which rules this sweep judges, in SQL: if others than in its last step, from the start."""
    packs, judged_on = policies.current(), _judged_on(this)
    found = _in_sql(rulesets.in_use(packs, judged_on)) if night.done else None
    if found is None or _digest(found) != this.judgement:
        policies.remember(packs)
        found = _in_sql(rulesets.renew(packs, this.year, judged_on, this.id))
        this.whole = this.whole or night.done > 0
        this.judgement = _digest(found)
        night.done = 0
    return found


def _in_sql(in_use: Mapping[int, Ruleset]) -> dict[str, str]:
    return {"broken": rulesets.broken(in_use), "doubtful": rulesets.doubtful(in_use)}


def _digest(judgement: dict[str, str]) -> bytes:
    return sha256("\0".join(judgement.values()).encode()).digest()


def _sweep_range(of: Sweep, number: int, judgement: dict[str, str]) -> None:
    size = _people_a_step(of)
    built_on = _built_on(of)
    values: dict[str, object] = {
        "year": of.year,
        "first": number * size + 1,
        "last": (number + 1) * size,
        "now": clock.now(),
        "day": _judged_on(of),
        "sweep": of.id,
    }
    of.looked_at += look_at(values, built_on)
    _write(of, _SETTLE, judgement, values)
    if built_on is None or built_on.judgement != of.judgement:
        db.session.execute(text(_DIFFERING.format(**judgement)), values)
        _judge(of, judgement, values, _EVERYBODY)
        db.session.execute(text("DROP TABLE differing"))
    elif postings := _posted_since(built_on):
        _judge(of, judgement, values | postings, _OF_THE_POSTINGS)
    db.session.execute(text("DROP TABLE circumstances"))


def _posted_since(before: Sweep) -> dict[str, object]:
    """One after the other, by their places in the chain: none comes late to a place passed."""
    found = db.session.scalars(
        select(Posting.id).where(Posting.position > before.ledger_position).order_by(Posting.id)
    ).all()
    return {"postings": found, "oldest": found[0], "youngest": found[-1]} if found else {}


def _judge(of: Sweep, judgement: dict[str, str], values: dict[str, object], whose: str) -> None:
    # Few differ, which no plan foresees: each is looked up, instead of all flags being read.
    db.session.execute(text("SET LOCAL enable_hashjoin = off"))
    db.session.execute(text("SET LOCAL enable_mergejoin = off"))
    _write(of, _JUDGE, judgement | {"whose": whose}, values)
    db.session.execute(text("SET LOCAL enable_hashjoin = on"))
    db.session.execute(text("SET LOCAL enable_mergejoin = on"))


def _write(of: Sweep, statement: str, bits: dict[str, str], values: dict[str, object]) -> None:
    found = db.session.execute(text(statement.format(**bits, flags=_FLAGS)), values).one()
    of.opened += found.opened
    of.closed += found.closed
