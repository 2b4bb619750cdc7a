"""Ask for Silk's pages as nobody, as somebody and as one of the staff; write down what came."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import django
from django.apps import apps
from django.core.management import call_command


def main(directory: Path) -> None:
    """Write `told.json`."""
    django.setup()
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from django.db import connections  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from silk import urls  # noqa: PLC0415
    from silk.models import Request  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    users = get_user_model().objects
    paths = [f"/silk/{pattern.pattern}" for pattern in urls.urlpatterns]
    values = {"<uuid:request_id>": str(UUID(int=1)), "<uuid:profile_id>": str(UUID(int=1))}
    spelled = [_spelled(path, values) for path in paths]
    told: dict[str, Any] = {"is_installed": apps.is_installed("silk")}
    for name, options in (("anonymous", None), ("user", {}), ("staff", {"is_staff": True})):
        client = Client(SERVER_NAME="localhost", raise_request_exception=False)
        if options is not None:
            client.force_login(users.create_user(name, **options))
        told[name] = {path: _answer(client, path) for path in (spelled if name != "staff" else spelled[:2])}
    client.get("/admin/api/tag/")
    told["recorded"] = list(Request.objects.values_list("path", "num_sql_queries"))
    told["tables"] = {
        alias: [name for name in connections[alias].introspection.table_names() if name.startswith("silk_")]
        for alias in connections
    }
    (directory / "told.json").write_text(json.dumps(told))


def _spelled(path: str, values: dict[str, str]) -> str:
    for place, value in values.items():
        path = path.replace(place, value)
    while "<" in path:
        before, _, after = path.partition("<")
        path = before + "1" + after.partition(">")[2]
    return path


def _answer(client: Any, path: str) -> list[Any]:
    response = client.get(path)
    return [response.status_code, response.headers.get("Location", "")]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
