"""The user's own rows back, with a column that says what is wrong: mend it and upload it again."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence

import xlsxwriter

from ce_tracker.sheets.cells import Problem
from ce_tracker.sheets.headers import Column
from ce_tracker.sheets.values import Row


def marked_file(
    sheet: Iterable[Row],
    problems: Mapping[int, Sequence[Problem | str]],
    columns: Sequence[Column],
) -> bytes:
    raise NotImplementedError
