"""How Alembic runs here: as the owner, with time-outs, one at a time.

A migration that waits for a lock makes everybody behind it wait too, so it gives up after a few
seconds and can be run again; nothing is half done, since each runs in a transaction.
"""

from alembic import context
from flask import current_app
from sqlalchemy import text

from ce_tracker.database import ensure_roles, is_compared
from ce_tracker.extensions import db

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "15min"
ONE_AT_A_TIME = 20151001


def run() -> None:
    with db.engine.connect() as connection:
        # Its lock and its time-outs go with it, instead of back into the pool.
        connection.detach()
        # Another installation's migration may take its time; waiting for it is right.
        connection.execute(text("SET lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ONE_AT_A_TIME})
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
        ensure_roles(connection, current_app.config["CE_SETTINGS"])
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            compare_type=True,
            include_object=is_compared,
            compare_server_default=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
