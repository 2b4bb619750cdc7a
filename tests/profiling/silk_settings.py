"""Profiling's own settings, with Silk's recordings where a test wants them."""

import os

from settings.profiling import *  # noqa: F403
from settings.profiling import DATABASES as _DATABASES

DATABASES = {**_DATABASES, "silk": {**_DATABASES["silk"], "NAME": os.environ["PROFILE_SILK"]}}
