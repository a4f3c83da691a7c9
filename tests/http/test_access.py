"""Every route × every role × somebody else's object, found by walking the routes.

A new route is covered as soon as it is registered. What a test cannot guess is what a path
parameter names and what a body must hold: then it fails and says what to add here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.routing import IntegerConverter, Map, Rule
from werkzeug.test import TestResponse

from ce_tracker import clock
from ce_tracker.accounts.models import ApiToken, User, WebSession
from ce_tracker.accounts.sign_in import digest
from ce_tracker.accounts.tokens import SCOPES
from ce_tracker.actor import Role, Sector
from ce_tracker.compliance.exemptions import Exemption, span
from ce_tracker.extensions import db
from ce_tracker.http.access import Access
from ce_tracker.jobs import State
from ce_tracker.ledger.uploads import FILE as UPLOADED
from ce_tracker.ledger.uploads import HeldLine, HeldRow, Upload, sealed_line
from ce_tracker.notices.models import Mail, MailState, Message
from ce_tracker.policy.promoting import GATE
from ce_tracker.promotions.models import Application, Override
from ce_tracker.registry import facts, people
from ce_tracker.registry.dated import (
    Accreditation,
    Appointment,
    Appraisal,
    EmployerFact,
    ServiceSpell,
    Title,
)
from ce_tracker.registry.directories import DirectoryLine
from ce_tracker.registry.models import Employer
from ce_tracker.registry.rosters import FILE, RosterImport
from ce_tracker.training.models import SessionState, TrainingSession
from config import Settings
from tests.api.asking import described
from tests.factories import PASSWORD, WEIHAI, YINCHUAN, Account, Factory
from tests.http.apps import another
from tests.http.visitor import Visitor, signed_in
from tests.registry.lists import drafted
from tests.training.office import known_as

OPEN_TO_ANYBODY = {
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/docs",
    "/api/v1/openapi.json",
    "/sign-in",
    "/problems",
    "/problems/<string:code>",
    "/static/<path:filename>",
}
"""Routes that need no sign-in. One more is a decision, so it is written down."""

_REASON = {"reason": "对照原件改正"}
_SINCE = {"since": "2026-01-01", **_REASON}
_PERSON = "/api/v1/professionals/<int:professional_id>"
_KIND = (
    "/people/<int:professional_id>"
    '/<any("titles", "appointments", "service-spells", "appraisals"):kind>'
)
_LEVEL = {"level": "junior", "track": "unified", "series": "school", "valid_from": "2016-09-01"}
_FACTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "titles": ({"name": "三级教师", **_LEVEL}, {"valid_from": "2015-09-01"}),
    "appointments": (_LEVEL, {"valid_from": "2015-09-01"}),
    "service-spells": (
        {
            "unit": "远方的村小",
            "region": YINCHUAN,
            "rural": True,
            "township": True,
            "valid_from": "2016-09-01",
        },
        {"rural": False},
    ),
    "appraisals": ({"year": 2021, "grade": "competent"}, {"grade": "incompetent"}),
}
"""Kind of fact → one that may be entered, and a change that may be made to another."""

_EXEMPTION = {"year": 2024, "kind": "illness", "required": "45", "reason": "住院，见诊断证明"}
_LIST = "/api/v1/directories/<uuid:directory_id>"
_LISTED = _LIST.removeprefix("/api/v1")
_FUND = {"wages": "1250000.00", "training": "18750.00"}
_APPLICATION = "/api/v1/promotions/<int:application_id>"
_WORD = {"word": "情况已核实"}
_DECISION = {"decision": "returned", **_REASON}
_ROWS: dict[str, Any] = {"rows": [{"name": "远方的学员", "id_number": "371002198503127110"}]}

BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/tokens": {"name": "夜间同步", "scopes": ["me:read"]},
    "/api/v1/employers/<int:employer_id>": {"name": "远方新校", **_SINCE},
    "/api/v1/providers/<int:provider_id>": {"name": "远方新基地", **_SINCE},
    "/api/v1/providers/<int:provider_id>/accreditations": {
        "level": "city",
        "document": "银人社字〔2026〕1 号",
        "valid_from": "2026-01-01",
        "valid_to": "2029-01-01",
    },
    "/api/v1/providers/<int:provider_id>/accreditations/<int:accreditation_id>/withdraw": _REASON,
    **{f"{_PERSON}/{kind}": entered for kind, (entered, _) in _FACTS.items()},
    **{
        f"{_PERSON}/{kind}/<int:fact_id>/correct": {"changes": changes, **_REASON}
        for kind, (_, changes) in _FACTS.items()
    },
    **{f"{_PERSON}/{kind}/<int:fact_id>/withdraw": _REASON for kind in _FACTS},
    f"{_PERSON}/exemptions": _EXEMPTION,
    f"{_PERSON}/exemptions/<int:fact_id>/withdraw": _REASON,
    f"{_PERSON}/merge": {"into_id": 1, **_REASON},
    f"{_PERSON}/split": _REASON,
    "/api/v1/sessions/<int:session_id>": {"title": "远方的新班"},
    "/api/v1/sessions/<int:session_id>/revoke": _REASON,
    "/api/v1/sessions/<int:session_id>/attendance": _ROWS,
    "/api/v1/held-rows/<int:held_id>/admit": _REASON,
    "/api/v1/held-rows/<int:held_id>/refuse": _REASON,
    "/api/v1/years/<int:year>/close": {},
    "/api/v1/employers/<int:employer_id>/funds/<int:year>": _FUND,
    "/api/v1/sweeps": {"year": clock.today().year},
    "/api/v1/policies/judge": {
        "region": "370000",
        "year": 2025,
        "general": "30",
        "specialty": "60",
    },
    f"{_APPLICATION}/recommend": _WORD,
    f"{_APPLICATION}/examine": _DECISION,
    f"{_APPLICATION}/override": _REASON,
    f"{_LIST}/lines": {"name": "远方的卫生院"},
    f"{_LIST}/upload": {"lines": [{"name": "远方的卫生院"}]},
    f"{_LIST}/lines/<int:line_id>": {"name": "远方的中心学校"},
    f"{_LIST}/approve": {},
    f"{_LIST}/return": _REASON,
    "/api/v1/attendance": {"rows": [_ROWS["rows"][0] | {"session": "2026-0001"}]},
}
"""A body that is in order, for each route that asks for one."""

NEED_ANOTHER_RECORD = {
    f"{_PERSON}/merge",
    f"{_PERSON}/split",
    "/people/<int:professional_id>/merge",
    "/people/<int:professional_id>/split",
}
"""One person's record is not enough for these: tests/*/test_merging.py have two."""

