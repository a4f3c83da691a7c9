"""One table of a pack's file, read key by key; what is wrong is noted and the reading goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ce_tracker.policy.reading import Param


@dataclass(frozen=True)
class Problem:
    file: str
    where: str
    expected: str

    def in_words(self) -> str:
        return "：".join(part for part in (self.file, self.where, self.expected) if part)


class Table:
    def __init__(
        self,
        found: dict[str, Any],
        file: str,
        problems: list[Problem],
        where: str = "",
        around: Table | None = None,
    ) -> None:
        self.found = found
        self.file = file
        self.wrong = False
        """Whether anything in it, or in a table inside it, was."""
        self._problems = problems
        self._where = where
        self._around = around
        self._taken: set[str] = set()

    def say(self, key: str, expected: str) -> None:
        where = ".".join(part for part in (self._where, key) if part)
        self._problems.append(Problem(self.file, where, expected))
        self._spoil()

    def _spoil(self) -> None:
        self.wrong = True
        if self._around is not None:
            self._around._spoil()  # noqa: SLF001  one of its own kind

    def take(self, param: Param) -> Any:
        """The value; of one that is wrong or missing, nothing."""
        self._taken.add(param.key)
        if param.key not in self.found:
            if param.required:
                self.say(param.key, "缺少这一项")
                return None
            return param.default
        try:
            return param.read(self.found[param.key])
        except ValueError as error:
            self.say(param.key, str(error))
            return None

    def table(self, key: str, *, required: bool) -> Table | None:
        self._taken.add(key)
        value = self.found.get(key)
        if value is None and not required:
            return None
        if not isinstance(value, dict):
            self.say(key, "缺少这一项" if value is None else "应是一组写在花括号或方括号标题下的项")
            return None
        return self._inner(value, key)

    def tables(self, key: str, *, least: int = 0) -> list[Table]:
        self._taken.add(key)
        value = self.found.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.say(key, f"应写成一个或几个 [[{key}]]")
            return []
        if len(value) < least:
            self.say(key, f"至少要有一个 [[{key}]]")
        return [self._inner(each, f"{key}[{place}]") for place, each in enumerate(value, 1)]

    def done(self) -> None:
        """Whatever was not asked for was meant to do something, so it is an error."""
        for key in self.found:
            if key not in self._taken:
                known = "、".join(sorted(self._taken))
                self.say(key, f"没有这一项，这里可以写的有：{known}")

    def _inner(self, value: dict[str, Any], key: str) -> Table:
        where = ".".join(part for part in (self._where, key) if part)
        return Table(value, self.file, self._problems, where, self)
