"""Who gets through, and how often."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from assistant.lib.addresses import address_of_request
from assistant.lib.throttles import throttle_wait


class Permitted(BasePermission):
    """Staff only, and only with what the view's `needs` name for the method."""

    message = "Your role does not allow this."

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not (user and user.is_active and user.is_staff):
            return False
        needed = view.needs.get("GET" if request.method == "HEAD" else request.method)
        return needed is None or user.has_perm(needed)


class PerUser(BaseThrottle):
    """RATE_LIMIT_API for each member of staff; RATE_LIMIT_PUBLIC by address for everyone else."""

    def allow_request(self, request: Request, view: Any) -> bool:
        if request.user and request.user.is_authenticated:
            self._wait = throttle_wait(f"api:{request.user.pk}", settings.RATE_LIMIT_API)
        else:
            self._wait = throttle_wait(f"api:{address_of_request(request)}", settings.RATE_LIMIT_PUBLIC)
        return not self._wait

    def wait(self) -> float:
        return self._wait