FORMS: dict[str, dict[str, Any]] = {
    "/people/<int:professional_id>/id-number": {"purpose": "核对申报材料", "password": PASSWORD},
    f"{_KIND}/new": {
        "name": "三级教师",
        "level": "junior",
        "track": "unified",
        "series": "school",
        "valid_from": "2016-09-01",
    },
    f"{_KIND}/<int:fact_id>/correct": {
        "name": "二级教师",
        "level": "junior",
        "track": "unified",
        "series": "school",
        "valid_from": "2016-09-01",
        **_REASON,
    },
    f"{_KIND}/<int:fact_id>/withdraw": _REASON,
    "/people/<int:professional_id>/exemptions/new": _EXEMPTION,
    "/people/<int:professional_id>/exemptions/<int:fact_id>/withdraw": _REASON,
    "/sessions/<int:session_id>/change": {
        "title": "远方的新班",
        "course": "统编教材的单元教学",
        "subject": "general",
        "purpose": "ordinary",
        "training_form": "class",
        "online": "yes",
        "starts_at": "2026-03-02T09:00",
        "ends_at": "2026-03-02T17:00",
        "hours": "8",
    },
    "/sessions/<int:session_id>/revoke": _REASON,
    "/held-rows/<int:held_id>/decide": {"decision": "admit", **_REASON},
    "/promotions/<int:application_id>/recommend": _WORD,
    "/promotions/<int:application_id>/examine": _DECISION,
    "/promotions/<int:application_id>/override": _REASON,
    "/employers/<int:employer_id>/change": {
        "name": "远方新校",
        "region": YINCHUAN,
        "level": "city",
        "affiliation": "city",
        "sector": "education",
        "public_institution": "yes",
        **_SINCE,
    },
    "/providers/<int:provider_id>/change": {
        "name": "远方新基地",
        "kind": "base",
        "region": YINCHUAN,
        "sector": "education",
        **_SINCE,
    },
    "/providers/<int:provider_id>/accreditations/new": {
        "level": "city",
        "document": "银人社字〔2026〕1 号",
        "valid_from": "2026-01-01",
        "valid_to": "2028-12-31",
    },
    "/providers/<int:provider_id>/accreditations/<int:accreditation_id>/withdraw": {
        "how": "mistake",
        **_REASON,
    },
    f"{_LISTED}/lines/new": {"name": "远方的卫生院"},
    f"{_LISTED}/lines/<int:line_id>": {"name": "远方的中心学校"},
    f"{_LISTED}/upload": {"file": (Path(__file__).with_name("units.csv"), "目录清单.csv")},
    f"{_LISTED}/return": _REASON,
    "/sessions/<int:session_id>/attendance/new": {"file": (__file__, "名单.csv"), "mode": "add"},
}
"""A form that is filled in as it should be, for each page that asks for more than a button."""


