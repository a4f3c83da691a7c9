"""user add, token create."""

from __future__ import annotations

import secrets
from typing import TypeVar

import click
from sqlalchemy import func, select

from ce_tracker.accounts import tokens, users
from ce_tracker.accounts.users import Binding, open_account
from ce_tracker.actor import Actor, Role, Sector
from ce_tracker.cli.context import owner_app
from ce_tracker.errors import Invalid, NotFound
from ce_tracker.extensions import act_as, db
from ce_tracker.registry import regions
from ce_tracker.registry.models import Employer, Professional, Provider

Unit = TypeVar("Unit", Employer, Provider, Professional)
ROLES = click.Choice([role.value for role in Role])
SECTORS = click.Choice([sector.value for sector in Sector])
_TITLES = {Employer: "用人单位", Provider: "施教机构", Professional: "人员"}


def register(group: click.Group) -> None:
    group.add_command(user)
    group.add_command(token)


@click.group()
def user() -> None:
    """账号。"""


@user.command("add")
@click.argument("login")
@click.option("--name", required=True, help="显示的姓名。")
@click.option("--role", type=ROLES, required=True, help="身份。")
@click.option("--of", "unit", type=int, help="所属用人单位、施教机构或人员的编号（主管部门不填）。")
@click.option("--region", help="主管部门所辖、或人员所在地区的代码，如 371000。")
@click.option("--sector", type=SECTORS, help="主管部门只管一个行业时给出。")
def add_user(
    login: str, name: str, role: str, unit: int | None, region: str | None, sector: str | None
) -> None:
    r"""开通账号，显示一次初始密码；首次登录时必须修改。

    \b
    ce-tracker user add weihai --name 于海宁 --role authority --region 371000
    ce-tracker user add school --name 宋人事 --role employer --of 12
    """
    with owner_app():
        password = secrets.token_urlsafe(12)
        opened = open_account(login, name, password, _binding(Role(role), unit, region, sector))
        db.session.commit()
        login = opened.login
    click.echo(f"已开通账号 {login}，初始密码：{password}")
    click.echo("请当面或分开转交；首次登录时会要求修改。")


@user.command("reset-password")
@click.argument("login")
def reset_password(login: str) -> None:
    """给忘记密码的人一个新的初始密码，并让其所有登录退出；下次登录时必须修改。"""
    with owner_app():
        password = secrets.token_urlsafe(12)
        users.reset_password(login, password)
        db.session.commit()
    click.echo(f"{login} 的新初始密码：{password}")


@user.command("disable")
@click.argument("login")
def disable(login: str) -> None:
    """停用账号：不能再登录，已有的登录和令牌立即失效。记录都保留。"""
    with owner_app():
        users.set_disabled(login, disabled=True)
        db.session.commit()
    click.echo(f"已停用 {login}。")


@user.command("enable")
@click.argument("login")
def enable(login: str) -> None:
    """重新启用停用的账号。"""
    with owner_app():
        users.set_disabled(login, disabled=False)
        db.session.commit()
    click.echo(f"已启用 {login}。")


@click.group()
def token() -> None:
    """接口令牌。"""


@token.command("create")
@click.argument("login")
@click.option("--name", required=True, help="给令牌起的名称，供日后辨认。")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(list(tokens.SCOPES)),
    help="权限，可重复给出。",
)
@click.option("--days", type=click.IntRange(1, tokens.LONGEST_DAYS), default=90, help="有效天数。")
def create_token(login: str, name: str, scopes: tuple[str, ...], days: int) -> None:
    """为一个账号新建令牌；令牌只显示这一次。"""
    with owner_app():
        found = db.session.execute(select(func.password_of(login.lower()).table_valued("user_id")))
        row = found.first()
        if row is None:
            raise NotFound(f"没有登录名为 {login} 的账号。")
        actor = Actor.from_facts(db.session.execute(select(func.enter_as(row[0]))).scalar_one())
        act_as(actor)
        _, secret = tokens.create_token(actor, name, scopes, days)
        db.session.commit()
    click.echo(secret)


def _binding(role: Role, unit: int | None, region: str | None, sector: str | None) -> Binding:
    if (role is Role.AUTHORITY) == (unit is not None):
        raise Invalid("主管部门账号用 --region 指定地区，其他账号用 --of 指定所属。")
    if sector and role is not Role.AUTHORITY:
        raise Invalid("只有主管部门账号可以指定 --sector。")
    match role:
        case Role.AUTHORITY:
            chosen = Sector(sector) if sector else None
            return Binding(role, _region(region), sector=chosen)
        case Role.PROFESSIONAL:
            _existing(Professional, unit)
            return Binding(role, _region(region), professional_id=unit)
        case Role.EMPLOYER:
            return Binding(role, _existing(Employer, unit).region_path, employer_id=unit)
        case Role.PROVIDER:
            return Binding(role, _existing(Provider, unit).region_path, provider_id=unit)


def _region(code: str | None) -> str:
    if code is None:
        raise Invalid("请用 --region 给出地区代码，如 371000。")
    region = regions.by_code(code)
    if region is None:
        raise NotFound(f"没有代码为 {code} 的区划。")
    return region.path


def _existing(model: type[Unit], number: int | None) -> Unit:
    found = db.session.get(model, number)
    if found is None:
        raise NotFound(f"没有编号为 {number} 的{_TITLES[model]}。")
    return found
