"""Every night, who owes what after a promotion, whose turn it is, and who came into a right; what
employers pay for training; and whether each county has its base.

Rules speak of few people beside all there are. Whom they may speak of, SQL says: by the units that
a rule covers or may cover, and by what the rule begins with (a title since the document, years of
work, a series). Only these are judged, one by one; whoever is no longer among them has their flags
closed with the range of people that they stand in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select, text

from ce_tracker import clock
from ce_tracker.compliance import policies, rulesets
from ce_tracker.compliance.units import unit
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.policy import catalog
from ce_tracker.policy.after_titles import Rotation, TrackConversion, TrainingAfterPromotion
from ce_tracker.policy.catalog import Candidate, Whose
from ce_tracker.policy.duties import Base, BasesPerCounty, EmployerFund, Fund
from ce_tracker.policy.facts import Unit
from ce_tracker.policy.findings import PASSES, DutyFinding
from ce_tracker.policy.packs import Packs
from ce_tracker.policy.promoting import FOLLOWING, judge_following
from ce_tracker.policy.rights import RightByAppraisal, RightByService
from ce_tracker.policy.unit_duties import judge_bases, judge_fund
from ce_tracker.policy.words import Outcome
from ce_tracker.promotions import careers, duty_flags, funds
from ce_tracker.promotions.duty_flags import Found
from ce_tracker.registry.dated import Accreditation, ProviderFact, ProviderKind
from ce_tracker.registry.models import Employer, Professional, Region

AT_ONCE = {"people": 10_000, "employers": 5_000}
"""Ids a step."""
CAREERS_AT_ONCE = 500
ASKED_FOR_FROM = (4, 1)
"""Month and day: until then an employer may still be adding up its last year."""

WORTH_A_FLAG: dict[str, frozenset[Outcome]] = {
    TrainingAfterPromotion.name: frozenset({Outcome.FAILED, Outcome.UNDETERMINED}),
    Rotation.name: frozenset({Outcome.SHORT, Outcome.FAILED}),
    TrackConversion.name: frozenset({Outcome.MET, Outcome.FAILED, Outcome.UNDETERMINED}),
    RightByService.name: frozenset({Outcome.MET}),
    RightByAppraisal.name: frozenset({Outcome.MET}),
}
"""What of each kind is worth a flag; of a right, that somebody has it."""


def follow(job: Job) -> bool:
    """The next range: people, then employers, then the counties. A night that was missed is made
    good by tonight's."""
    today = clock.today()
    if date.fromisoformat(job.payload["day"]) < today:
        job.steps_total = job.steps_done
        return True
    subject, after = job.place.get("of", "people"), job.place.get("after", 0)
    last = {
        "people": db.session.scalar(select(func.max(Professional.id))) or 0,
        "employers": db.session.scalar(select(func.max(Employer.id))) or 0,
    }
    job.steps_total = max(job.steps_total or 0, _steps(last), job.steps_done + 1)
    job.steps_done += 1
    if subject == "counties":
        _follow_counties(today)
        job.steps_total = job.steps_done
        return True
    span = (after + 1, after + AT_ONCE[subject])
    if subject == "people":
        _follow_people(span, today)
    else:
        _follow_employers(span, today)
    if span[1] < last[subject]:
        job.place = {"of": subject, "after": span[1]}
    else:
        job.place = {"of": "employers" if subject == "people" else "counties", "after": 0}
    return False


