"""Keys: what is sealed opens only here, only in its place, and under any key that we keep."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ce_tracker.sealing import CannotOpenError, Keyring, derived_password, key_version

ONE = Keyring({1: bytes(range(32))})
TWO = ONE.with_new_key()
PLACE = "professionals.id_number"


@given(st.binary(max_size=2000))
def test_what_was_sealed_opens_to_the_same(plain: bytes) -> None:
    assert ONE.open(ONE.seal(plain, PLACE), PLACE) == plain


@given(st.binary(min_size=1, max_size=40))
def test_the_same_value_never_seals_the_same_way_twice(plain: bytes) -> None:
    assert ONE.seal(plain, PLACE) != ONE.seal(plain, PLACE)


@given(st.binary(max_size=40), st.data())
def test_one_changed_byte_does_not_open(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(ONE.seal(plain, PLACE))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CannotOpenError):
        ONE.open(bytes(sealed), PLACE)


def test_a_value_moved_to_another_column_does_not_open() -> None:
    with pytest.raises(CannotOpenError):
        ONE.open(ONE.seal(b"370602199001011234", PLACE), "users.note")


def test_every_value_carries_the_version_of_its_key() -> None:
    assert key_version(ONE.seal(b"x", PLACE)) == 1
    assert key_version(TWO.seal(b"x", PLACE)) == 2
    assert key_version(TWO.index(b"x", PLACE)) == 2


def test_old_values_open_after_a_new_key_came() -> None:
    assert TWO.open(ONE.seal(b"kept", PLACE), PLACE) == b"kept"


def test_a_retired_key_opens_nothing() -> None:
    with pytest.raises(CannotOpenError):
        TWO.without(1).open(ONE.seal(b"gone", PLACE), PLACE)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_an_index_finds_the_same_value_and_no_other(one: bytes, other: bytes) -> None:
    assert (ONE.index(one, PLACE) == ONE.index(other, PLACE)) == (one == other)


def test_an_index_of_another_column_is_another_index() -> None:
    assert ONE.index(b"x", PLACE) != ONE.index(b"x", "users.phone")


def test_during_a_change_of_keys_both_indexes_are_looked_for() -> None:
    assert TWO.indexes(b"x", PLACE) == [TWO.index(b"x", PLACE), ONE.index(b"x", PLACE)]


def test_a_signature_holds_for_its_message_use_and_key() -> None:
    signature = ONE.sign(b"message", "cursor")
    assert TWO.signed_by_us(b"message", signature, "cursor")
    assert TWO.signed_by_us(b"message", signature[:16], "cursor")
    assert not ONE.signed_by_us(b"massage", signature, "cursor")
    assert not ONE.signed_by_us(b"message", signature, "form")
    assert not ONE.signed_by_us(b"message", b"", "cursor")
    assert not ONE.signed_by_us(b"message", signature[:15], "cursor")


def test_keys_written_out_are_read_back() -> None:
    again = Keyring.parse(str(TWO))
    assert again.versions == [2, 1]
    assert again.open(TWO.seal(b"x", PLACE), PLACE) == b"x"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "1:",
        "0:" + "A" * 43,
        "1:" + "A" * 43,  # 32 equal bytes are not random
        "1:" + "ABCD" * 4,
        "70000:" + str(ONE)[2:],
        f"{ONE},{ONE}",
        "１:" + str(ONE)[2:],
    ],
)
def test_a_malformed_key_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"密钥|版本"):
        Keyring.parse(text)


def test_demo_keys_stay_demo_keys_when_changed() -> None:
    assert Keyring.for_demo().with_new_key().made_for_demo
    assert not TWO.made_for_demo


def test_a_keyring_never_shows_its_keys() -> None:
    assert repr(TWO) == "<Keyring versions [1, 2]>"


def test_the_passwords_of_the_roles_differ_and_lead_back_to_nothing() -> None:
    web, worker = derived_password("owner", "ce_web"), derived_password("owner", "ce_worker")
    assert web != worker
    assert "owner" not in web
    assert web == derived_password("owner", "ce_web")
