"""The WSGI application, as a web server loads it: `granian --interface wsgi wsgi:app`."""

from ce_tracker.app import create_app
from config import DatabaseRole, Settings

app = create_app(Settings.from_env(), database_role=DatabaseRole.WEB)
