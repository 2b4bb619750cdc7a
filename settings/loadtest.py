"""Measuring: production's code paths on one machine, no throttle, no TLS, no log noise."""

from settings.development import *

DEBUG = False
READPATH["BUILD_RATE"] = 0.0
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = {"write": None}
LOGGING["root"]["level"] = "WARNING"  # type: ignore[index]
