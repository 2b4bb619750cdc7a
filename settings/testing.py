"""The test suite: development's strictness, nothing kept between runs."""

import os
import warnings

os.environ.setdefault("SECRET_KEY", "only-for-tests-and-never-anywhere-else-0123456789")

from seal.exceptions import UnsealedAttributeAccess

from settings.base import *

ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
STATIC_ROOT.mkdir(parents=True, exist_ok=True)

warnings.simplefilter("error", UnsealedAttributeAccess)
