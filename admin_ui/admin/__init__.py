"""Pages that belong to no app of ours: the staff, and the audit log."""

from admin_ui.admin import audit_log, staff

__all__ = ["audit_log", "staff"]