def _job(world: World) -> str:
    job = world.make.job(
        state=State.DEAD,
        asked_by=world.stranger.user.id,
        region_path=world.stranger.user.region_path,
    )
    return str(job.id)


def _token(world: World) -> str:
    secret = world.make.token(world.stranger.user)
    found = db.session.query(ApiToken).filter_by(digest=digest(secret)).one()
    return str(found.id)


def _web_session(world: World) -> str:
    now = clock.now()
    row = WebSession(
        digest=uuid4().bytes,
        user_id=world.stranger.user.id,
        device="别人的手机",
        address="203.0.113.9",
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(hours=1),
    )
    db.session.add(row)
    db.session.commit()
    return str(row.id)


def _session(world: World) -> str:
    """A draft: what was published everybody may read of."""
    session = world.make.session(
        world.strange_provider, id=world.number(), title="远方的班", state="draft"
    )
    return str(session.id)


def _published(session_id: str) -> None:
    session = db.session.get_one(TrainingSession, int(session_id))
    session.state, session.published_at = SessionState.PUBLISHED, session.created_at
    db.session.commit()


def _employer(world: World) -> str:
    unit = world.make.employer(YINCHUAN, id=world.number())
    described(unit)
    return str(unit.id)


def _provider(world: World) -> str:
    """With an accreditation of the same number."""
    unit = world.make.provider(YINCHUAN, id=world.number())
    described(unit)
    period = {"valid_from": date(2020, 1, 1), "valid_to": date(2030, 1, 1)}
    facts.record(
        Accreditation(
            id=unit.id, provider_id=unit.id, level="city", document="1 号", field_codes=[], **period
        ),
        "test",
    )
    db.session.commit()
    return str(unit.id)


def _professional(world: World) -> str:
    """With a fact of each kind, each of the same number."""
    unit = world.make.employer(YINCHUAN)
    person = world.make.professional("远方的老师", id=world.number())
    people.employ(person, unit.id, None, date(2020, 1, 1), "test")
    common: dict[str, Any] = {
        "id": person.id,
        "professional_id": person.id,
        "valid_from": date(2020, 1, 1),
    }
    level = {"level": "junior", "track": "unified", "series_code": "school"}
    place = {"region_path": world.make.path(YINCHUAN), "rural": True, "township": True}
    for fact in (
        Title(name="二级教师", **level, **common),
        Appointment(employer_id=unit.id, **level, **common),
        ServiceSpell(unit="远方的学校", **place, **common),
        Appraisal(grade="excellent", valid_to=date(2021, 1, 1), **common),
        Exemption(kind="illness", required_x100=0, reason="住院", **common | span(2020)),
    ):
        facts.record(fact, "test")
    db.session.commit()
    return str(person.id)


def _directory(world: World) -> str:
    """A draft of the stranger's own, with a line."""
    year = 3000 + world.number() % 20_000
    found = drafted(world.make, YINCHUAN, [], year)
    line = {"id": world.latest, "place": 1, "name": "远方的单位"}
    db.session.add(DirectoryLine(directory_id=found.id, **line))
    db.session.commit()
    return str(found.id)


def _filed(directory_id: str) -> None:
    """By a county of the stranger's, which has no other that is open."""
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    db.session.execute(
        text(
            "UPDATE directories SET state = 'approved', in_force_from = :today"
            " WHERE region_path LIKE '%/640104' AND state <> 'approved'"
        ),
        {"today": clock.today()},
    )
    db.session.execute(
        text(
            "UPDATE directories SET state = 'filed', region_path = region_path || '/640104',"
            " year = extract(year FROM CAST(:today AS date)), edition = 1 + (SELECT count(*)"
            " FROM directories) WHERE id = :id"
        ),
        {"id": directory_id, "today": clock.today()},
    )
    db.session.commit()


