"""Colleagues come, change their role, and go. Nobody is deleted: what they did stays theirs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser, Group, User

from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from assistant.roles import ADMIN, ROLES, admins, role_of

PROFILE_FIELDS = ("username", "first_name", "last_name", "email")
_READABLE = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that look alike


class NotAllowed(FrontdeskError):
    """Not even for admins."""

    code = "not_allowed"
    status = 403


@dataclass(frozen=True)
class AddedColleague:
    """`password` is the one to hand over; empty where the asker chose it."""

    user: User
    password: str


def add_colleague(*, user: User, role: str, by: AbstractBaseUser | None, password: str = "") -> AddedColleague:
    """`user` is a row that is not stored yet. Without a password it gets a random one, to be shown once."""
    generated = "" if password else _random_password()
    user.is_staff, user.is_superuser = True, False
    user.set_password(password or generated)
    with write_transaction():
        user.save()
        user.groups.set([_group(role)])
        audit.record(user, {"name": (None, user.username), "role": (None, role)}, by=by, action=audit.CREATED)
    return AddedColleague(user, generated)


def change_colleague(*, user: User, by: AbstractBaseUser | None, role: str | None = None) -> User:
    """Store what `user` says by now; `role` stays where it is None. Raises NotAllowed: nobody makes themselves
    powerless, nobody takes the last admin away, and superusers are changed by superusers only."""
    with write_transaction():
        before = User.objects.select_for_update().get(pk=user.pk)
        was = role_of(before)
        refuse_takeover(user=before, by=by)
        refuse_lockout(user=user, role=was if role is None else role, by=by)
        user.save(update_fields=[*PROFILE_FIELDS, "is_active"])
        if role is not None and not before.is_superuser:  # who may everything needs no role
            user.groups.set([_group(role)] if role else [])
        changes = {name: (getattr(before, name), getattr(user, name)) for name in (*PROFILE_FIELDS, "is_active")}
        audit.record(user, {**changes, "role": (was, was if role is None else role)}, by=by)
    return user


def reset_password(*, user: User, by: AbstractBaseUser | None) -> str:
    """A new random password, to be shown once. It ends the user's sessions and tokens."""
    password = _random_password()
    with write_transaction():
        row = User.objects.select_for_update().get(pk=user.pk)
        refuse_takeover(user=row, by=by)
        row.set_password(password)
        row.save(update_fields=["password"])
        audit.record(row, {"password": (None, "a new one")}, by=by)
    return password


def refuse_takeover(*, user: User, by: AbstractBaseUser | None) -> None:
    """An admin who could change a superuser's e-mail address or password would be one."""
    if isinstance(by, User) and user.is_superuser and not by.is_superuser:
        raise NotAllowed("Only a superuser can change a superuser.")


def refuse_lockout(*, user: User, role: str, by: AbstractBaseUser | None) -> None:
    """`user` as it would be with this role."""
    stays = user.is_active and (user.is_superuser or role == ADMIN)
    # Even where other admins are left: it is a slip more often than a wish.
    if by is not None and user.pk == by.pk and not stays and admins().filter(pk=user.pk).exists():
        raise NotAllowed("You can't take your own rights away. Ask another admin.")
    if not stays and not admins().exclude(pk=user.pk).exists():
        raise NotAllowed("Somebody has to look after the staff: this is the last admin.")


def _group(role: str) -> Group:
    if role not in ROLES:
        raise FrontdeskError("There is no such role.", code="bad_role")
    return Group.objects.get(name=role)


def _random_password() -> str:
    """Four groups of four: 94 bits, and it can be read out."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))
