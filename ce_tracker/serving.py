"""The application that answers requests: the one place where all routes meet."""

from __future__ import annotations

import multiprocessing
from datetime import timedelta

from flask import Flask

from ce_tracker import api as rest
from ce_tracker import logs, web
from ce_tracker.accounts import passwords
from ce_tracker.app import connecting, create_app
from ce_tracker.direct import Direct
from ce_tracker.extensions import api
from ce_tracker.http import health, problems, requests, short_way
from ce_tracker.processes import end_with
from config import DatabaseRole, Settings

LARGEST_BODY = 1 * 2**20


def create_web_app(settings: Settings) -> Flask:
    app = create_app(settings, DatabaseRole.WEB)
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(hours=1),
        **rest.OPENAPI,
    )
    address = settings.database_for(DatabaseRole.WEB)
    app.extensions["ce_direct"] = Direct(address, connecting(DatabaseRole.WEB))
    requests.install(app, settings)
    app.register_blueprint(health.blueprint)
    api.init_app(app)
    problems.install(app)
    rest.install(app, api)
    web.install(app, settings)
    short_way.install(app, settings)
    passwords.prepare()
    return app


def web_application() -> Flask:
    """What each web process of ours serves. It ends with the process that started it.

    Not so in `wsgi.py`: another web server may well be started by a shell that goes away.
    """
    starter = multiprocessing.parent_process()
    if starter is not None and starter.pid is not None:
        end_with(starter.pid)
    settings = Settings.from_env()
    logs.configure(settings.log_level)
    return create_web_app(settings)
