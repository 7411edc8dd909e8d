"""How often the API may be asked."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from assistant.lib.addresses import client_of_request
from assistant.lib.throttles import throttle_wait


class UserOrClientThrottle(BaseThrottle):
    """RATE_LIMIT_API for each member of staff; RATE_LIMIT_PUBLIC by client for everyone else."""

    def allow_request(self, request: Request, view: Any) -> bool:
        if request.user and request.user.is_authenticated:
            self._wait = throttle_wait(f"api:{request.user.pk}", settings.RATE_LIMIT_API)
        else:  # before the log-in there is nothing else to count by
            self._wait = throttle_wait(f"api:{client_of_request(request)}", settings.RATE_LIMIT_PUBLIC)
        return not self._wait

    def wait(self) -> float:
        return self._wait
