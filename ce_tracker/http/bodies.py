"""How large a request may be: small, but for the routes that take files.

What is too large is refused before it is read, so the limit must be known before anything looks at
the form; each view carries its own, as it carries its access rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, request

View = TypeVar("View", bound=Callable[..., Any])

MB = 2**20
LARGEST_UPLOAD = 21 * MB
"""A file of 20 MB and the fields beside it."""


def with_largest_body(size: int) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.largest_body = size  # type: ignore[attr-defined]
        return view

    return mark


def apply_limit() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    largest = getattr(view, "largest_body", None)
    if largest is not None:
        request.max_content_length = largest
