"""Writes to the staff."""

from admin_ui.services.staff import add_colleague, change_colleague, reset_password

__all__ = ["add_colleague", "change_colleague", "reset_password"]
