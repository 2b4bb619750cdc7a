"""A public machine: refuses to start with anything insecure left to a default."""

from django.core.exceptions import ImproperlyConfigured

from settings.base import *

_SHORTEST_SECRET = 50  # Characters; what `check --deploy` asks for as well.

if len(SECRET_KEY) < _SHORTEST_SECRET:
    raise ImproperlyConfigured(
        f"SECRET_KEY needs at least {_SHORTEST_SECRET} random characters, got {len(SECRET_KEY)}:"
        " python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
    )
if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured(
        "ALLOWED_HOSTS needs the host names you serve, separated by commas, and no '*'"
    )

SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_TLS_PROXY", default=False) else None
)
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
# Probes come from inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
