"""A developer's machine: no service needed, and mistakes are loud."""

import secrets
import warnings

from seal.exceptions import UnsealedAttributeAccess

from settings.base import *

STATIC_ROOT.mkdir(parents=True, exist_ok=True)


def _kept_secret() -> str:
    """Return this checkout's own secret, made on first use: cursors survive a restart."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        path.write_text(secrets.token_urlsafe(50))
        path.chmod(0o600)
    return path.read_text()


SECRET_KEY = SECRET_KEY or _kept_secret()
DEBUG = env.flag("DEBUG", default=False)
ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]
WHITENOISE_USE_FINDERS = True

# A serializer that touches a column nobody fetched fails here, long before it is slow in production.
warnings.simplefilter("error", UnsealedAttributeAccess)
