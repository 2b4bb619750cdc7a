"""Production, as somebody would have it who tried Silk there and forgot to take it out again."""

from settings.production import *  # noqa: F403
from settings.production import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "silk"]
SECURE_SSL_REDIRECT = False
