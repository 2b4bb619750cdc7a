"""The application that gunicorn runs: the read path in front, Django behind it."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.production")

from django.core.wsgi import get_wsgi_application

django_application = get_wsgi_application()

from api.read_path import read_path  # noqa: E402 - Django's apps must be loaded first.

application = read_path(django_application)
