"""Passwords hashed at the least cost: a suite that signs in hundreds of times has better things to
do. What the real cost is, and that it is the same for everybody, has a test of its own."""

from __future__ import annotations

import argon2
import pytest

from ce_tracker.accounts import passwords

_CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_NOBODYS = _CHEAP.hash("nobody has this password")


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", _CHEAP)
    monkeypatch.setattr(passwords, "_nobodys", lambda: _NOBODYS)
