"""Employers and providers: opening one, and saying that something about it is so from a day on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import select

from ce_tracker import audit, clock, jobs
from ce_tracker.errors import Conflict, Invalid
from ce_tracker.extensions import db
from ce_tracker.registry import facts, snapshot
from ce_tracker.registry.dated import Accreditation, EmployerFact, ProviderFact
from ce_tracker.registry.models import Employer, Provider
from ce_tracker.registry.names import pinyin


@dataclass(frozen=True)
class EmployerContent:
    name: str
    region_path: str
    level: str
    affiliation: str
    sector: str
    public_institution: bool


@dataclass(frozen=True)
class ProviderContent:
    name: str
    kind: str
    region_path: str
    sector: str


def open_employer(credit_code: str, content: EmployerContent, since: date, source: str) -> Employer:
    _refuse_second(Employer, credit_code)
    unit = Employer(
        credit_code=credit_code,
        name=content.name,
        pinyin=pinyin(content.name),
        region_path=content.region_path,
        sector=content.sector,
    )
    db.session.add(unit)
    db.session.flush()
    facts.put(EmployerFact(employer_id=unit.id, valid_from=since, **asdict(content)), source)
    snapshot.refresh_employers([unit.id], clock.today())
    audit.record("employer.opened", content.name, region_path=content.region_path)
    return unit


def open_provider(credit_code: str, content: ProviderContent, since: date, source: str) -> Provider:
    _refuse_second(Provider, credit_code)
    unit = Provider(
        credit_code=credit_code,
        name=content.name,
        pinyin=pinyin(content.name),
        region_path=content.region_path,
        sector=content.sector,
    )
    db.session.add(unit)
    db.session.flush()
    facts.put(ProviderFact(provider_id=unit.id, valid_from=since, **asdict(content)), source)
    snapshot.refresh_providers([unit.id], clock.today())
    audit.record("provider.opened", content.name, region_path=content.region_path)
    return unit


def change_employer(
    unit: Employer, content: EmployerContent, since: date, source: str, reason: str
) -> EmployerFact:
    """From `since` on it is so; what we believed of those days we believe no longer."""
    hold(unit)
    before = (unit.region_path, unit.sector)
    fact = facts.put(EmployerFact(employer_id=unit.id, valid_from=since, **asdict(content)), source)
    snapshot.refresh_employers([unit.id], clock.today())
    if (unit.region_path, unit.sector) != before:
        jobs.ask(
            "refresh-registry",
            f"employer-fact-{fact.id}",
            region_path=unit.region_path,
            employer_id=unit.id,
        )
    audit.record(
        "employer.changed",
        unit.name,
        reason=reason,
        region_path=unit.region_path,
        since=since.isoformat(),
    )
    return fact


def change_provider(
    unit: Provider, content: ProviderContent, since: date, source: str, reason: str
) -> ProviderFact:
    hold(unit)
    fact = facts.put(ProviderFact(provider_id=unit.id, valid_from=since, **asdict(content)), source)
    snapshot.refresh_providers([unit.id], clock.today())
    audit.record(
        "provider.changed",
        unit.name,
        reason=reason,
        region_path=unit.region_path,
        since=since.isoformat(),
    )
    return fact


def accredit(unit: Provider, accreditation: Accreditation, source: str) -> Accreditation:
    """Grant a base the right to hold training, for a period."""
    hold(unit)
    if accreditation.valid_to is None:
        raise Invalid("继续教育基地的认定应有截止日期。")
    accreditation.provider_id = unit.id
    fact = facts.record(accreditation, source)
    audit.record(
        "provider.accredited",
        unit.name,
        region_path=unit.region_path,
        document=accreditation.document,
    )
    return fact


def hold(unit: Employer | Provider) -> None:
    """One writer at a time for what is known of a unit."""
    kind = type(unit)
    db.session.execute(select(kind.id).where(kind.id == unit.id).with_for_update())


def _refuse_second(kind: type[Employer | Provider], credit_code: str) -> None:
    known = db.session.scalar(select(kind.name).where(kind.credit_code == credit_code))
    if known is not None:
        raise Conflict(f"统一社会信用代码 {credit_code} 已登记为“{known}”。")
