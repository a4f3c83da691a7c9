"""Keys, and the two things done with them: sealing a value and indexing it.

*Sealed* (AES-256-GCM) is what must be read again: an ID number, a stored answer. *Indexed*
(HMAC-SHA-256) is what must be found again without being read. Both carry the number of the key
that made them in their first two bytes, so keys can be changed while the service runs: a new key
is put in front, old values still open, and a job seals them again (`ce_tracker.rotation`).

One key per version is kept outside the database. Each use draws its own key from it by HKDF, so
that an index never helps against a seal. A seal is bound to the place it was made for (`place`,
such as "professionals.id_number"): moved to another column, it does not open.

Of the laptop's own keys the first four bytes say `demo`; production refuses them.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
LEAST_SIGNATURE_BYTES = 16
VERSION_BYTES = 2
GATE_STAMP = "gate stamp"
"""The one index that the database itself can check (`ce_tracker.database`)."""
_DEMO_MARK = b"demo"
_INNER, _OUTER = 0x36, 0x5C
"""What HMAC pads its key with (RFC 2104)."""


class CannotOpenError(ValueError):
    """The sealed value was changed, moved, or made with a key that is no longer here."""


class Keyring:
    """Versioned keys; the highest version seals, the others still open."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self._keys = dict(keys)
        self.current = max(self._keys)

    @classmethod
    def parse(cls, text: str) -> Keyring:
        keys: dict[int, bytes] = {}
        for part in text.split(","):
            version, _, encoded = part.strip().partition(":")
            if not (version.isascii() and version.isdigit() and 0 < int(version) < 2**16):
                raise ValueError("每把密钥应写成 版本号：密钥，版本号是 1 到 65535 的整数")
            if int(version) in keys:
                raise ValueError(f"版本 {version} 出现了两次")
            try:
                key = base64.b64decode(_padded(encoded), altchars=b"-_", validate=True)
            except (binascii.Error, ValueError):
                raise ValueError(f"版本 {version} 的密钥不是 base64url") from None
            if len(key) != KEY_BYTES or len(set(key)) < KEY_BYTES // 4:
                raise ValueError(f"版本 {version} 的密钥应是 {KEY_BYTES} 个随机字节")
            keys[int(version)] = key
        return cls(keys)

    @classmethod
    def for_demo(cls) -> Keyring:
        return cls({1: _DEMO_MARK + os.urandom(KEY_BYTES - len(_DEMO_MARK))})

    def with_new_key(self) -> Keyring:
        fresh = os.urandom(KEY_BYTES)
        if self.made_for_demo:
            fresh = _DEMO_MARK + fresh[len(_DEMO_MARK) :]
        return Keyring({**self._keys, self.current + 1: fresh})

    def without(self, version: int) -> Keyring:
        return Keyring({v: key for v, key in self._keys.items() if v != version})

    def __str__(self) -> str:
        return ",".join(
            f"{version}:{base64.urlsafe_b64encode(key).decode().rstrip('=')}"
            for version, key in sorted(self._keys.items(), reverse=True)
        )

    def __repr__(self) -> str:
        return f"<Keyring versions {sorted(self._keys)}>"

    @property
    def versions(self) -> list[int]:
        return sorted(self._keys, reverse=True)

    @property
    def made_for_demo(self) -> bool:
        return any(key.startswith(_DEMO_MARK) for key in self._keys.values())

    def seal(self, plain: bytes, place: str) -> bytes:
        version = self.current.to_bytes(VERSION_BYTES)
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._derived("seal", self.current)).encrypt(nonce, plain, place.encode())
        return version + nonce + sealed

    def open(self, sealed: bytes, place: str) -> bytes:
        version = key_version(sealed)
        if version not in self._keys:
            raise CannotOpenError(f"no key of version {version} for {place}")
        nonce = sealed[VERSION_BYTES : VERSION_BYTES + NONCE_BYTES]
        body = memoryview(sealed)[VERSION_BYTES + NONCE_BYTES :]  # it may be a whole file
        try:
            return AESGCM(self._derived("seal", version)).decrypt(nonce, body, place.encode())
        except InvalidTag:
            raise CannotOpenError(f"{place}: changed, or sealed for another place") from None

    def index(self, plain: bytes, place: str, version: int | None = None) -> bytes:
        version = self.current if version is None else version
        digest = hmac.digest(self._derived(f"index {place}", version), plain, sha256)
        return version.to_bytes(VERSION_BYTES) + digest

    def indexer(self, place: str, version: int | None = None) -> Callable[[bytes], bytes]:
        """What `index` gives, for very many in a row: the two halves of HMAC that know only the
        key are worked out once."""
        version = self.current if version is None else version
        head = version.to_bytes(VERSION_BYTES)
        key = self._derived(f"index {place}", version).ljust(sha256().block_size, b"\0")
        inner, outer = (sha256(_padded_block(key, pad)) for pad in (_INNER, _OUTER))

        def index(plain: bytes) -> bytes:
            begun, ended = inner.copy(), outer.copy()
            begun.update(plain)
            ended.update(begun.digest())
            return head + ended.digest()

        return index

    def indexes(self, plain: bytes, place: str) -> list[bytes]:
        """Under every key: what to look for while a change of keys is under way."""
        return [self.index(plain, place, version) for version in self.versions]

    def sign(self, message: bytes, use: str) -> bytes:
        """A short-lived proof that we made `message` (a cursor, a form): current key alone."""
        return hmac.digest(self._derived(f"sign {use}", self.current), message, sha256)

    def signed_by_us(self, message: bytes, signature: bytes, use: str) -> bool:
        """The signature may have been shortened, to no less than 16 bytes."""
        return len(signature) >= LEAST_SIGNATURE_BYTES and any(
            hmac.compare_digest(
                hmac.digest(self._derived(f"sign {use}", version), message, sha256)[
                    : len(signature)
                ],
                signature,
            )
            for version in self.versions
        )

    def pads(self, use: str) -> dict[int, tuple[bytes, bytes]]:
        """For each key the two blocks that HMAC begins with, for somebody who is to check what
        `index` makes for this place and has nothing but a hash function."""
        found = {}
        for version in self.versions:
            key = self._derived(f"index {use}", version).ljust(sha256().block_size, b"\0")
            found[version] = (_padded_block(key, _INNER), _padded_block(key, _OUTER))
        return found

    def _derived(self, use: str, version: int) -> bytes:
        return _derive(self._keys[version], use)


@cache
def _derive(key: bytes, use: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"ce_tracker " + use.encode()).derive(key)


def _padded_block(key: bytes, pad: int) -> bytes:
    return bytes(byte ^ pad for byte in key)


def _padded(encoded: str) -> str:
    return encoded + "=" * (-len(encoded) % 4)


def key_version(value: bytes) -> int:
    return int.from_bytes(value[:VERSION_BYTES])


def derived_password(owner_password: str, role: str) -> str:
    """The password of a database role that was not given one of its own."""
    return hmac.new(owner_password.encode(), f"ce_tracker role {role}".encode(), sha256).hexdigest()
