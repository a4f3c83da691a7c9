"""/providers: who holds training, and the accreditation of bases."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ce_tracker.actor import Role
from ce_tracker.api.conventions import Resource, actor, endpoint, keyring
from ce_tracker.api.employers import UnitOut, UnitQuery, narrowing
from ce_tracker.api.items import (
    AsOf,
    Reason,
    day_and_moment,
    field_of,
    incoming,
    known,
    outgoing,
)
from ce_tracker.api.schema import Output
from ce_tracker.http.paging import Page, page
from ce_tracker.registry import accreditations, listing, opening
from ce_tracker.registry.models import Provider
from ce_tracker.registry.opening import CODE as CREDIT_CODE
from ce_tracker.registry.opening import PROVIDERS, SINCE
from ce_tracker.registry.record import source_of

blueprint = Resource("providers", __name__, url_prefix="/api/v1/providers", description="施教机构")
READERS = frozenset({Role.AUTHORITY, Role.PROVIDER})
WRITERS = frozenset({Role.AUTHORITY})
_ONE = "/<int:provider_id>"

ProviderFactOut = outgoing("ProviderFact", PROVIDERS.items)
AccreditationOut = outgoing("Accreditation", accreditations.ITEMS)
NewProvider = incoming(
    "NewProvider",
    (CREDIT_CODE, *PROVIDERS.items, SINCE),
)
ProviderChanges = incoming(
    "ProviderChanges",
    PROVIDERS.items,
    partial=True,
    since=field_of(SINCE),
    reason=Reason().fields["reason"],
)
NewAccreditation = incoming("NewAccreditation", accreditations.ITEMS)


class Withdrawal(Reason):
    since = fields.Date(
        metadata={"description": "自这一天起撤销；不写：登记有误，自始无效"},
    )


class ProviderPage(Output):
    items = fields.List(fields.Nested(UnitOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ProviderOut(Output):
    id = fields.Integer(required=True)
    credit_code = fields.String(required=True)
    on = fields.Date(required=True)
    as_of = fields.AwareDateTime(required=True, allow_none=True)
    known = fields.Nested(ProviderFactOut, required=True, allow_none=True)
    accreditations = fields.List(
        fields.Nested(AccreditationOut),
        required=True,
        metadata={"description": "各期认定，包括已到期和尚未开始的"},
    )


class ProviderHistory(Output):
    items = fields.List(fields.Nested(ProviderFactOut), required=True)
    accreditations = fields.List(fields.Nested(AccreditationOut), required=True)


@endpoint(
    blueprint,
    "GET",
    "",
    roles=READERS,
    scope="registry:read",
    query=UnitQuery,
    answer=ProviderPage,
)
def list_providers(query: dict[str, Any]) -> Page[Provider]:
    """施教机构，按拼音排序：主管部门看辖区内的，施教机构看本机构"""
    return page(
        keyring(),
        listing.units(Provider, actor(), **narrowing(query)),
        [Provider.pinyin, Provider.id],
        lambda unit: [unit.pinyin, str(unit.id)],
        query.get("cursor"),
        query["limit"],
    )


@endpoint(
    blueprint, "GET", _ONE, roles=READERS, scope="registry:read", query=AsOf, answer=ProviderOut
)
def get_provider(query: dict[str, Any], provider_id: int) -> dict[str, Any]:
    """一个施教机构在某一天的情况及其认定，按现在或当时所知"""
    unit = opening.visible_unit(PROVIDERS, actor(), provider_id)
    day, moment = day_and_moment(query)
    fact = opening.fact_on(PROVIDERS, unit, day, moment)
    return {
        "id": unit.id,
        "credit_code": unit.credit_code,
        "on": day,
        "as_of": moment,
        "known": fact and known(PROVIDERS.items, fact),
        "accreditations": _shown(accreditations.all_of(unit, moment)),
    }


@endpoint(
    blueprint,
    "GET",
    f"{_ONE}/history",
    roles=READERS,
    scope="registry:read",
    answer=ProviderHistory,
)
def get_provider_history(provider_id: int) -> dict[str, Any]:
    """登记过的一切，包括已被更正的"""
    unit = opening.visible_unit(PROVIDERS, actor(), provider_id)
    return {
        "items": [known(PROVIDERS.items, fact) for fact in opening.history(PROVIDERS, unit)],
        "accreditations": _shown(accreditations.all_of(unit, withdrawn_too=True)),
    }


@endpoint(
    blueprint,
    "POST",
    "",
    roles=WRITERS,
    scope="registry:write",
    body=NewProvider,
    answer=UnitOut,
    status=201,
)
def open_provider(body: dict[str, Any]) -> tuple[Provider, int, dict[str, str]]:
    """登记辖区内的一个施教机构"""
    unit = opening.open_unit(PROVIDERS, actor(), body, source_of(actor(), "api"))
    return unit, 201, {"Location": f"/api/v1/providers/{unit.id}"}


@endpoint(
    blueprint,
    "PATCH",
    _ONE,
    roles=WRITERS,
    scope="registry:write",
    body=ProviderChanges,
    answer=ProviderFactOut,
)
def change_provider(body: dict[str, Any], provider_id: int) -> dict[str, Any]:
    """自某一天起这样登记；没有写出的项不变，原来的登记留在历史中"""
    unit = opening.visible_unit(PROVIDERS, actor(), provider_id)
    since, reason = body.pop("since"), body.pop("reason")
    fact = opening.change_unit(
        PROVIDERS, actor(), unit, body, since, reason, source_of(actor(), "api")
    )
    return known(PROVIDERS.items, fact)


@endpoint(
    blueprint,
    "POST",
    f"{_ONE}/accreditations",
    roles=WRITERS,
    scope="registry:write",
    body=NewAccreditation,
    answer=AccreditationOut,
    status=201,
)
def accredit_provider(
    body: dict[str, Any], provider_id: int
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """认定为继续教育基地"""
    unit = opening.visible_unit(PROVIDERS, actor(), provider_id)
    fact = accreditations.accredit(unit, body, source_of(actor(), "api"))
    return known(accreditations.ITEMS, fact), 201, {"Location": f"/api/v1/providers/{unit.id}"}


@endpoint(
    blueprint,
    "POST",
    f"{_ONE}/accreditations/<int:accreditation_id>/withdraw",
    roles=WRITERS,
    scope="registry:write",
    body=Withdrawal,
    answer=AccreditationOut,
)
def withdraw_accreditation(
    body: dict[str, Any], provider_id: int, accreditation_id: int
) -> dict[str, Any]:
    """撤销认定"""
    unit = opening.visible_unit(PROVIDERS, actor(), provider_id)
    fact = accreditations.withdraw(
        unit, accreditation_id, body["reason"], body.get("since"), source_of(actor(), "api")
    )
    return known(accreditations.ITEMS, fact)


def _shown(found: Any) -> list[dict[str, Any]]:
    return [known(accreditations.ITEMS, fact) for fact in found]
