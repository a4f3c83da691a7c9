"""Structured logs: one JSON line per event on stderr, each with the request that it belongs to.

The request id follows a request into the jobs it asks for (`jobs.request_id`), so that one search
finds all that came of a click. No ID number passes (`ce_tracker.identity.hidden`).
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import structlog
from structlog.contextvars import (
    bind_contextvars,
    bound_contextvars,
    get_contextvars,
    reset_contextvars,
)

from ce_tracker.identity import hidden

_ACCEPTABLE = re.compile(r"[A-Za-z0-9_.-]{8,64}")
_SHORTEST_NUMBER = 15
# The library makes a variable when it is first bound. Here it is made once, before there are
# threads: two that bound it for the first time at once would each have one of its own.
reset_contextvars(**bind_contextvars(request_id=None))
_OURS = "ce_line"


def configure(level: str) -> None:
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=False),
        structlog.processors.format_exc_info,
        _hide_id_numbers,
    ]
    written = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    structlog.configure(
        processors=[*shared, written, _as_record],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Formatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared[:-1]],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _hide_id_numbers,
                written,
            ],
        )
    )
    # Of what no line here says, nothing is found out for each of them.
    logging._srcfile = None  # noqa: SLF001  as the library's own guide says
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        # Two lines for every ring of the bell would bury what jobs have to say.
        logging.getLogger(name).setLevel("WARNING")


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Of lines of ours, which come as they shall be, and of libraries'."""

    def format(self, record: logging.LogRecord) -> str:
        return record.getMessage() if hasattr(record, _OURS) else super().format(record)


def _as_record(_: Any, __: str, line: Any) -> tuple[tuple[str], dict[str, Any]]:
    return (line,), {"extra": {_OURS: True}}


def current_request_id() -> str | None:
    request_id: str | None = get_contextvars().get("request_id")
    return request_id


@contextmanager
def request(request_id: str | None) -> Iterator[str]:
    """All that is logged inside carries this id; one of our own where none usable is given."""
    usable = usable_id(request_id)
    with bound_contextvars(request_id=usable):
        yield usable


def usable_id(request_id: str | None) -> str:
    if (
        request_id is None
        or not _ACCEPTABLE.fullmatch(request_id)
        or hidden(request_id) != request_id
    ):
        return str(uuid4())
    return request_id


def _hide_id_numbers(_: Any, __: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {key: _hide(value) for key, value in line.items()}


def _hide(value: Any) -> Any:
    if isinstance(value, str):
        return hidden(value) if len(value) >= _SHORTEST_NUMBER else value
    if isinstance(value, dict):
        return {_hide(k): _hide(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_hide(v) for v in value]
    if isinstance(value, int) and abs(value) >= 10 ** (_SHORTEST_NUMBER - 1):
        return value if hidden(str(value)) == str(value) else hidden(str(value))
    return value
