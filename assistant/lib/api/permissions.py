"""Who may do what over the API."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class StaffPermission(BasePermission):
    """Staff only, and only with the permission that the view's `perms_map` names for the method."""

    message = "Your role does not allow this."

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not (user and user.is_active and user.is_staff):
            return False
        # HEAD is answered by `get`.
        permission = view.perms_map.get("GET" if request.method == "HEAD" else request.method)
        return permission is None or user.has_perm(permission)
