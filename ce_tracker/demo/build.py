"""Filling an empty database with the demo; the same every time."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import func, insert, select

from ce_tracker import clock
from ce_tracker.accounts.models import User
from ce_tracker.accounts.users import Binding, open_account
from ce_tracker.actor import Role, Sector
from ce_tracker.demo.accounts import DEMO_ACCOUNTS, DEMO_PASSWORD, DemoAccount
from ce_tracker.extensions import db
from ce_tracker.identity import PLACE
from ce_tracker.registry.models import Employer, Professional, Provider, Region
from ce_tracker.registry.regions import by_code
from ce_tracker.sealing import Keyring

# What a county has; {short} is its name without 县, 市 or 区.
EMPLOYERS = (
    ("{name}人民医院", Sector.HEALTH),
    ("{name}妇幼保健院", Sector.HEALTH),
    ("{name}第一中学", Sector.EDUCATION),
    ("{name}实验小学", Sector.EDUCATION),
    ("{name}职业教育中心", Sector.EDUCATION),
    ("{name}农业技术推广站", Sector.AGRICULTURE),
    ("{name}水利工程服务站", Sector.WATER),
)
PROVIDERS = (
    ("{name}专业技术人员继续教育基地", Sector.OTHER),
    ("{name}教师进修学校", Sector.EDUCATION),
)

Progress = Callable[[int], None]


def is_empty() -> bool:
    return not db.session.scalar(select(func.count()).select_from(User))


def counties() -> list[Region]:
    today = clock.today()
    return list(
        db.session.scalars(
            select(Region)
            .where(Region.level == "county", Region.holds_on(today))
            .order_by(Region.code)
        )
    )


def build(keyring: Keyring, places: list[Region], advance: Progress) -> None:
    """`advance` is told of each county and each account."""
    for county in places:
        _add_units(county)
        advance(1)
    for number, account in enumerate(DEMO_ACCOUNTS):
        _open(keyring, account, number)
        advance(1)


def _add_units(county: Region) -> None:
    for model, names in ((Employer, EMPLOYERS), (Provider, PROVIDERS)):
        db.session.execute(
            insert(model),
            [
                {
                    "name": name.format(name=county.name),
                    "region_path": county.path,
                    "sector": sector,
                }
                for name, sector in names
            ],
        )


def _open(keyring: Keyring, account: DemoAccount, number: int) -> None:
    region = by_code(account.region_code)
    if region is None:
        raise LookupError(account.region_code)
    user = open_account(
        account.login,
        account.display_name,
        DEMO_PASSWORD,
        Binding(
            role=account.role,
            region_path=region.path,
            sector=account.sector,
            provider_id=_provider(account, region),
            employer_id=_employer(account, region),
            professional_id=_professional(keyring, account, number),
        ),
        demo=True,
    )
    user.must_change_password = account.first_password


def _provider(account: DemoAccount, region: Region) -> int | None:
    if account.role is not Role.PROVIDER:
        return None
    return db.session.scalars(
        select(Provider.id).where(
            Provider.name == account.place, Provider.region_path == region.path
        )
    ).one()


def _employer(account: DemoAccount, region: Region) -> int | None:
    if account.role is not Role.EMPLOYER:
        return None
    sector = Sector.HEALTH if "医院" in account.place else Sector.EDUCATION
    unit = Employer(name=account.place, region_path=region.path, sector=sector)
    db.session.add(unit)
    db.session.flush()
    return unit.id


def _professional(keyring: Keyring, account: DemoAccount, number: int) -> int | None:
    if account.role is not Role.PROFESSIONAL:
        return None
    id_number = _invented_id_number(account.region_code, number).encode()
    person = Professional(
        name=account.display_name,
        id_number_sealed=keyring.seal(id_number, PLACE),
        id_number_index=keyring.index(id_number, PLACE),
    )
    db.session.add(person)
    db.session.flush()
    return person.id


def _invented_id_number(region_code: str, number: int) -> str:
    """Well-formed and nobody's: born on a day in 1890."""
    body = f"{region_code}18900101{number:03d}"
    weights = [2 ** (17 - place) % 11 for place in range(17)]
    rest = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11
    return body + "10X98765432"[rest]
