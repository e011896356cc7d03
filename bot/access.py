"""Who may do what: the one place, and it fails closed."""

from __future__ import annotations

from enum import StrEnum

from engine.errors import Forbidden
from engine.model import Account, Role


class Permission(StrEnum):
    READ = "read"
    RESPOND = "respond"
    DECIDE = "decide"
    ADMINISTER = "administer"


_LEAST: dict[Permission, Role] = {
    Permission.READ: Role.VIEWER,
    Permission.RESPOND: Role.RESPONDER,
    Permission.DECIDE: Role.APPROVER,
    Permission.ADMINISTER: Role.ADMIN,
}
_ORDER = tuple(Role)


def may(account: Account | None, permission: Permission) -> bool:
    """Whether this person may. Somebody in the room whom we do not know may read what all read there, and no more."""
    if account is None:
        return permission is Permission.READ
    least = _LEAST.get(permission)
    return account.is_active and least is not None and _ORDER.index(account.role) >= _ORDER.index(least)


def must(account: Account | None, permission: Permission, identity: str = "") -> None:
    """Raises Forbidden with what to do about it. ``identity`` is platform and id, for whoever is to be linked."""
    if may(account, permission):
        return
    if account is None:
        raise Forbidden(
            "I do not know you yet. If you have an account, say link in the web chat and send me the code it gives;"
            f" or ask an admin: oncall people link <account> {identity}".rstrip()
        )
    if not account.is_active:
        raise Forbidden(f"The account {account.username} is switched off. An admin can switch it on.")
    least = _LEAST[permission]
    raise Forbidden(f"You are {account.role} here, and this takes at least {least}. Ask an {Role.ADMIN} for that role.")
