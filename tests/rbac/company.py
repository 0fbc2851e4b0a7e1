"""An application with people of several ranks."""

from fastapi_beyond_crud import Role
from tests.support.application import Application, Person, bearer

ROLES = {
    "owner": ["*"],
    "chief": Role(parents=["owner"]),
    "manager": ["users:read", "users:manage", "roles:grant", "books:read"],
    "support": ["users:read"],
    "editor": ["books:delete"],
    "reader": ["books:read"],
}


class Company(Application):
    """An application with people of several ranks, on a database of its own."""

    owner: Person

    async def employed(self, *roles: str) -> Person:
        """A new account with these roles."""
        person = await self.registered()
        await self.granted(person, *roles)
        return person

    async def badge(self, person: Person) -> dict[str, str]:
        """The header of a new session, without the cost of a password."""
        return bearer((await self.auth.tokens.issue(self.key(person))).access_token)

    async def hired(self, *roles: str) -> tuple[Person, dict[str, str]]:
        """A new account with these roles, and the header of a session that was opened then."""
        person = await self.employed(*roles)
        return person, await self.badge(person)

    async def roles_of(self, person: Person) -> list[str]:
        """What the database says."""
        return list((await self.auth.accounts.find(self.key(person))).roles)
