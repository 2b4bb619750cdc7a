"""Where does the database write down what has changed, who has passed it on, and who must hear of it?"""

from django.db import models


class Outbox(models.Model):
    """One surrogate key that a committed transaction has invalidated, until it was relayed.

    Written by triggers, in the writer's own transaction; read and deleted by the relay.
    """

    key = models.TextField()
    # Whether edges will hear of it already, while it waits for Redis (`purge_queue.py`).
    is_queued = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name_plural = "outbox"

    def __str__(self) -> str:
        return self.key


class Relaying(models.Model):
    """One row, which a relay holds locked throughout its pass over the outbox.

    `last_pass` names the last pass whose rows are gone. It is drawn at random for each attempt,
    not counted: a pass that was rolled back has been heard of, and must not be taken for the
    next one.
    """

    id = models.SmallIntegerField(primary_key=True)
    last_pass = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "relaying"

    def __str__(self) -> str:
        return f"pass {self.last_pass}"


class EdgeStanding(models.Model):
    """An edge that is told of every change, and how that goes.

    There is one row for each edge that was ever configured, until it is forgotten: what waits for
    an edge is queued by whoever relays, whether he knows of the edge or not.
    """

    name = models.TextField(primary_key=True)
    failures = models.IntegerField(default=0)  # In a row.
    failing_since = models.FloatField(null=True)  # Epoch seconds, by the database's clock, as all here.
    retry_at = models.FloatField(default=0.0)
    reason = models.TextField(default="")
    purged_at = models.FloatField(null=True)
    calls = models.BigIntegerField(default=0)
    keys = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Purge(models.Model):
    """A surrogate key that an edge has to be told of, and then once more."""

    edge = models.TextField()
    key = models.TextField()
    is_hard = models.BooleanField()
    stage = models.SmallIntegerField()  # 0: not told; 1: told, and to be told again.
    due_at = models.FloatField()
    queued_at = models.FloatField()
    # Another one with each change: what was sent before it is not what must be sent.
    version = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["edge", "key"], name="caching_purge_edge_key")]

    def __str__(self) -> str:
        return f"{self.key} at {self.edge}"
