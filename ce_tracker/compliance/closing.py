"""Closing a year: everybody's verdict is frozen, with the rules and the ledger's head behind it.

The official asks, and from then on nobody is let off of that year any more. The job `close-year`
sweeps the year once more, range by range; then one statement freezes all verdicts and notes the
ledger's head: both as of one moment, so that what is frozen follows from the postings up to that
head and from no other. The verdict is found there once more for hours that were posted since the
sweep looked at them.

Afterwards sweeps and flags go on. What differs from what was frozen is found at night by the job
`restate`, after a sweep of the year, and written down as a restatement.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from ce_tracker import audit, clock, jobs
from ce_tracker.actor import Actor
from ce_tracker.compliance import policies, rulesets, sweeping
from ce_tracker.compliance.asking import may_steer
from ce_tracker.compliance.closings import of_address
from ce_tracker.compliance.models import PolicyKnown, Sweep
from ce_tracker.errors import Conflict, NotFound
from ce_tracker.extensions import db
from ce_tracker.jobs import OPEN, Job, NotYet
from ce_tracker.ledger import closed_years
from ce_tracker.ledger.chain import BEFORE_ALL
from ce_tracker.ledger.closed_years import YearClosing

KIND = "close-year"
WAIT = timedelta(seconds=10)
"""For another sweep of the same year, or a revocation."""

_OUTCOME = """CASE WHEN ruleset = 0 OR required_x100 <= 0 THEN 'exempt'
    WHEN {broken} <> 0 THEN 'failed' WHEN {doubtful} <> 0 THEN 'undetermined' ELSE 'met' END"""

_FREEZE = """
WITH head AS (
    SELECT position, digest FROM postings
    UNION ALL SELECT 0, CAST(:before_all AS bytea)
    ORDER BY position DESC LIMIT 1
), frozen AS (
    INSERT INTO closed_verdicts (professional_id, year, outcome, general_x100, specialty_x100,
        required_x100, broken, doubtful, ruleset, employer_id)
    SELECT professional_id, year, {outcome}, general_x100 + other_general_x100,
        specialty_x100 + other_specialty_x100, required_x100, {broken}, {doubtful}, ruleset,
        standings.employer_id
    FROM standings JOIN professionals p ON p.id = professional_id
    WHERE year = :year AND ruleset IS NOT NULL AND p.merged_into IS NULL
    ORDER BY professional_id
    RETURNING 1
)
UPDATE year_closings SET closed_at = :now, day = :day, sweep_id = :sweep, policies = :policies,
    ledger_position = head.position, ledger_digest = head.digest,
    people = (SELECT count(*) FROM frozen)
FROM head WHERE year = :year
"""

_SAID = """jsonb_build_object('outcome', {outcome}, 'general_x100', {general},
    'specialty_x100', {specialty}, 'required_x100', required_x100, 'employer_id', {employer},
    'ruleset', ruleset, 'broken', broken, 'doubtful', doubtful)"""
_WAS = _SAID.format(
    outcome="outcome", general="general_x100", specialty="specialty_x100", employer="employer_id"
)
_IS = _SAID.format(
    outcome=_OUTCOME.format(broken="broken", doubtful="doubtful"),
    general="general_x100 + other_general_x100",
    specialty="specialty_x100 + other_specialty_x100",
    employer="standings.employer_id",
)

# New rules alone restate nothing: they give another verdict beside the one that was frozen.
_RESTATE = f"""
WITH told AS (
    SELECT DISTINCT ON (professional_id) professional_id, after AS said FROM restatements
    WHERE year = :year ORDER BY professional_id, id DESC
), was AS (
    SELECT professional_id, coalesce(told.said, {_WAS}) AS said
    FROM (SELECT * FROM closed_verdicts WHERE year = :year) c
    FULL JOIN told USING (professional_id)
), now AS (
    SELECT professional_id, {_IS} AS said
    FROM standings JOIN professionals p ON p.id = professional_id
    WHERE year = :year AND ruleset IS NOT NULL AND p.merged_into IS NULL
)
INSERT INTO restatements (professional_id, year, found_at, ledger_position, before, after)
SELECT n.professional_id, :year, :now,
    coalesce((SELECT max(position) FROM postings), 0), w.said, n.said
FROM now n LEFT JOIN was w USING (professional_id)
WHERE n.said - '{{outcome,ruleset,broken,doubtful}}'::text[]
    IS DISTINCT FROM w.said - '{{outcome,ruleset,broken,doubtful}}'::text[]
