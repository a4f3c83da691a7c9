"""The WSGI application, as a web server loads it: `granian --interface wsgi wsgi:app`."""

from ce_tracker import logs
from ce_tracker.app import create_app
from config import DatabaseRole, Settings

settings = Settings.from_env()
logs.configure(settings.log_level)
app = create_app(settings, database_role=DatabaseRole.WEB)
