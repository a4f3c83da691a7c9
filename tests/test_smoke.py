from flask import Flask

from ce_tracker.actor import Role
from tests.factories import Factory


def test_me_says_whom_the_token_acts_for(web: Flask, make: Factory) -> None:
    account = make.account(Role.EMPLOYER)
    answer = web.test_client().get("/api/v1/me", headers=account.bearer)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["login"] == account.actor.login
