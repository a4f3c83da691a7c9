"""The whole service, as `ce-tracker up` starts it, with what a measurement of it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psycopg

from benchmarks.watching import Peaks
from ce_tracker import database
from ce_tracker.app import create_app
from ce_tracker.extensions import db
from ce_tracker.up import Supervisor
from config import DatabaseRole, Settings


class Whole(NamedTuple):
    settings: Settings
    owner: psycopg.Connection
    peaks: Peaks
    """Of our own processes."""


@contextmanager
def whole_service(
    wanted: Settings, arrange: Callable[[Settings], None] = lambda _: None
) -> Iterator[Whole]:
    """`arrange`: what must be there before anybody is served."""
    supervisor = Supervisor(wanted)
    with supervisor.servers() as settings:
        app = create_app(settings, DatabaseRole.OWNER)
        database.bring_up_to_date(app)
        with app.app_context():
            arrange(settings)
            db.session.remove()
            db.engine.dispose()
        supervisor.start_application()
        supervisor.wait_until_ready()
        services = {name: each.child.pid for name, each in supervisor.services.items()}
        ours = {name: services[name] or 0 for name in ("web", "worker", "beat")}
        with psycopg.connect(str(settings.database_url), autocommit=True) as owner:
            yield Whole(settings, owner, Peaks(ours))
