"""Alive needs nothing but the process; ready needs a database as this release wants it. Neither is stored."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from caching import purge_queue
from caching.purging import due
from caching.standing import standing
from caching.triggers import install


def test_alive_needs_no_database(client):
    response = client.get("/healthz/live")
    assert (response.status_code, response.content) == (200, b'{"status":"live"}')
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_ready(client):
    response = client.get("/healthz/ready")
    assert response.status_code == 200
    assert response.json() == {"status": "ready", "standing": standing().value, "edges": {}}
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_ready_says_what_waits_for_an_edge_that_cannot_be_purged(client):
    purge_queue.register({"cdn": None})
    due.fail("cdn", "it is out of reach", retry_in=0.5)
    response = client.get("/healthz/ready")
    (edge,) = response.json()["edges"].values()
    assert response.status_code == 200
    assert (edge["waiting"], edge["reason"]) == (1, "it is out of reach")
    assert edge["oldest"] >= 0
    assert edge["failing_for"] >= 0


def assert_not_ready(response, reason: str) -> None:
    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    assert reason in response.json()["detail"]
    assert (response["Cache-Control"], response["Retry-After"]) == ("no-store", "5")


@pytest.mark.django_db
def test_a_lost_database_is_not_ready(client):
    def lost(execute, sql, params, many, context):
        raise OperationalError("gone")

    with connection.execute_wrapper(lost):
        assert_not_ready(client.get("/healthz/ready"), "the database cannot be reached")


@pytest.mark.django_db
def test_a_migration_that_is_not_applied_is_not_ready(client):
    MigrationRecorder.Migration.objects.filter(app="api", name="0002_search").delete()
    assert_not_ready(client.get("/healthz/ready"), "1 migrations are not applied")


@pytest.mark.django_db
def test_a_missing_trigger_is_not_ready(client):
    install.drop_all()
    assert_not_ready(client.get("/healthz/ready"), "triggers are missing")
