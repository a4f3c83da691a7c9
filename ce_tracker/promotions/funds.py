"""What an employer paid out in a year, in wages and for training: entered by the employer, seen by
its authority, and read by the rule on the money that training must have.

Sums are whole cents; nobody's arithmetic rounds them. A figure that was wrong is believed no longer
and the right one is believed from then on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import ClassVar

from sqlalchemy import BigInteger, Index, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from ce_tracker import audit, clock
from ce_tracker.actor import Actor
from ce_tracker.errors import Conflict, Invalid
from ce_tracker.extensions import Base, db
from ce_tracker.policy.duties import Fund
from ce_tracker.registry import facts
from ce_tracker.registry.dated import OfEmployer
from ce_tracker.registry.models import Employer

EARLIEST = 1990
_YUAN = re.compile(r"(0|[1-9]\d{0,12})(?:\.(\d{1,2}))?")


class EmployerFund(OfEmployer, Base):
    """Of one calendar year: `valid_from` is its first day and `valid_to` the next one's."""

    __tablename__ = "employer_funds"
    one_at_a_time: ClassVar = ("employer_id",)

    wages_cents: Mapped[int] = mapped_column(BigInteger)
    training_cents: Mapped[int] = mapped_column(BigInteger)

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Index, ...]:
        return (
            *super().__table_args__,
            Index(
                "employer_funds_year_key",
                "employer_id",
                "valid_from",
                unique=True,
                postgresql_where=text("known_to IS NULL"),
            ),
        )

    @property
    def year(self) -> int:
        return self.valid_from.year

    @property
    def wages(self) -> str:
        return as_yuan(self.wages_cents)

    @property
    def training(self) -> str:
        return as_yuan(self.training_cents)


def as_yuan(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def cents_of(yuan: str) -> int:
    """`1234.5` is 123450 cents; as a table shows it, with commas, as well."""
    found = _YUAN.fullmatch(yuan.strip().replace(",", "").replace("，", ""))
    if found is None:
        raise ValueError("应为不超过两位小数的金额，单位为元，例如：1250000.00")
    whole, parts = found.groups()
    return int(whole) * 100 + int((parts or "").ljust(2, "0"))


def enter(actor: Actor, year: int, values: Mapping[str, str], source: str) -> EmployerFund:
    """By the employer itself, for a year that has begun."""
    errors: list[dict[str, str]] = []
    if not EARLIEST <= year <= clock.today().year:
        said = f"年度应在 {EARLIEST} 到 {clock.today().year} 之间。"
        errors.append({"field": "year", "message": said})
    cents = {}
    for name in ("wages", "training"):
        try:
            cents[name] = cents_of(values.get(name) or "")
        except ValueError as wrong:
            errors.append({"field": name, "message": f"{wrong}。"})
    if not errors and cents["training"] > cents["wages"]:
        errors.append(
            {"field": "training", "message": "继续教育经费不会多于工资总额，请核对两个金额。"}
        )
    if errors:
        raise Invalid(errors=errors)
    fund = EmployerFund(
        employer_id=actor.employer_id,
        wages_cents=cents["wages"],
        training_cents=cents["training"],
        valid_from=date(year, 1, 1),
        valid_to=date(year + 1, 1, 1),
    )
    try:
        entered = facts.put(fund, source)
    except IntegrityError as error:
        raise Conflict("同一年度刚刚由他人填报，请刷新后核对。") from error
    if entered is fund:
        _note(fund)
    return entered


def _note(entered: EmployerFund) -> None:
    # Not what was read before it was entered: somebody else may have been faster.
    before = db.session.scalar(
        select(EmployerFund).where(
            EmployerFund.employer_id == entered.employer_id,
            EmployerFund.valid_from == entered.valid_from,
            EmployerFund.known_to == entered.known_from,
            EmployerFund.id != entered.id,
        )
    )
    unit = db.session.get_one(Employer, entered.employer_id)
    audit.record(
        "employer.fund_entered",
        f"{unit.name}：{entered.year} 年度",
        region_path=unit.region_path,
        employer_id=unit.id,
        year=entered.year,
        before=_sums(before) if before else None,
        after=_sums(entered),
    )


def _sums(fund: EmployerFund) -> dict[str, str]:
    return {"wages": fund.wages, "training": fund.training}


def history(employer_id: int) -> Sequence[EmployerFund]:
    """Also what was believed before, the latest first."""
    return db.session.scalars(
        select(EmployerFund)
        .where(EmployerFund.employer_id == employer_id)
        .order_by(EmployerFund.valid_from.desc(), EmployerFund.known_from.desc())
    ).all()


def of_year(span: tuple[int, int], year: int) -> dict[int, Fund]:
    """As the rule reads it, of a span of employers; of who entered nothing there is nothing."""
    rows = db.session.scalars(
        select(EmployerFund).where(
            EmployerFund.employer_id.between(*span),
            EmployerFund.known_at(),
            EmployerFund.valid_from == date(year, 1, 1),
        )
    )
    return {each.employer_id: Fund(year, each.wages_cents, each.training_cents) for each in rows}
