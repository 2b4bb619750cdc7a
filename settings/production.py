"""A public machine: refuses to start with anything insecure left to a default."""

from django.core.exceptions import ImproperlyConfigured

from settings.base import *
from settings.environment import purges_in_the_clear
from settings.redis import crosses_a_network_in_the_clear

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

if (
    REDIS_URL
    and crosses_a_network_in_the_clear(CACHES["l2"])
    and not env.flag("REDIS_IN_TRUSTED_NETWORK", default=False)
):
    raise ImproperlyConfigured(
        "REDIS_URL names a Redis that is reached in the clear: use rediss://, or say"
        " REDIS_IN_TRUSTED_NETWORK=on where nobody else can listen to it or answer in its place",
    )

if (
    READPATH["PURGE_TOKEN"]
    and purges_in_the_clear(READPATH["EDGES"])
    and not env.flag("READPATH_EDGES_IN_TRUSTED_NETWORK", default=False)
):
    raise ImproperlyConfigured(
        "READPATH_PURGE_TOKEN would be sent in the clear to another machine: use varnishs:// or purges://,"
        " or say READPATH_EDGES_IN_TRUSTED_NETWORK=on where nobody else can listen",
    )

SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_TLS_PROXY", default=False) else None
)
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
# Probes come from inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
SECURE_HSTS_SECONDS = env.whole("SECURE_HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
