"""What each stable error code means: where a problem's `type` leads."""

from __future__ import annotations

from flask import render_template

from ce_tracker.errors import NotFound, all_errors
from ce_tracker.web.conventions import page


@page("/problems")
def problem_kinds() -> str:
    return render_template("problem_kinds.html", kinds=list(all_errors()))


@page("/problems/<string:code>")
def problem_kind(code: str) -> str:
    kind = next((kind for kind in all_errors() if kind.code == code), None)
    if kind is None:
        raise NotFound
    return render_template("problem_kind.html", kind=kind)
