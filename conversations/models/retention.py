"""How long conversations are kept."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

LONGEST = 36_500  # days


class Retention(models.Model):
    """Of one channel. Where there is no row, its conversations are kept without end."""

    channel = models.CharField(max_length=20, unique=True)
    days = models.PositiveIntegerField(validators=[MinValueValidator(1), MaxValueValidator(LONGEST)])
    keep_marked = models.BooleanField("keep what staff reviewed or flagged", default=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    updated = models.DateTimeField(auto_now=True)
    applied = models.DateTimeField(null=True, blank=True)
    deleted_count = models.PositiveBigIntegerField("deleted conversations", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "retention"
        ordering = ["channel"]

    def __str__(self) -> str:
        return f"conversations of {self.channel}"
