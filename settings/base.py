"""What does every machine share? All that differs comes from the environment.

The table of variables is in `docs/configuration.md`; a test compares it with this
module. Defaults need no service: SQLite in `var/`, caching inside the process.
"""

from pathlib import Path
from typing import Any

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()

SECRET_KEY: str = env.str("SECRET_KEY", default="")
DEBUG = False
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "seal",
    "caching",
    "api",
]

MIDDLEWARE = [
    # Outermost, so that whatever wrote has been relayed before anyone is answered.
    "caching.middleware.RelayBeforeAnswer",
    "caching.middleware.ExplicitCacheability",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "settings.urls"
APPEND_SLASH = True

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database -------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'readpath.sqlite3'}"),
}
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        {
            # Readers keep reading while one writer writes.
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                " PRAGMA mmap_size=268435456; PRAGMA cache_size=-4096;"
                # So that a row which INSERT OR REPLACE takes away fires its delete triggers.
                " PRAGMA recursive_triggers=ON;"
            ),
            # A transaction that will write takes its lock at once: no deadlock on upgrade.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Cache ----------------------------------------------------------------------------

REDIS_URL: str = env.str("REDIS_URL", default="")
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "readpath",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    },
}

# --- The read path --------------------------------------------------------------------

READPATH = {
    # Bytes of representations that one process keeps in memory.
    "L1_BYTES": env.int("READPATH_L1_BYTES", default=256 * 1024 * 1024),
    # Threads that build representations, and how many builds may wait for one.
    "BUILD_THREADS": env.int("READPATH_BUILD_THREADS", default=4),
    "BUILD_QUEUE": env.int("READPATH_BUILD_QUEUE", default=64),
    # Threads for everything that is not a public read.
    "DJANGO_THREADS": env.int("READPATH_DJANGO_THREADS", default=4),
    # Seconds between two looks at the outbox for writes that came from elsewhere.
    "RELAY_INTERVAL": env.float("READPATH_RELAY_INTERVAL", default=0.05),
    # Cold builds per second that one client may cause, and how many at once. 0 is no limit.
    "BUILD_RATE": env.float("READPATH_BUILD_RATE", default=50.0),
    "BUILD_BURST": env.int("READPATH_BUILD_BURST", default=200),
    # Seconds for which an edge may keep an answer without asking (s. docs/configuration.md).
    "EDGE_TTL": env.int("READPATH_EDGE_TTL", default=60),
    # How many proxies in front of us append to X-Forwarded-For. 0: the peer is the client.
    "TRUSTED_PROXIES": env.int("READPATH_TRUSTED_PROXIES", default=0),
    # Answer 428 to an unsafe request on an existing thing that carries no If-Match.
    "REQUIRE_IF_MATCH": env.bool("READPATH_REQUIRE_IF_MATCH", default=False),
}

# --- HTTP -----------------------------------------------------------------------------

DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("READPATH_MAX_BODY_BYTES", default=1024 * 1024)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["drf_orjson_renderer.parsers.ORJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "api.renderers.OneMediaType",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "api.errors.problem_response",
    "DEFAULT_THROTTLE_RATES": {"write": env.str("READPATH_WRITE_RATE", default="120/min")},
    "NUM_PROXIES": READPATH["TRUSTED_PROXIES"],
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Readpath",
    "DESCRIPTION": "Public reads from memory, never stale after an acknowledged write.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_NO_READ_ONLY_REQUIRED": True,
}

# --- The rest -------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"

LOG_LEVEL: str = env.str("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    # A 4xx is the client's affair and is counted elsewhere; only our own failures are news.
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
