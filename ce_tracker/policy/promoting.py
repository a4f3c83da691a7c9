"""THE decision on an application for a title, and what follows a title: by every rule that covers
the person on the day, each with its proof.

Rules are those in force on the day of the application. What is not known never lets anybody pass:
where it decides, the finding is undetermined and says who can supply it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial

from ce_tracker.policy import catalog, explaining
from ce_tracker.policy.after_titles import Rotation, TrackConversion, TrainingAfterPromotion
from ce_tracker.policy.before_promotion import (
    HoursBeforePromotion,
    ServiceBeforePromotion,
    TrackExclusive,
    TrainingBeforePromotion,
)
from ce_tracker.policy.careers import Career, Wish
from ce_tracker.policy.catalog import Candidate, InForce, Whose
from ce_tracker.policy.facts import Unit
from ce_tracker.policy.findings import PASSES, DutyFinding, settled
from ce_tracker.policy.packs import Packs
from ce_tracker.policy.past_years import FEW_PACKS, Same, year_judged
from ce_tracker.policy.rights import RightByAppraisal, RightByService
from ce_tracker.policy.weighing import Case, Weighed, not_asked
from ce_tracker.policy.words import WORST_FIRST, Outcome, Strength

Titular = (
    TrainingBeforePromotion | ServiceBeforePromotion | TrackExclusive | HoursBeforePromotion
    | RightByService | RightByAppraisal | TrackConversion | TrainingAfterPromotion | Rotation
)  # fmt: skip
GATE: tuple[type[Titular], ...] = (
    TrainingBeforePromotion, ServiceBeforePromotion, TrackExclusive, HoursBeforePromotion,
)  # fmt: skip
"""What an application is let through or stopped by."""
RIGHTS: tuple[type[Titular], ...] = (RightByService, RightByAppraisal)
"""What an applicant should know to be theirs."""
FOLLOWING: tuple[type[Titular], ...] = (
    TrainingAfterPromotion, Rotation, TrackConversion, RightByService, RightByAppraisal,
)  # fmt: skip
"""What the night looks for, whether anybody applies or not."""
GRASSROOTS = "grassroots"
"""The track; as against that of the whole province."""
_ALL = tuple(dict.fromkeys((*GATE, *FOLLOWING)))
_UNITS_AND_WISHES = 4096
"""So many are remembered: the kinds of unit of a province, with what its people apply for."""


@dataclass(frozen=True)
class TitleFinding(DutyFinding):
    """One rule, and how the person stands by it."""

    rule: Titular

    @property
    def blocks(self) -> bool:
        return self.strength is Strength.BLOCKS and self.outcome not in PASSES

    @property
    def needs_a_word(self) -> bool:
        """Whether the employer has to write something down when it recommends."""
        asked = isinstance(self.rule, HoursBeforePromotion) and self.rule.employers_word
        return asked or (self.strength is Strength.FLAGS and self.outcome not in PASSES)


@dataclass(frozen=True)
class GateVerdict:
    wish: Wish
    findings: tuple[TitleFinding, ...]
    """Of the rules that cover the person; then of those that do not, as exempt."""
    policy: tuple[str, ...]
    """The digests of the versions in force, from the innermost outward."""
    no_way: str = ""
    """Why nobody there can apply for it, whatever the rules say; empty: somebody can."""
    seat: str | None = None
    """The track in which the person applied this year already, if any."""

    @property
    def seat_is_taken(self) -> bool:
        """By an application on the other track: as long as that one sits there, nothing helps."""
        return self.seat is not None and self.seat != self.wish.track

    @property
    def can_be_set_aside(self) -> tuple[TitleFinding, ...]:
        """Of what blocks: all but what an application on the other track blocks."""
        return tuple(
            each
            for each in self.blocking
            if not (self.seat_is_taken and isinstance(each.rule, TrackExclusive))
        )

    @property
    def blocking(self) -> tuple[TitleFinding, ...]:
        return tuple(each for each in self.findings if each.blocks)

    @property
    def passes(self) -> bool:
        return not self.no_way and not self.blocking

    @property
    def needs_a_word(self) -> tuple[TitleFinding, ...]:
        return tuple(each for each in self.findings if each.needs_a_word)

    @property
    def outcome(self) -> Outcome:
        """The worst of what an application can fail by; rights are never failed."""
        outcomes = {each.outcome for each in self.findings if isinstance(each.rule, GATE)}
        return next((each for each in WORST_FIRST if each in outcomes), Outcome.EXEMPT)

    @property
    def proof(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(e for each in self.findings for e in each.weighed.proof))


def judge_wish(packs: Packs, career: Career, wish: Wish, today: date) -> GateVerdict:
    """May this person apply for this title on this day?"""
    docket = _dockets(Same(packs))(career.unit, wish.on, Whose(wish.series, wish.level))
    bench = _Bench(docket, career, wish.on, today, wish)
    return GateVerdict(
        wish,
        (*bench.findings((*GATE, *RIGHTS)), *docket.not_for_them),
        docket.policy,
        _no_way(docket, career, wish),
        career.seat,
    )


def _no_way(docket: _Docket, career: Career, wish: Wish) -> str:
    if not career.employed:
        return f"{wish.on} 没有任职单位，没有单位可以推荐。"
    if wish.track != GRASSROOTS:
        return ""
    if not docket.has_grassroots_titles:
        return "当地没有基层职称，请申报全省统一职称。"
    if docket.grassroots is None:
        return "任职单位是否属于基层没有登记，请县（市、区）人社部门确认后再申报基层职称。"
    return "" if docket.grassroots else "基层职称只在基层单位申报和聘用，任职单位不属于基层。"


def judge_following(packs: Packs, career: Career, day: date) -> tuple[TitleFinding, ...]:
    """What follows from the titles and years that somebody has."""
    present = career.present(day)
    whose = Whose(present.series if present else None, None)
    docket = _dockets(Same(packs))(career.unit, day, whose)
    return tuple(_Bench(docket, career, day, day, None).findings(FOLLOWING))


@dataclass(frozen=True)
class _Docket:
    """What is asked on a day of everybody in units that are alike who applies for the same."""

    packs: Same
    unit: Unit
    whose: Whose
    innermost: str
    policy: tuple[str, ...]
    possible: Mapping[str, list[Candidate]]
    """The rules that apply or may, by kind."""
    not_for_them: tuple[TitleFinding, ...]
    has_grassroots_titles: bool
    grassroots: bool | None
    """Whether the unit is, by the words of the document that has such titles."""


@lru_cache(maxsize=FEW_PACKS)
def _dockets(packs: Same) -> Callable[[Unit, date, Whose], _Docket]:
    return lru_cache(maxsize=_UNITS_AND_WISHES)(partial(_docket, packs))


def _docket(packs: Same, unit: Unit, day: date, whose: Whose) -> _Docket:
    regimes = catalog.in_force(packs.packs, unit, day)
    innermost = catalog.covering(packs.packs, unit)[0].regime
    return _Docket(
        packs,
        unit,
        whose,
        innermost,
        tuple(each.version.digest for each in regimes),
        {kind.name: catalog.candidates(regimes, unit, kind.name, whose) for kind in _ALL},
        tuple(
            TitleFinding.of(each, not_asked(_of_others(each)), innermost)
            for each in _for_others(regimes, unit, whose)
        ),
        *_grassroots_titles(regimes, unit),
    )


def _grassroots_titles(regimes: list[InForce], unit: Unit) -> tuple[bool, bool | None]:
    """A document that says how such a title is converted is one that has them."""
    for regime in regimes:
        if any(rule.name == TrackConversion.name for rule in regime.version.rules):
            text = regime.version.grassroots
            return True, catalog.is_grassroots(text, unit) if text else None
    return False, False


def _for_others(regimes: list[InForce], unit: Unit, whose: Whose) -> Iterator[Candidate]:
    """The rules of the place that stop applications, but not this one."""
    for kind in GATE:
        for regime in regimes:
            for rule in regime.version.rules:
                if (
                    rule.name == kind.name
                    and rule.strength is Strength.BLOCKS
                    and catalog.covered(rule, regime.version, unit, whose) is False
                ):
                    yield Candidate(rule, regime.pack, regime.version, certain=True)


def _of_others(candidate: Candidate) -> str:
    return f"本条只适用于{explaining.of_whom(candidate.rule.scope)}，对这份申报不适用。"


@dataclass(frozen=True)
class _Bench:
    """What all rules of one judgement share."""

    docket: _Docket
    career: Career
    day: date
    today: date
    wish: Wish | None

    def findings(self, kinds: Sequence[type[Titular]]) -> Iterator[TitleFinding]:
        docket = self.docket
        for kind in kinds:
            possible = docket.possible[kind.name]
            if possible:
                chosen, answer, note = settled(possible, self._weigh, docket.unit, docket.whose)
                yield TitleFinding.of(chosen, answer, docket.innermost, note)

    def _weigh(self, candidate: Candidate) -> Weighed:
        kind = candidate.rule.kind
        assert isinstance(kind, Titular)  # noqa: S101  no other kind is ever looked for
        if not self.career.employed:
            return not_asked("当日没有任职单位，不能申报。")
        text = candidate.version.grassroots
        return kind.weigh(
            Case(
                self.career,
                self.day,
                self.today,
                self.wish,
                candidate.asked_since,
                candidate.rule.scope.titles,
                catalog.is_grassroots(text, self.career.unit) if text else None,
                partial(year_judged, self.docket.packs, self.today),
            )
        )
