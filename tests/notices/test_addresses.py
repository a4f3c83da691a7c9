"""The address of an account: sealed, its owner's alone, and resealed like everything sealed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from ce_tracker.actor import Role
from ce_tracker.audit import AuditEntry
from ce_tracker.errors import Invalid
from ce_tracker.extensions import act_as, db
from ce_tracker.notices import addresses
from ce_tracker.notices.models import MailAddress
from ce_tracker.rotation import sealed_columns
from tests.factories import Account, Factory

ROOT = Path(__file__).parents[2]
GOOD = ("name@example.cn", "first.last+ce@mail.example.com.cn", "a@b.cn", " 7@example.cn ")
WRONG = ("", "name", "name@example", "name@@example.cn", "名字@example.cn", "a b@example.cn")
SMUGGLED = ("a@example.cn\nBcc: b@example.cn", "a@example.cn,b@example.cn", "<a@example.cn>")


@pytest.fixture
def somebody(web: Flask, make: Factory) -> Account:
    return make.account(Role.PROFESSIONAL)


@pytest.mark.parametrize("address", GOOD)
def test_an_address_that_was_entered_twice_is_kept(
    web: Flask, make: Factory, somebody: Account, address: str
) -> None:
    keyring = make.settings.keyring()
    with web.app_context():
        act_as(somebody.actor)
        addresses.enter(keyring, somebody.actor, "older@example.cn", "older@example.cn")
        addresses.enter(keyring, somebody.actor, address, address)
        assert addresses.own_address(keyring, somebody.actor) == address.strip()
        db.session.commit()
        db.session.remove()
    [kept] = db.session.query(MailAddress).all()
    assert address.strip().encode() not in kept.address_sealed
    entries = db.session.query(AuditEntry).filter_by(action="account.mail_entered").all()
    assert len(entries) == 2
    assert "@" not in str([(each.subject, each.facts) for each in entries])


@pytest.mark.parametrize("address", [*WRONG, *SMUGGLED, f"{'a' * 250}@example.cn"])
def test_what_is_no_single_address_is_refused(
    make: Factory, somebody: Account, address: str
) -> None:
    with pytest.raises(Invalid) as refused:
        addresses.enter(make.settings.keyring(), somebody.actor, address, address)
    assert [each["field"] for each in refused.value.facts["errors"]] == ["address"]


def test_two_different_addresses_are_refused(make: Factory, somebody: Account) -> None:
    with pytest.raises(Invalid) as refused:
        addresses.enter(make.settings.keyring(), somebody.actor, "a@example.cn", "b@example.cn")
    assert [each["field"] for each in refused.value.facts["errors"]] == ["again"]


def test_commands_about_keys_find_the_addresses() -> None:
    """They know only the models that they import."""
    asked = (
        "import ce_tracker.cli\nfrom ce_tracker.rotation import sealed_columns\n"
        "print(*(each.column for each in sealed_columns()))"
    )
    said = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(said.stdout.split()) == {str(each.column) for each in sealed_columns()}
    assert "mail_addresses.address_sealed" in said.stdout
