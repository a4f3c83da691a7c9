"""The extensions that the application is made of, unbound; `ce_tracker.app` binds them.

Why the session is one of our own: row security needs to know who is asking *in every
transaction*, and a setting made for the whole connection would leak to whoever gets it from the
pool next. So the actor is remembered beside the session and told to PostgreSQL anew whenever a
transaction begins. And a job must write over the very connection that holds its lock, so a
session can be pinned to one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_migrate import Migrate
from flask_smorest import Api
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Connection, DateTime, Engine, MetaData, Text, event, text
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction, registry

from ce_tracker.actor import Actor


class Base(DeclarativeBase):
    registry = registry(
        metadata=MetaData(
            naming_convention={
                "pk": "%(table_name)s_pkey",
                "fk": "%(table_name)s_%(column_0_name)s_fkey",
                "uq": "%(table_name)s_%(column_0_N_name)s_key",
                "ix": "%(table_name)s_%(column_0_N_name)s_idx",
                "ck": "%(table_name)s_%(constraint_name)s_check",
            }
        ),
        type_annotation_map={str: Text(), datetime: DateTime(timezone=True)},
    )


class HouseSession(FlaskSession):
    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        pinned: Connection | None = self.info.get("connection")
        return pinned if pinned is not None else super().get_bind(*args, **kwargs)


db = SQLAlchemy(model_class=Base, session_options={"class_": HouseSession})
migrate = Migrate()


class ProblemApi(Api):
    """Errors are ours to describe (`ce_tracker.http.problems`), not flask-smorest's."""

    DEFAULT_ERROR_RESPONSE_NAME = None


api = ProblemApi()


def act_as(actor: Actor | None) -> None:
    """From here to the end of the request (or job) the database answers as to `actor`."""
    db.session.info["actor"] = actor
    if db.session().in_transaction():
        _tell_postgres(db.session.connection(), actor)


def current_actor() -> Actor | None:
    actor: Actor | None = db.session.info.get("actor")
    return actor


@event.listens_for(HouseSession, "after_begin")
def _say_who_asks(session: Session, _: SessionTransaction, connection: Connection) -> None:
    actor = session.info.get("actor")
    if actor is not None:
        _tell_postgres(connection, actor)


def _tell_postgres(connection: Connection, actor: Actor | None) -> None:
    scope = Actor.no_scope() if actor is None else actor.scope()
    calls = ", ".join(f"set_config('ce.{name}', :{name}, true)" for name in scope)
    connection.execute(text(f"SELECT {calls}"), scope)