def _of_the_latest(world: World) -> str:
    """What is known of the person or unit that stands before it in the address."""
    return str(world.latest)


def _roster(world: World) -> str:
    owner, keyring = world.strange_employer, world.make.settings.keyring()
    data = f"姓名,证件号码,备注\n钱远,,{uuid4()}\n".encode()
    row = RosterImport(
        employer_id=owner.actor.employer_id,
        asked_by=owner.user.id,
        file_name="别人的名单.csv",
        file_sealed=keyring.seal(data, FILE),
        file_index=keyring.index(data, FILE),
        typed=False,
        mode="add",
        as_of=clock.today(),
        state="previewed",
        created_at=clock.now(),
    )
    db.session.add(row)
    db.session.commit()
    return str(row.id)


def _upload(world: World) -> str:
    """Looked at, and waiting for a yes."""
    owner, keyring = world.strange_provider, world.make.settings.keyring()
    data = f"姓名,证件号码,班次编号\n钱远,,{uuid4()}\n".encode()
    row = Upload(
        provider_id=owner.actor.provider_id,
        asked_by=owner.user.id,
        file_name="别人的学时名单.csv",
        file_sealed=keyring.seal(data, UPLOADED),
        file_index=keyring.index(data, UPLOADED),
        typed=False,
        mode="add",
        post_asked=False,
        state="previewed",
        created_at=clock.now(),
    )
    db.session.add(row)
    db.session.commit()
    return str(row.id)


def _held(world: World) -> str:
    keyring = world.make.settings.keyring()
    session = world.make.session(world.strange_provider, title="远方的公开班")
    row = HeldRow(
        id=world.number(),
        upload_id=UUID(_upload(world)),
        provider_id=session.provider_id,
        session_id=session.id,
        row_number=2,
        hours_x100=800,
        finished_on=date(2025, 3, 6),
        closed_year=2025,
        professional_id=int(_professional(world)),
        line_sealed=sealed_line(keyring, HeldLine("远方的学员", "7110", [])),
        id_number_index=uuid4().bytes,
        state="held",
        held_at=clock.now(),
    )
    db.session.add(row)
    db.session.commit()
    return str(row.id)


def _message(world: World) -> str:
    row = Message(
        region_path=world.stranger.actor.region_path,
        night=date(2026, 1, 1) + timedelta(days=world.number() % 50_000),
        year=2026,
        facts={"days_left": 30, "due": "2026-06-30", "state": None, "directory": []},
        created_at=clock.now(),
    )
    db.session.add(row)
    db.session.commit()
    return str(row.id)


def _mail(world: World) -> str:
    row = Mail(
        message_id=UUID(_message(world)),
        user_id=world.strange_employer.user.id,
        state=MailState.GIVEN_UP,
        due_at=clock.now(),
        error="远方的邮件服务器拒收",
    )
    db.session.add(row)
    db.session.commit()
    return str(row.id)


def _application(world: World) -> str:
    """A draft that the strange employer's person may not submit without service below."""
    unit = db.session.get_one(Employer, world.strange_employer.actor.employer_id)
    if db.session.query(EmployerFact).filter_by(employer_id=unit.id).first() is None:
        described(unit)
    person = world.make.professional("远方的申报人", id=world.number())
    people.employ(person, unit.id, None, clock.today(), "test")
    row = Application(
        id=world.latest,
        professional_id=person.id,
        employer_id=unit.id,
        region_path=unit.region_path,
        sector=unit.sector,
        level="associate_senior",
        track="unified",
        series_code="school",
        field_code="school-01",
        drafted_at=clock.now(),
    )
    db.session.add(row)
    db.session.commit()
    return str(row.id)


def _set_aside(application_id: str) -> None:
    """What stops it, by somebody who may."""
    user = db.session.query(User).first()
    assert user is not None
    db.session.add(
        Override(
            application_id=int(application_id),
            rules=[kind.number for kind in GATE],
            reason="援藏三年",
            granted_at=clock.now(),
            granted_by=user.id,
            granted_by_name="某厅",
        )
    )
    db.session.commit()