ORDER BY n.professional_id
"""  # noqa: S608  our own words


def ask(actor: Actor, year: int) -> YearClosing:
    """Asked twice is asked once; a closing that was given up is begun again where it stood."""
    may_close(actor, year)
    new = db.session.scalar(
        insert(YearClosing)
        .values(
            year=year,
            asked_at=clock.now(),
            asked_by=actor.user_id,
            asked_by_name=actor.display_name,
        )
        .on_conflict_do_nothing(index_elements=["year"])
        .returning(YearClosing.year)
    )
    if new is not None:
        audit.record("year.closed", f"{year} 年度")
    job = jobs.ask(KIND, str(year), year=year, day=clock.today().isoformat())
    if given_up(actor, year):
        jobs.restart(actor, job)
    return db.session.get_one(YearClosing, year)


def given_up(actor: Actor, year: int) -> bool:
    return jobs.is_dead(actor, KIND, str(year))


def may_close(actor: Actor, year: int) -> None:
    """Of a year that was never judged there is nothing to close."""
    swept = select(Sweep.id).where(Sweep.year == of_address(year)).limit(1)
    if db.session.scalar(swept) is None:
        raise NotFound(f"{year} 年度还没有判定过，不能封账。")
    may_steer(actor)
    if year >= clock.today().year:
        raise Conflict(f"{year} 年度还没有结束，不能封账。")


def close_year(job: Job) -> bool:
    """A range of the last sweep a step; then all at once."""
    year = job.payload["year"]
    if db.session.get_one(YearClosing, year).closed_at is not None:
        return True
    if not job.place.get("swept"):
        night = _night(job.place, year, date.fromisoformat(job.payload["day"]))
        swept = sweeping.step(night)
        job.steps_total = max(job.steps_total or 0, night.ranges + 1)
        job.steps_done = min(job.steps_done + 1, job.steps_total - 1)
        job.place = {"swept": swept, "done": night.done, "sweep_id": night.sweep_id}
        return False
    _freeze(year, _finished(year, job.place["sweep_id"]))
    job.steps_done = job.steps_total or 0
    return True


def restate(job: Job) -> bool:
    """A range of one closed year's sweep a step, and after the last what changed of that year."""
    years = closed_years.closed()
    left = [year for year in years if year >= job.place.get("year", 0)]
    if not left:
        return True
    year = left[0]
    place = job.place if job.place.get("year") == year else {}
    night = _night(place, year, date.fromisoformat(job.payload["day"]))
    swept = sweeping.step(night)
    job.steps_total = max(job.steps_total or 0, night.ranges * len(years))
    job.steps_done = min(job.steps_done + 1, job.steps_total)
    job.place = {"year": year, "done": night.done, "sweep_id": night.sweep_id}
    if not swept:
        return False
    db.session.flush()
    _finished(year, night.sweep_id or 0)
    db.session.execute(text(_RESTATE), {"year": year, "now": clock.now()})
    job.place = {"year": year + 1}
    return len(left) == 1


def _night(place: dict[str, Any], year: int, day: date) -> sweeping.Night:
    return sweeping.Night(
        year=year, day=day, done=place.get("done", 0), sweep_id=place.get("sweep_id")
    )


def _finished(year: int, sweep_id: int) -> int:
    """That sweep, or a later one that went on in its place: nothing is told of a year of which
    some were judged as of today and some as of long ago."""
    found = db.session.scalar(
        select(Sweep.id)
        .where(Sweep.year == year, Sweep.id >= sweep_id, Sweep.finished_at.is_not(None))
        .order_by(Sweep.id.desc())
        .limit(1)
    )
    if found is None:
        raise NotYet(WAIT)
    return found


def _freeze(year: int, sweep_id: int) -> None:
    closed_years.hold()
    _insist_nothing_is_being_taken_back()
    day = date(year, 12, 31)
    in_use = rulesets.in_use(policies.current(), day)
    bits = {"broken": rulesets.broken(in_use), "doubtful": rulesets.doubtful(in_use)}
    db.session.flush()
    db.session.execute(
        text(_FREEZE.format(outcome=_OUTCOME.format(**bits), **bits)),
        {
            "year": year,
            "now": clock.now(),
            "day": day,
            "sweep": sweep_id,
            "policies": list(
                db.session.scalars(
                    select(PolicyKnown.digest)
                    .where(PolicyKnown.known_to.is_(None))
                    .order_by(PolicyKnown.digest)
                )
            ),
            "before_all": BEFORE_ALL,
        },
    )


def _insist_nothing_is_being_taken_back() -> None:
    """Of a session that its provider revoked while the year was open, the hours go before it is
    closed."""
    revocations = select(Job.id).where(Job.kind == "revoke-session", Job.state.in_(OPEN))
    if db.session.scalar(revocations.limit(1)) is not None:
        raise NotYet(WAIT)
