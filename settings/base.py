"""What does every machine share? All that differs comes from the environment.

The table of variables is in `docs/configuration.md`; a test compares it with this
module. Defaults need no service: SQLite in `var/`, caching inside the process.
"""

from pathlib import Path
from typing import Any

from settings.environment import Environment
from settings.redis import shared_store

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = Environment()

SECRET_KEY: str = env.text("SECRET_KEY")
DEBUG = False
ALLOWED_HOSTS: list[str] = env.words("ALLOWED_HOSTS")

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
    # Whatever fails inside, the relay included, gets its fields here.
    "caching.middleware.ExplicitCacheability",
    # Around all that may write, so that it has been relayed before anyone is answered.
    "caching.middleware.RelayBeforeAnswer",
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
    "default": env.database("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'readpath.sqlite3'}"),
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
else:
    for _name, _value in {
        # A server that is gone without a word is noticed in seconds, not when the kernel gives up.
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
        # What the read path asks again and again is planned once. Behind a pooler that gives each
        # transaction another session, switch it off: `?prepare_threshold=0` in DATABASE_URL.
        "prepare_threshold": 2,
        # No query of ours is long enough to be worth compiling, or another process; and pages come from
        # memory, or from a disk without an arm (tags of a page: 0.2 ms by index, 0.7 ms by reading all).
        "options": "-c jit=off -c max_parallel_workers_per_gather=0 -c random_page_cost=1.1",
    }.items():
        DATABASES["default"].setdefault("OPTIONS", {}).setdefault(_name, _value)
    if not DATABASES["default"]["OPTIONS"]["prepare_threshold"]:
        DATABASES["default"]["OPTIONS"]["prepare_threshold"] = None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Cache ----------------------------------------------------------------------------

# Seconds for which a worker may trust its L1 without hearing of invalidations: the same for all of them.
_LEASE = env.number("READPATH_LEASE", default=2.0, least=0.5)
# Seconds that an answer of Redis may take. Several must fit into a lease, or it could never be renewed.
_REDIS_TIMEOUT = env.number("READPATH_REDIS_TIMEOUT", default=0.05, least=0.001, most=_LEASE / 4)

REDIS_URL: str = env.text("REDIS_URL")
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "readpath",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    },
}
if REDIS_URL:
    CACHES["l2"] = shared_store(
        REDIS_URL,
        timeout=_REDIS_TIMEOUT,
        ca_file=env.text("REDIS_CA_FILE"),
        certificate_file=env.text("REDIS_CERTIFICATE_FILE"),
        key_file=env.text("REDIS_KEY_FILE"),
        sentinels=env.words("REDIS_SENTINELS"),
        sentinel_password=env.text("REDIS_SENTINEL_PASSWORD"),
    )
    CACHES["default"] = {"BACKEND": "caching.tiered.backend.TieredCache", "LOCATION": "l2"}
    CACHES["rows"] = {"BACKEND": "caching.rows.cache.RowCache"}
    INSTALLED_APPS.append("cachalot")
    REDIS_URL = CACHES["l2"]["LOCATION"]  # Without credentials: settings are shown on error pages.

# Of these tables, and of no other, rows are kept for what is no public read (docs/decisions/0007).
CACHALOT_ONLY_CACHABLE_TABLES = ("api_category", "api_tag")
CACHALOT_DATABASES = ["default"]
CACHALOT_CACHE = "rows"
CACHALOT_TIMEOUT = 300
CACHALOT_QUERY_KEYGEN = "caching.rows.naming.query_key"
CACHALOT_TABLE_KEYGEN = "caching.rows.naming.table_key"
# cachalot warns of every backend that it has not been written for; this one is written for it.
SILENCED_SYSTEM_CHECKS = ["cachalot.W001"]

# --- The read path --------------------------------------------------------------------

_EDGES = env.words("READPATH_EDGES")

READPATH: dict[str, Any] = {
    # Bytes of representations that one process keeps in memory.
    "L1_BYTES": env.whole("READPATH_L1_BYTES", default=256 * 1024 * 1024, least=1),
    # Threads that build representations, and how many builds may wait for one.
    "BUILD_THREADS": env.whole("READPATH_BUILD_THREADS", default=4, least=1),
    "BUILD_QUEUE": env.whole("READPATH_BUILD_QUEUE", default=64),
    # Threads for everything that is not a public read.
    "DJANGO_THREADS": env.whole("READPATH_DJANGO_THREADS", default=4, least=1),
    "REDIS_TIMEOUT": _REDIS_TIMEOUT,
    "LEASE": _LEASE,
    # Seconds between two looks at the outbox for writes that came from elsewhere.
    "RELAY_INTERVAL": env.number("READPATH_RELAY_INTERVAL", default=0.05, least=0.001),
    # Cold builds per second that one client may cause, and how many at once. 0 is no limit.
    "BUILD_RATE": env.number("READPATH_BUILD_RATE", default=50.0),
    "BUILD_BURST": env.whole("READPATH_BUILD_BURST", default=200, least=1),
    # The edges that are told of changes, as NAME=URL, and what they are told with (docs/edge.md).
    "EDGES": _EDGES,
    "PURGE_TOKEN": env.text("READPATH_PURGE_TOKEN"),
    "FASTLY_TOKEN": env.text("READPATH_FASTLY_TOKEN"),
    "CLOUDFLARE_TOKEN": env.text("READPATH_CLOUDFLARE_TOKEN"),
    # Whether the workers tell them; if not, `manage.py purge --follow` does.
    "PURGER": env.flag("READPATH_PURGER", default=True),
    # Fields in which answers say what they depend on, and the bytes that these may take together.
    "EDGE_LABELS": env.words("READPATH_EDGE_LABELS"),
    "EDGE_LABEL_BYTES": env.whole("READPATH_EDGE_LABEL_BYTES", default=2048, least=128),
    # Seconds for which an edge may keep an answer without asking: for long if it is told of changes.
    "EDGE_TTL": env.whole("READPATH_EDGE_TTL", default=86_400 if _EDGES else 60),
    # How many proxies in front of us append to X-Forwarded-For. 0: the peer is the client.
    "TRUSTED_PROXIES": env.whole("READPATH_TRUSTED_PROXIES", default=0),
    # Answer 428 to an unsafe request on an existing thing that carries no If-Match.
    "REQUIRE_IF_MATCH": env.flag("READPATH_REQUIRE_IF_MATCH", default=False),
}

# --- HTTP -----------------------------------------------------------------------------

DATA_UPLOAD_MAX_MEMORY_SIZE = env.whole("READPATH_MAX_BODY_BYTES", default=1024 * 1024, least=1)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["drf_orjson_renderer.parsers.ORJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "api.renderers.OneMediaType",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "api.errors.problem_response",
    "DEFAULT_THROTTLE_RATES": {"write": env.text("READPATH_WRITE_RATE", default="120/min")},
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

LOG_LEVEL: str = env.text("LOG_LEVEL", default="INFO")
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
