"""What do the other settings know of Silk? Each is read as a module; the one given is tried as well."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

import django
from django.apps import apps

OTHERS = ("base", "development", "loadtest", "production", "testing")


def main(directory: Path) -> None:
    """Write `told.json`."""
    modules = {name: import_module(f"settings.{name}") for name in OTHERS}
    mentions = {
        name: [app for app in (*module.INSTALLED_APPS, *module.MIDDLEWARE) if "silk" in app.lower()]
        for name, module in modules.items()
    }
    timed = modules["loadtest"]
    loadtest = {
        "debug": timed.DEBUG,
        "build_rate": timed.READPATH["BUILD_RATE"],
        "write_rate": timed.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["write"],
        "middleware": timed.MIDDLEWARE == modules["production"].MIDDLEWARE,
    }
    django.setup()
    from django.test import Client  # noqa: PLC0415

    client = Client(SERVER_NAME="api.example.com", raise_request_exception=False)
    statuses = {path: client.get(path).status_code for path in ("/silk/", "/silk/requests/", "/silk")}
    told = {
        "mentions": mentions,
        "loadtest": loadtest,
        "is_installed": apps.is_installed("silk"),
        "statuses": statuses,
    }
    (directory / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
