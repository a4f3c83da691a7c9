"""How a person, a unit or a county stands by a rule that no year is judged by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from ce_tracker.policy.catalog import Candidate, Whose, missing_fact
from ce_tracker.policy.duties import Duty
from ce_tracker.policy.facts import Unit
from ce_tracker.policy.packs import Citation
from ce_tracker.policy.weighing import Weighed
from ce_tracker.policy.words import Outcome, Strength

PASSES = frozenset({Outcome.MET, Outcome.EXEMPT})


@dataclass(frozen=True)
class DutyFinding:
    """One rule, and how it stands."""

    rule: Duty
    weighed: Weighed
    strength: Strength
    regime: str
    regime_name: str
    citation: Citation
    inherited: bool
    notes: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        return self.weighed.outcome

    @classmethod
    def of(cls, chosen: Candidate, weighed: Weighed, innermost: str, *notes: str) -> Self:
        said = [*weighed.notes, chosen.rule.note, *notes]
        if chosen.rule.scope.open_list:
            said.append("条文中的“等”没有展开，只按列明的执行。")
        return cls(
            chosen.rule.kind,  # type: ignore[arg-type]  # looked for by kind
            weighed,
            chosen.rule.strength,
            chosen.pack.regime,
            chosen.pack.name,
            chosen.rule.citation,
            chosen.pack.regime != innermost,
            tuple(note for note in said if note),
        )


def settled(
    possible: Sequence[Candidate],
    weigh: Callable[[Candidate], Weighed],
    unit: Unit,
    whose: Whose | None = None,
) -> tuple[Candidate, Weighed, str]:
    """The rule to cite, how it stands, and what was not known without deciding anything.

    Where it is not known which of several rules applies, or whether any does, the answer is known
    only if it is the same however that is.
    """
    weighed = [(each, weigh(each)) for each in possible]
    chosen, answer = weighed[-1]
    unsure = [(each, got) for each, got in weighed if not each.certain]
    if not unsure:
        return chosen, answer, ""
    first, by_it = unsure[0]
    doubt = missing_fact(first.rule, first.version, unit, whose)
    passing = {got.outcome in PASSES for _, got in weighed}
    if passing == {True} or (passing == {False} and chosen.certain):
        return chosen, answer, f"{doubt}；不论如何，结果相同。"
    also = by_it.remedy if by_it.outcome is Outcome.UNDETERMINED else ""
    remedy = f"{doubt}，补充后才能判定。{also}"
    unknown = replace(
        by_it, outcome=Outcome.UNDETERMINED, remedy=remedy, by=None, ready_on=None, proof=()
    )
    return first, unknown, ""