def _steps(last: dict[str, int]) -> int:
    return 1 + sum(max(1, -(-last[each] // AT_ONCE[each])) for each in AT_ONCE)


# --- people --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reach:
    """What of a person at a unit makes its rules speak of them; nothing: no rule there does so."""

    titled_since: date | None = None
    """A title obtained no earlier."""
    series: tuple[str, ...] = ()
    """A title of one of these."""
    everybody: bool = False
    grassroots_title: bool = False
    below_since: date | None = None
    """Time below that began no later."""
    excellent: int | None = None


_CANDIDATES = text("""
SELECT p.id FROM professionals p
JOIN unnest(CAST(:employers AS bigint[]), CAST(:numbers AS integer[]))
    AS u (employer_id, number) ON u.employer_id = p.employer_id
JOIN jsonb_to_recordset(CAST(:reach AS jsonb)) AS r (number integer, titled_since date,
        series text[], everybody boolean, grassroots_title boolean, below_since date,
        excellent integer)
    ON r.number = u.number
CROSS JOIN LATERAL (SELECT ARRAY(
    SELECT p.id UNION ALL SELECT m.id FROM professionals m WHERE m.merged_into = p.id
) AS records) w
WHERE p.id BETWEEN :first AND :last AND p.merged_into IS NULL AND (
    r.everybody
    OR EXISTS (SELECT FROM titles t
        WHERE t.professional_id = ANY (w.records) AND t.known_to IS NULL AND (
            t.valid_from >= r.titled_since
            OR t.series_code = ANY (r.series)
            OR (r.grassroots_title AND t.track = 'grassroots')))
    OR EXISTS (SELECT FROM service_spells s
        WHERE s.professional_id = ANY (w.records) AND s.known_to IS NULL
            AND s.valid_from <= r.below_since)
    OR EXISTS (SELECT FROM employments m
        WHERE m.professional_id = ANY (w.records) AND m.known_to IS NULL
            AND m.valid_from <= r.below_since)
    OR r.excellent <= (SELECT count(*) FROM appraisals a
        WHERE a.professional_id = ANY (w.records) AND a.known_to IS NULL
            AND a.grade = 'excellent'))
ORDER BY p.id
""")


def _follow_people(span: tuple[int, int], today: date) -> None:
    packs = policies.current()
    found: list[Found] = []
    people = _candidates(packs, span, today)
    for begin in range(0, len(people), CAREERS_AT_ONCE):
        some = people[begin : begin + CAREERS_AT_ONCE]
        for person_id, career in careers.of_many(some, [today] * len(some), today):
            found += [
                _of(packs, person_id, each, today)
                for each in judge_following(packs, career, today)
                if each.outcome in WORTH_A_FLAG[each.rule.name]
            ]
    numbers = [kind.number for kind in FOLLOWING]
    duty_flags.settle("professional_id", found, numbers, today, span)


def _candidates(packs: Packs, span: tuple[int, int], today: date) -> list[int]:
    reached: dict[Reach, list[int]] = {}
    for facts, employers in rulesets.alike(today):
        reach = _reach(packs, unit(*facts), today)
        if reach != Reach():
            reached.setdefault(reach, []).extend(employers)
    if not reached:
        return []
    said = [asdict(reach) | {"number": n} for n, reach in enumerate(reached)]
    pairs = [(each, n) for n, units in enumerate(reached.values()) for each in units]
    values = {
        "reach": json.dumps(said, default=str),
        "employers": [each for each, _ in pairs],
        "numbers": [number for _, number in pairs],
        "first": span[0],
        "last": span[1],
    }
    return list(db.session.scalars(_CANDIDATES, values))


def _reach(packs: Packs, of: Unit, today: date) -> Reach:
    """Of all that may cover the unit, whatever the person's series is."""
    regimes = catalog.in_force(packs, of, today)
    found: dict[str, Any] = {}
    for kind in FOLLOWING:
        for candidate in _all_candidates(regimes, of, kind.name):
            _widen(found, candidate, today)
    if "series" in found:
        found["series"] = tuple(sorted(set(found["series"])))
    return Reach(**found)


def _all_candidates(regimes: list[catalog.InForce], of: Unit, kind: str) -> Iterator[Candidate]:
    for regime in regimes:
        for rule in regime.version.rules:
            if rule.name != kind:
                continue
            covers = catalog.covered(rule, regime.version, of, Whose(None, None))
            if covers is not False:
                yield Candidate(rule, regime.pack, regime.version, covers is True)


def _widen(found: dict[str, Any], candidate: Candidate, today: date) -> None:
    kind, scope = candidate.rule.kind, candidate.rule.scope
    if isinstance(kind, TrainingAfterPromotion):
        since = candidate.asked_since
        found["titled_since"] = min(since, found.get("titled_since", since))
    elif isinstance(kind, Rotation) and kind.round_of(today) is not None:
        if scope.series and not scope.sectors:
            found["series"] = (*found.get("series", ()), *scope.series)
        else:
            found["everybody"] = True
    elif isinstance(kind, TrackConversion):
        found["grassroots_title"] = True
    elif isinstance(kind, RightByService):
        years = min(years for years, _ in kind.steps)
        since = date(today.year - years + 1, 1, 1)
        found["below_since"] = max(since, found.get("below_since", since))
    elif isinstance(kind, RightByAppraisal):
        found["excellent"] = min(kind.excellent, found.get("excellent", kind.excellent))


def _of(packs: Packs, subject: int | str, finding: DutyFinding, day: date) -> Found:
    version = packs[finding.regime].on(day)
    return Found(subject, finding, version.digest if version else "")


# --- employers and counties ----------------------------------------------------------------


def _follow_employers(span: tuple[int, int], today: date) -> None:
    """The money of the last year, by the rules and the unit of its end."""
    packs, year = policies.current(), today.year - 1
    asked_for = (today.month, today.day) >= ASKED_FOR_FROM
    entered = funds.of_year(span, year)
    found = []
    for facts, employers in rulesets.alike(date(year, 12, 31)):
        of = unit(*facts)
        if judge_fund(packs, of, Fund(year, None, None), today) is None:
            continue
        for employer in (each for each in employers if span[0] <= each <= span[1]):
            finding = judge_fund(packs, of, entered.get(employer, Fund(year, None, None)), today)
            if finding is None or finding.outcome in PASSES:
                continue
            if asked_for or finding.outcome is not Outcome.UNDETERMINED:
                found.append(_of(packs, employer, finding, date(year, 12, 31)))
    duty_flags.settle("employer_id", found, [EmployerFund.number], today, span)


def _follow_counties(today: date) -> None:
    """Districts too, 县(市、区); a development zone is none of them."""
    packs = policies.current()
    places = db.session.scalars(
        select(Region.path)
        .where(Region.level == "county", Region.holds_on(today))
        .order_by(Region.path)
    ).all()
    bases = _bases(today)
    found = []
    for path in places:
        finding = judge_bases(packs, tuple(path.split("/")), bases.get(path, ()), today)
        if finding is not None and finding.outcome not in PASSES:
            found.append(_of(packs, path, finding, today))
    duty_flags.settle("region_path", found, [BasesPerCounty.number], today, None)


def _bases(today: date) -> dict[str, list[Base]]:
    """Of each place, also those whose accreditation has ended."""
    rows = db.session.execute(
        select(
            ProviderFact.region_path,
            ProviderFact.name,
            Accreditation.valid_from,
            Accreditation.valid_to,
        )
        .join(Accreditation, Accreditation.provider_id == ProviderFact.provider_id)
        .where(
            ProviderFact.kind == ProviderKind.BASE,
            ProviderFact.known_at(),
            ProviderFact.holds_on(today),
            Accreditation.known_at(),
        )
        .order_by(Accreditation.id)
    )
    found: dict[str, list[Base]] = {}
    for path, name, begins, ends in rows:
        found.setdefault(path, []).append(Base(name, begins, ends))
    return found
