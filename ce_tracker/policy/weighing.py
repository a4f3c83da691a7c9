"""What a rule on titles is weighed with, and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from ce_tracker.policy.careers import Career, Wish
from ce_tracker.policy.facts import Unit, Year
from ce_tracker.policy.plan import Plan
from ce_tracker.policy.words import Outcome


@dataclass(frozen=True)
class YearJudged:
    outcome: Outcome
    plan: Plan | None = None
    """What would mend it; nothing, where nothing is missing."""
    doubt: str = ""
    """What is not known, where that decides, and who can supply it."""


JudgeYear = Callable[[Unit, Year], YearJudged]


@dataclass(frozen=True)
class Case:
    """One person, on one day, before one rule."""

    career: Career
    day: date
    """Of the application; or on which a night looks."""
    today: date
    """Nobody can mend anything before; `day` may lie ahead."""
    wish: Wish | None
    """Nothing, where nobody applies for anything."""
    asked_since: date
    """Since when the document has been in force that asks it: what happened earlier it does not
    reach."""
    titles: tuple[str, ...]
    """The levels that the rule's scope names; none: all."""
    grassroots: bool | None
    """Whether the person's unit is, by the words of the document that holds the rule."""
    judge_year: JudgeYear


@dataclass(frozen=True)
class Weighed:
    outcome: Outcome
    found: str
    """What there is, in words."""
    remedy: str = ""
    """What would make it hold, or who can supply what is not known."""
    by: date | None = None
    """Until when the remedy helps."""
    ready_on: date | None = None
    """The day on which it holds if all goes on as it does."""
    proof: tuple[str, ...] = ()
    """The ledger's entries that carry it."""
    notes: tuple[str, ...] = ()


def met(found: str, *proof: str, notes: tuple[str, ...] = ()) -> Weighed:
    return Weighed(Outcome.MET, found, proof=proof, notes=notes)


def not_asked(found: str) -> Weighed:
    return Weighed(Outcome.EXEMPT, found)


def unknown(what: str, who: str) -> Weighed:
    return Weighed(Outcome.UNDETERMINED, what, who)
