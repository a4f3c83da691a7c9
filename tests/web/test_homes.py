"""What somebody sees first after signing in."""

from __future__ import annotations

import re

from flask import Flask

from ce_tracker.actor import Role
from tests.factories import Factory
from tests.http.visitor import signed_in

HEADING = re.compile(r'<h2 id="(overview|jobs)-title">')


def test_an_authority_sees_its_region_before_the_machinery_unless_that_has_stopped(
    web: Flask, make: Factory
) -> None:
    account = make.account(Role.AUTHORITY)
    visitor = signed_in(web, account)
    assert HEADING.findall(visitor.get("/").text) == ["overview", "jobs"]
    make.job(asked_by=account.user.id, state="dead")
    assert HEADING.findall(visitor.get("/").text) == ["jobs", "overview"]
