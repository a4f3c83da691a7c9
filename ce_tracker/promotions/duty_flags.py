"""Flags that have no year: what people, employers and counties owe by the rules on titles, and the
rights that people came into. They are written for a range of subjects at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Text,
    and_,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker import clock
from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import Base, db
from ce_tracker.policy.findings import DutyFinding
from ce_tracker.registry.models import Employer, Professional

Moment = DateTime(timezone=True)
SUBJECTS = ("professional_id", "employer_id", "region_path")


class DutyFlag(Base):
    """One rule, and one subject that it says something of, from when to when."""

    __tablename__ = "duty_flags"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(professional_id, employer_id, region_path) = 1", name="subject"
        ),
        *(
            Index(
                f"duty_flags_{subject}_open_key",
                subject,
                "rule",
                unique=True,
                postgresql_where=text(f"closed_at IS NULL AND {subject} IS NOT NULL"),
            )
            for subject in SUBJECTS
        ),
        *(
            Index(
                f"duty_flags_{subject}_idx",
                subject,
                "id",
                postgresql_where=text(f"{subject} IS NOT NULL"),
            )
            for subject in SUBJECTS[:2]
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    professional_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("professionals.id"))
    employer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("employers.id"))
    region_path: Mapped[str | None] = mapped_column(ForeignKey("regions.path"))
    rule: Mapped[int] = mapped_column(SmallInteger)
    """The number of a kind (`policy.duties.DUTIES`)."""
    outcome: Mapped[str]
    """Met: a right, or leave to be put to the board."""
    strength: Mapped[str]
    found: Mapped[str]
    remedy: Mapped[str]
    due_on: Mapped[date | None]
    ready_on: Mapped[date | None]
    entries: Mapped[list[str]] = mapped_column(ARRAY(Text))
    regime: Mapped[str]
    document: Mapped[str]
    clause: Mapped[str]
    quote: Mapped[str]
    policy: Mapped[str]
    """The digest of the version that says so."""
    opened_at: Mapped[datetime] = mapped_column(Moment)
    opened_on: Mapped[date]
    judged_on: Mapped[date]
    """The day whose words these are."""
    closed_at: Mapped[datetime | None] = mapped_column(Moment)
    closed_on: Mapped[date | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        seen: list[ColumnElement[bool]] = [
            select(Professional.id)
            .where(Professional.id == cls.professional_id, Professional.visible_to(actor))
            .exists(),
            select(Employer.id)
            .where(Employer.id == cls.employer_id, Employer.visible_to(actor))
            .exists(),
        ]
        if actor.role is Role.AUTHORITY:
            seen.append(
                and_(
                    cls.region_path.is_not(None),
                    func.starts_with(cls.region_path, actor.region_path),
                )
            )
        return or_(*seen)


@dataclass(frozen=True)
class Found:
    subject: int | str
    finding: DutyFinding
    policy: str

    def as_row(self) -> dict[str, Any]:
        finding, weighed = self.finding, self.finding.weighed
        return {
            "subject": self.subject,
            "rule": finding.rule.number,
            "outcome": finding.outcome.value,
            "strength": finding.strength.value,
            "found": weighed.found,
            "remedy": weighed.remedy,
            "due_on": weighed.by.isoformat() if weighed.by else None,
            "ready_on": weighed.ready_on.isoformat() if weighed.ready_on else None,
            "entries": list(weighed.proof),
            "regime": finding.regime,
            "document": finding.citation.document.number,
            "clause": finding.citation.clause,
            "quote": finding.citation.quote,
            "policy": self.policy,
        }


_KINDS = dict.fromkeys(SUBJECTS, "bigint") | {"region_path": "text"}
_WORDS = (
    *("strength", "found", "remedy", "due_on", "ready_on", "entries", "regime", "document"),
    *("clause", "quote", "policy"),
)
_NOW_FOUND = """
WITH now_found AS (
    SELECT * FROM jsonb_to_recordset(CAST(:found AS jsonb)) AS n (subject {kind}, rule smallint,
        outcome text, strength text, found text, remedy text, due_on date, ready_on date,
        entries text[], regime text, document text, clause text, quote text, policy text)
)
"""

# What is found to be something else than it was is closed first, and opens below. NOT IN is looked
# up in a hash, however few rows PostgreSQL expects of what it is given.
_CLOSE = """
UPDATE duty_flags f SET closed_at = greatest(f.opened_at, :now), closed_on = :day
WHERE f.closed_at IS NULL AND f.rule = ANY (:rules) AND {within}
    AND (f.{subject}, f.rule, f.outcome) NOT IN (SELECT subject, rule, outcome FROM now_found)
"""

_OPEN = """
INSERT INTO duty_flags AS f ({subject}, rule, outcome, {words}, opened_at, opened_on, judged_on)
SELECT subject, rule, outcome, {words}, :now, :day, :day FROM now_found ORDER BY subject, rule
ON CONFLICT ({subject}, rule) WHERE closed_at IS NULL AND {subject} IS NOT NULL
DO UPDATE SET ({words}, judged_on) = ROW ({excluded}, :day)
WHERE ({here}) IS DISTINCT FROM ({excluded})
"""


def settle(
    subject: str,
    found: Sequence[Found],
    rules: Sequence[int],
    day: date,
    span: tuple[int, int] | None,
) -> None:
    """All open flags of these rules and subjects are as found, and no others. The span of ids has
    its last in it; without one it is all there are."""
    words = {
        "subject": subject,
        "kind": _KINDS[subject],
        "words": ", ".join(_WORDS),
        "here": ", ".join(f"f.{word}" for word in _WORDS),
        "excluded": ", ".join(f"excluded.{word}" for word in _WORDS),
        "within": f"f.{subject} BETWEEN :first AND :last" if span else f"f.{subject} IS NOT NULL",
    }
    values: dict[str, Any] = {
        "found": json.dumps([each.as_row() for each in found], ensure_ascii=False),
        "rules": list(rules),
        "day": day,
        "now": clock.now(),
    }
    if span:
        values |= {"first": span[0], "last": span[1]}
    # Of two nights at once the second finds what the first wrote.
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('duties', 0))"))
    db.session.execute(text((_NOW_FOUND + _CLOSE).format(**words)), values)
    if found:
        db.session.execute(text((_NOW_FOUND + _OPEN).format(**words)), values)
