"""What does a write cost where nothing is cached? The service's settings, without its relaying.

For `benchmarks/uncached.py`, on a database without the triggers that report changes.
"""

from settings.loadtest import *  # noqa: F403 - settings inherit by name, here as in settings/.
from settings.loadtest import MIDDLEWARE as _ALL

MIDDLEWARE = [name for name in _ALL if name != "caching.middleware.RelayBeforeAnswer"]