def _recommended(application_id: str) -> None:
    _set_aside(application_id)
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    db.session.execute(
        text("UPDATE applications SET state = 'recommended' WHERE id = :id"),
        {"id": int(application_id)},
    )
    db.session.commit()


def _submitted(application_id: str) -> None:
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    db.session.execute(
        text(
            "UPDATE applications SET state = 'submitted', submitted_on = :today, verdict_id = id,"
            " year = extract(year FROM CAST(:today AS date)) WHERE id = :id"
        ),
        {"today": clock.today(), "id": int(application_id)},
    )
    db.session.commit()


OWNED: dict[str, Callable[[World], str]] = {
    "import_id": _roster,
    "employer_id": _employer,
    "provider_id": _provider,
    "professional_id": _professional,
    "accreditation_id": _of_the_latest,
    "fact_id": _of_the_latest,
    "directory_id": _directory,
    "line_id": _of_the_latest,
    "job_id": _job,
    "token_id": _token,
    "session_id": _session,
    "upload_id": _upload,
    "held_id": _held,
    "application_id": _application,
    "message_id": _message,
    "mail_id": _mail,
    "web_session_id": _web_session,
}
"""For each path parameter that names somebody's object: makes one of the stranger's."""

READY: dict[str, Callable[[str], None]] = {
    f"{_APPLICATION}/recommend": _set_aside,
    f"{_APPLICATION}/submit": _recommended,
    f"{_APPLICATION}/examine": _submitted,
    "/promotions/<int:application_id>/recommend": _set_aside,
    "/promotions/<int:application_id>/submit": _recommended,
    "/promotions/<int:application_id>/examine": _submitted,
    f"{_LIST}/approve": _filed,
    f"{_LIST}/return": _filed,
    f"{_LISTED}/approve": _filed,
    f"{_LISTED}/return": _filed,
    "/api/v1/sessions/<int:session_id>/close": _published,
    "/sessions/<int:session_id>/close": _published,
    "/api/v1/sessions/<int:session_id>/attendance": _published,
    "/sessions/<int:session_id>/attendance/new": _published,
}
"""What must become of an object before its owner can do this to it."""

COMMON = {
    "sweep_id": "987699999",
    "year": "1999",
    "code": "999999",
    "filename": "nothing.css",
    "kind": "titles",
}
"""Path parameters that name what belongs to nobody, each with a value that names nothing."""


@dataclass(frozen=True)
class Route:
    rule: Rule
    method: str
    access: Access

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule}"

    @property
    def api(self) -> bool:
        return self.rule.rule.startswith("/api/")

    @property
    def page(self) -> bool:
        return str(self.rule.endpoint).startswith("web.")

    @property
    def owned(self) -> set[str]:
        return self.rule.arguments & set(OWNED)


