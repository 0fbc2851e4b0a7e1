"""Who may do what: all permissions there are, and the roles that hold them."""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from fastapi_beyond_crud import PermissionDenied, Principal, Role


class Permission(StrEnum):
    """Every permission. As members of an enum a typo is an error of the type checker, not a hole."""

    BOOKS_READ = "books:read"
    BOOKS_CREATE = "books:create"
    BOOKS_EDIT_OWN = "books:edit-own"
    BOOKS_MANAGE = "books:manage"

    REVIEWS_READ = "reviews:read"
    REVIEWS_CREATE = "reviews:create"
    REVIEWS_EDIT_OWN = "reviews:edit-own"
    REVIEWS_MANAGE = "reviews:manage"

    TAGS_READ = "tags:read"
    TAGS_CREATE = "tags:create"
    TAGS_MANAGE = "tags:manage"

    # The library's own administration asks for these.
    USERS_READ = "users:read"
    USERS_MANAGE = "users:manage"
    ROLES_GRANT = "roles:grant"


ROLES: Mapping[str, Role] = {
    # A caller without a token is a guest too (AUTH_ANONYMOUS_ROLE).
    "guest": Role(Permission.BOOKS_READ, Permission.REVIEWS_READ, Permission.TAGS_READ),
    # Given on sign-up (AUTH_DEFAULT_ROLES). It builds upon guest, so it reads as well.
    "user": Role(
        Permission.BOOKS_CREATE,
        Permission.BOOKS_EDIT_OWN,
        Permission.REVIEWS_CREATE,
        Permission.REVIEWS_EDIT_OWN,
        Permission.TAGS_CREATE,
        parents=["guest"],
    ),
    "admin": Role("*", parents=["user"]),
}


def ensure_may_edit(caller: Principal, owner_id: UUID, *, manage: Permission) -> None:
    """Let the owner pass, and whoever may manage everybody's.

    The guard of the route has asked for the permission already, before the body was read. Whose row it is, only the
    row can tell: that part of the decision comes here, after it was loaded.

    Raises:
        PermissionDenied: It is somebody else's.
    """
    if owner_id != caller.id and not caller.can(manage):
        raise PermissionDenied
