"""The WSGI application, as a web server loads it: `granian --interface wsgi wsgi:app`."""

from ce_tracker import logs
from ce_tracker.serving import create_web_app
from config import Settings

settings = Settings.from_env()
logs.configure(settings.log_level)
app = create_web_app(settings)
