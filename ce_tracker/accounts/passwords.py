"""Passwords: what is accepted, and how they are kept (argon2id)."""

from __future__ import annotations

from functools import cache

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

LEAST_LENGTH = 12
MOST_LENGTH = 200

# Long enough to pass the length rule, and yet the first that anybody would try.
_COMMON = frozenset(
    {
        "123456789012", "1234567890123", "12345678901234", "123456123456", "112233445566",
        "111111111111", "000000000000", "888888888888", "666666666666", "password1234",
        "passwordpassword", "qwertyuiop12", "qwertyuiop123", "qwertyuiopasdf", "1qaz2wsx3edc",
        "1q2w3e4r5t6y", "abcdefghijkl", "abcd12345678", "abc123456789", "aa123456789a",
        "woaini1314520", "woaini5201314", "5201314520131", "admin1234567", "administrator",
        "administrator1", "iloveyou1234", "zhongguo1234", "jixujiaoyu123", "mima12345678",
    }
)  # fmt: skip

# Of the memory there is one share for each who signs in at the same moment, in a process that is to
# stay within 200 MB; what that takes from the cost of guessing, the passes give back.
_hasher = argon2.PasswordHasher(memory_cost=32 * 1024, time_cost=6)


@cache
def _nobodys() -> str:
    """Verified against when the login is unknown, so that the answer takes as long."""
    return _hasher.hash("nobody has this password")


def prepare() -> None:
    """Before anybody signs in: or the first unknown login would take longer than a known one."""
    _nobodys()


def hashed(password: str) -> str:
    return _hasher.hash(password)


def matches(argon2_hash: str | None, password: str) -> bool:
    try:
        return _hasher.verify(argon2_hash or _nobodys(), password) and argon2_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def objection(password: str, login: str) -> str | None:
    """Why this may not be the password; nothing if it may."""
    if len(password) < LEAST_LENGTH:
        return f"密码至少要 {LEAST_LENGTH} 个字符。可以用几个不相干的词连成一句。"
    if len(password) > MOST_LENGTH:
        return f"密码最多 {MOST_LENGTH} 个字符。"
    plain = password.lower()
    if plain in _COMMON or len(set(plain)) < 4:  # noqa: PLR2004
        return "这个密码太常见，容易被猜到，请换一个。"
    if login in plain:
        return "密码中不能含有登录名，请换一个。"
    return None
