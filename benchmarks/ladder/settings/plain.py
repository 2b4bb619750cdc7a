"""What do all Django rungs share? What `startproject` writes, and Django REST framework.

The service's own settings give the database, the apps with the models, and quiet logs. What makes
it fast, and what it does for each request, is taken out again: the middleware is that of
https://docs.djangoproject.com/en/5.2/ref/django-admin/#startproject, and DRF has its defaults.
Connections stay open (`CONN_MAX_AGE = None`) and are not asked first whether they live, which is to
everybody's advantage.
"""

import os

from settings.loadtest import *  # noqa: F403 - settings inherit by name, here as in settings/.

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
REST_FRAMEWORK = {}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False  # noqa: F405
LADDER_REDIS = os.environ.get("LADDER_REDIS", "")
LADDER_SECONDS = 3600  # For which caches keep an answer: longer than we measure.