def routes(app: Flask) -> list[Route]:
    return [
        Route(rule, method, getattr(app.view_functions[rule.endpoint], "access", None))  # type: ignore[arg-type]
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


@dataclass
class World:
    """Accounts of every kind in Weihai, and a stranger in Yinchuan who owns what is foreign."""

    web: Flask
    make: Factory
    objects: list[str] = field(default_factory=list)
    latest: int = 987_650_000
    """A number that stands on no page by chance."""

    def number(self) -> int:
        self.latest += 1
        return self.latest

    @cached_property
    def stranger(self) -> Account:
        account = self.make.account(Role.AUTHORITY, YINCHUAN)
        account.user.display_name = "远方来客"
        db.session.commit()
        return account

    @cached_property
    def strange_employer(self) -> Account:
        """In the stranger's charge, with what only an employer can have."""
        return self.make.account(Role.EMPLOYER, YINCHUAN)

    @cached_property
    def strange_provider(self) -> Account:
        """In the stranger's charge, too; of a kind that needs no accreditation."""
        account = self.make.account(Role.PROVIDER, YINCHUAN)
        known_as(account, "university")
        return account

    def owner(self, route: Route) -> Account:
        """Of what the route's parameters name: of the three, who may use the route."""
        if Role.AUTHORITY in route.access.roles:
            return self.stranger
        if Role.PROVIDER in route.access.roles:
            return self.strange_provider
        return self.strange_employer

    @cached_property
    def askers(self) -> list[Account]:
        return [
            *(self.make.account(role, WEIHAI) for role in Role),
            self.make.account(Role.AUTHORITY, WEIHAI, Sector.HEALTH),
        ]

    def routes(self) -> list[Route]:
        return routes(self.web)

    def address(self, route: Route, *, missing: bool = False) -> str:
        values = {}
        for name in sorted(
            route.rule.arguments, key=lambda name: OWNED.get(name) is _of_the_latest
        ):
            if name in COMMON:
                values[name] = COMMON[name]
            elif name not in OWNED:
                pytest.fail(unknown_parameter(name))
            elif name == "employer_id" and Role.AUTHORITY not in route.access.roles:
                # An employer's own affair: there is one employer that it can be of.
                own = self.strange_employer.actor.employer_id
                values[name] = "987699999" if missing else str(own)
            elif missing:
                numbered = isinstance(route.rule._converters[name], IntegerConverter)
                values[name] = "987699999" if numbered else str(uuid4())
            else:
                values[name] = OWNED[name](self)
                self.objects.append(values[name])
        _, path = route.rule.build(values) or ("", "")
        return str(path)

    def call(
        self, route: Route, address: str, headers: dict[str, str] | None = None
    ) -> TestResponse:
        body = BODIES.get(route.rule.rule) if route.method in {"POST", "PUT", "PATCH"} else None
        return self.web.test_client().open(
            address, method=route.method, headers=headers or {}, json=body
        )

    def visit(self, visitor: Visitor, route: Route, address: str, form: Any = None) -> TestResponse:
        if route.method == "POST":
            return visitor.post(address, form or FORMS.get(route.rule.rule))
        return visitor.get(address)


def unknown_parameter(name: str) -> str:
    return (
        f"tests/http/test_access.py does not know the path parameter <{name}>: add it to OWNED, "
        "with what makes one that belongs to somebody else, or to COMMON if it belongs to nobody"
    )


@pytest.fixture
def world(web: Flask, make: Factory) -> World:
    return World(web, make)


@pytest.fixture(params=["both layers", "without row security"])
def each_layer(
    request: pytest.FixtureRequest, web: Flask, make: Factory, settings: Settings
) -> Iterator[World]:
    """As the tables' owner there is no row security: what `visible_to` forgets then shows.

    The other layer alone is `tests/test_isolation.py`, which asks in raw SQL.
    """
    if request.param == "both layers":
        yield World(web, make)
        return
    with another(settings, web_database_url=settings.database_url) as app:
        yield World(app, make)


def same(answer: TestResponse, other: TestResponse) -> bool:
    """Nothing but the request's own number tells them apart."""

    def plain(of: TestResponse) -> tuple[int, str, dict[str, str]]:
        number = of.headers["X-Request-ID"]
        headers = {k: v.replace(number, "") for k, v in of.headers if k != "Date"}
        return of.status_code, of.text.replace(number, ""), headers

    return plain(answer) == plain(other)


def is_problem(answer: TestResponse, status: int, code: str) -> bool:
    return (
        answer.status_code == status
        and answer.content_type == "application/problem+json"
        and bool(answer.get_json()["code"] == code)
    )


def test_every_route_says_who_may_call_it(web: Flask) -> None:
    without = [str(route) for route in routes(web) if not isinstance(route.access, Access)]
    assert without == [], "put a rule on the view with @endpoint, @page or @guarded"


def test_only_the_named_routes_are_open_to_anybody(web: Flask) -> None:
    assert {route.rule.rule for route in routes(web) if route.access.public} == OPEN_TO_ANYBODY


def test_every_api_route_that_is_not_open_needs_a_scope_that_exists(web: Flask) -> None:
    without = [
        str(route)
        for route in routes(web)
        if route.api and not route.access.public and route.access.scope not in SCOPES
    ]
    assert without == []


def test_every_path_parameter_is_known_to_these_tests(web: Flask) -> None:
    for route in routes(web):
        for name in sorted(route.rule.arguments):
            assert name in OWNED or name in COMMON, unknown_parameter(name)


def test_an_unknown_path_parameter_fails_with_what_to_add(web: Flask, make: Factory) -> None:
    route = Route(Rule("/papers/<int:paper_id>"), "GET", Access(frozenset(Role)))
    route.rule.bind(Map())
    with pytest.raises(pytest.fail.Exception, match=r"<paper_id>: add it to OWNED"):
        World(web, make).address(route)


def test_the_owner_of_an_object_finds_it_by_every_route(world: World) -> None:
    """Or all that follows would hold of routes that find nothing for anybody."""
    visitors = {
        owner.user.id: signed_in(world.web, owner)
        for owner in (world.stranger, world.strange_employer, world.strange_provider)
    }
    for route in world.routes():
        if not route.owned or route.rule.rule in NEED_ANOTHER_RECORD:
            continue
        address, owner = world.address(route), world.owner(route)
        if ready := READY.get(route.rule.rule):
            ready(world.objects[-1])
        if route.api:
            answer = world.call(route, address, owner.bearer)
        else:
            answer = world.visit(visitors[owner.user.id], route, address)
        assert answer.status_code < 400, (str(route), answer.text)


def test_nobody_is_refused_by_every_api_route_alike(world: World) -> None:
    make, someone = world.make, world.askers[0]
    out = make.account(Role.AUTHORITY)
    out.user.disabled_at = clock.now()
    db.session.merge(out.user)
    revoked = make.token(someone.user)
    db.session.query(ApiToken).filter_by(digest=digest(revoked)).update({"revoked_at": clock.now()})
    db.session.commit()
    nobodies = {
        "no token": {},
        "a made-up token": {"Authorization": "Bearer ce_made_up"},
        "an expired token": {
            "Authorization": f"Bearer {make.token(someone.user, life=timedelta(seconds=-1))}"
        },
        "a revoked token": {"Authorization": f"Bearer {revoked}"},
        "a disabled account": out.bearer,
        "another scheme": {"Authorization": f"Basic {someone.token}"},
        "a sign-in's cookie": {
            "Cookie": f"ce-session={signed_in(world.web, someone).cookie('session')}"
        },
    }
    for route in world.routes():
        if not route.api or route.access.public:
            continue
        for who, headers in nobodies.items():
            foreign = world.call(route, world.address(route), headers)
            assert is_problem(foreign, 401, "not_signed_in"), (str(route), who, foreign.text)
            assert foreign.headers["WWW-Authenticate"] == "Bearer", (str(route), who)
            missing = world.call(route, world.address(route, missing=True), headers)
            assert same(foreign, missing), (str(route), who)


def test_nobody_is_led_from_every_page_to_the_sign_in(world: World) -> None:
    """The web's form of 401."""
    for route in world.routes():
        if not route.page or route.access.public:
            continue
        for missing in (False, True):
            answer = Visitor(world.web).client.open(
                world.address(route, missing=missing), method=route.method
            )
            assert answer.status_code == 302, str(route)
            assert answer.location.split("?")[0] == "/sign-in", str(route)


def test_a_token_opens_no_page(world: World) -> None:
    for route in world.routes():
        if route.page and not route.access.public:
            answer = world.call(route, world.address(route), world.askers[0].bearer)
            assert answer.status_code == 302, str(route)


def test_a_role_that_a_route_is_not_for_is_refused_whatever_it_asks_for(world: World) -> None:
    refused = set()
    for asker in world.askers:
        visitor = signed_in(world.web, asker)
        for route in world.routes():
            if route.access.public or asker.actor.role in route.access.roles:
                continue
            for missing in (False, True):
                address = world.address(route, missing=missing)
                if route.api:
                    answer = world.call(route, address, asker.bearer)
                    assert is_problem(answer, 403, "not_allowed"), (str(route), answer.text)
                else:
                    answer = world.visit(visitor, route, address)
                    assert answer.status_code == 403, (str(route), asker.actor.role)
                    assert "这项功能不对" in answer.text, str(route)
            refused.add(asker.actor.role)
    assert refused == set(Role)


def test_a_token_without_the_scope_is_refused_whatever_it_asks_for(world: World) -> None:
    for asker in world.askers:
        for route in world.routes():
            if not route.api or asker.actor.role not in route.access.roles:
                continue
            others = tuple(scope for scope in SCOPES if scope != route.access.scope)
            bearer = {"Authorization": f"Bearer {world.make.token(asker.user, others)}"}
            for missing in (False, True):
                answer = world.call(route, world.address(route, missing=missing), bearer)
                assert is_problem(answer, 403, "not_allowed"), (str(route), answer.text)
                assert str(route.access.scope) in answer.get_json()["detail"]


def test_a_first_password_opens_nothing_but_its_own_change(world: World) -> None:
    for role in Role:
        asker = world.make.account(role, WEIHAI, first_password=True)
        visitor = Visitor(world.web)
        assert visitor.sign_in(asker).location == "/account/password"
        for route in world.routes():
            if asker.actor.role not in route.access.roles or route.access.before_password_change:
                continue
            address = world.address(route)
            if route.api:
                answer = world.call(route, address, asker.bearer)
                assert is_problem(answer, 403, "password_change_needed"), (str(route), answer.text)
            else:
                answer = world.visit(visitor, route, address)
                assert answer.status_code == 302, str(route)
                assert answer.location == "/account/password", str(route)


def test_what_is_somebody_elses_is_missing_exactly_as_what_does_not_exist(
    each_layer: World,
) -> None:
    world = each_layer
    seen = set()
    for asker in world.askers:
        visitor = signed_in(world.web, asker)
        for route in world.routes():
            if not route.rule.arguments or asker.actor.role not in route.access.roles:
                continue
            addresses = world.address(route), world.address(route, missing=True)
            if route.api:
                foreign, missing = (world.call(route, a, asker.bearer) for a in addresses)
                assert foreign.status_code not in {415, 422}, f"add a body for {route} to BODIES"
                assert is_problem(foreign, 404, "not_found"), (str(route), foreign.text)
            else:
                foreign, missing = (world.visit(visitor, route, a) for a in addresses)
                assert foreign.status_code == 404, (str(route), asker.actor.role)
            assert same(foreign, missing), (str(route), asker.actor.role, foreign.text)
            seen |= route.owned
    assert seen == set(OWNED)


def test_no_answer_shows_a_trace_of_what_is_somebody_elses(each_layer: World) -> None:
    world = each_layer
    for parameter in OWNED.values():
        world.objects.append(parameter(world))
    world.make.employer(YINCHUAN).name = "远方的学校"
    db.session.commit()
    traces = [
        *world.objects,
        str(world.stranger.actor.user_id),
        "远方来客",
        "远方的学校",
        "别人的手机",
        "别人的名单",
        "远方的班",
        "别人的学时名单",
        "远方的学员",
        "远方的单位",
        "远方的邮件服务器",
        "远方的申报人",
    ]
    for asker in world.askers:
        visitor = signed_in(world.web, asker)
        for route in world.routes():
            if route.method != "GET" or route.rule.arguments:
                continue
            if route.api:
                answer = world.call(route, route.rule.rule, asker.bearer)
            else:
                answer = visitor.get(route.rule.rule)
            # A spreadsheet is no text.
            said = answer.data.decode(errors="replace")
            shown = [trace for trace in traces if trace in said]
            assert shown == [], (str(route), asker.actor.role)


def test_a_form_that_is_not_from_the_page_shown_to_this_browser_is_refused(world: World) -> None:
    both = {
        role: (signed_in(world.web, asker), signed_in(world.web, asker).csrf_token())
        for role, asker in ((role, world.make.account(role, WEIHAI)) for role in Role)
    }
    posts = [route for route in world.routes() if route.page and route.method == "POST"]
    for route in posts:
        # One for whom the page is: of others the role is looked at first.
        visitor, others = both[min(route.access.roles, default=Role.AUTHORITY)]
        own = visitor.csrf_token()
        tokens = {"none": None, "made up": "0" * 64, "another browser's": others}
        for which, token in tokens.items():
            data = {} if token is None else {"csrf_token": token}
            answer = visitor.client.post(world.address(route), data=data)
            assert answer.status_code == 403, (str(route), which)
            assert "页面已过期" in answer.text, (str(route), which)
        elsewhere = visitor.client.post(
            world.address(route),
            data={"csrf_token": own},
            headers={"Sec-Fetch-Site": "cross-site"},
        )
        assert elsewhere.status_code == 403, str(route)
    assert posts


def test_a_refused_form_changes_nothing(world: World) -> None:
    asker = world.make.account(Role.AUTHORITY, WEIHAI)
    visitor = signed_in(world.web, asker)
    visitor.client.post("/sign-out")
    visitor.client.post("/account/tokens/new", data={"name": "x", "scopes": "me:read", "days": "7"})
    assert visitor.signed_in()
    names = db.session.execute(text("SELECT name FROM api_tokens")).scalars().all()
    assert names == ["测试"]
