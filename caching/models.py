"""Where does the database write down what has changed, and who has passed it on?"""

from django.db import models


class Outbox(models.Model):
    """One surrogate key that a committed transaction has invalidated, until it was relayed.

    Written by triggers, in the writer's own transaction; read and deleted by the relay.
    """

    key = models.TextField()

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
