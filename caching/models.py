"""Where does the database write down what has changed?"""

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
