"""Packs as rows that outlive their files, so that a verdict of years ago can be given again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from ce_tracker.errors import PacksError
from ce_tracker.policy.loading import pack_of
from ce_tracker.policy.packs import Pack, Packs, Version
from ce_tracker.policy.tables import Problem

_DAY = "__day__"


def kept(pack: Pack, version: Version) -> dict[str, Any]:
    """One version with its pack's name, as JSON can hold it."""
    return {
        "regime": pack.regime,
        "name": pack.name,
        "region": pack.region,
        "version": [_plain(version.says)],
    }


def restored(rows: Iterable[Mapping[str, Any]]) -> Packs:
    """Of versions that were accepted once, the packs that they made together."""
    problems: list[Problem] = []
    found: dict[str, Pack] = {}
    for row in rows:
        pack = pack_of(_dated(row), row["regime"], problems)
        if pack is None:
            raise PacksError([problem.in_words() for problem in problems])
        versions = pack.versions
        if pack.regime in found:
            versions += found[pack.regime].versions
        found[pack.regime] = Pack(
            pack.regime,
            pack.name,
            pack.region,
            tuple(sorted(versions, key=lambda version: version.in_force_from)),
        )
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return {_DAY: value.isoformat()}
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _dated(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {_DAY}:
            return date.fromisoformat(value[_DAY])
        return {key: _dated(each) for key, each in value.items()}
    return [_dated(each) for each in value] if isinstance(value, list) else value
