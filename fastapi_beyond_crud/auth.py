"""Auth: takes the parts of your application, gives routers, dependencies and a lifespan."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

from fastapi import APIRouter, FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.middleware import Middleware

from fastapi_beyond_crud.accounts.schemas import UserCreate, UserRead, UserUpdate, own_fields
from fastapi_beyond_crud.accounts.service import AccountService
from fastapi_beyond_crud.core.errors import ConfigurationError
from fastapi_beyond_crud.models.companions import companions, key_reader
from fastapi_beyond_crud.rbac.grants import GrantService
from fastapi_beyond_crud.rbac.requirements import HasRole, Need, Requirement, all_of, any_of
from fastapi_beyond_crud.rbac.roles import Role, RoleMap
from fastapi_beyond_crud.revocation.backend import RevocationBackend
from fastapi_beyond_crud.routers import (
    account_router,
    login_router,
    password_router,
    register_router,
    roles_router,
    sessions_router,
    token_router,
    users_router,
    well_known_router,
)
from fastapi_beyond_crud.routers.prefixed import PrefixedRouter
from fastapi_beyond_crud.runtime import Runtime
from fastapi_beyond_crud.sessions.authentication import Authenticator
from fastapi_beyond_crud.sessions.service import TokenPairService
from fastapi_beyond_crud.settings import AuthSettings, SettingsError, load_settings
from fastapi_beyond_crud.web.current_user import Connect, user_on_our_session, user_on_your_session
from fastapi_beyond_crud.web.documentation import install_documentation
from fastapi_beyond_crud.web.doorkeeper import Doorkeeper
from fastapi_beyond_crud.web.guards import Guard
from fastapi_beyond_crud.web.guards_first import GuardsFirst
from fastapi_beyond_crud.web.own_session import OwnSession
from fastapi_beyond_crud.web.problems import DOCUMENTATION, RequestId, install_problems
from fastapi_beyond_crud.web.surface import Services, Surface

U = TypeVar("U")


class Auth(Generic[U]):
    """Accounts, token pairs, revocation and roles for one account model.

    Making it reads no settings and opens no connection, so that Alembic and tests can import the module.
    `install` reads the settings; `lifespan` connects.

    Args:
        user: Your mapped class, from `UserMixin` or `AccountMixin`.
        roles: For each role its permissions or a `Role`.
        permissions: All permissions there are; a name outside of them is an error at once. Left out, they
            are the union of what is granted and required.
        create: The body of a registration; likewise ``read`` and ``update`` (see `UserCreate`).
        engine: Your engine; else one is made from ``DATABASE_URL``.
        connect: The dependency that yields your session, on which `current_user` loads its object. The
            library never commits it, rolls it back or expires it. Else `session` of this object.
        settings: Instead of the environment.
        revocation: A backend of your own.

    Raises:
        ConfigurationError: A part does not fit.
    """

    def __init__(
        self,
        user: type[U],
        *,
        roles: Mapping[str, Role | Iterable[str]] | None = None,
        permissions: Iterable[str] | None = None,
        create: type[UserCreate] = UserCreate,
        read: type[UserRead] = UserRead,
        update: type[UserUpdate] = UserUpdate,
        engine: AsyncEngine | None = None,
        connect: Connect | None = None,
        settings: AuthSettings | None = None,
        revocation: RevocationBackend | None = None,
    ) -> None:
        own_fields(create, UserCreate)
        own_fields(update, UserUpdate)
        self.user = user
        self.models = companions(user)
        self.roles = RoleMap(roles or {}, permissions=permissions)
        self._engine = engine
        self._connect = connect
        self._own_session = OwnSession(user, lambda: self.runtime.database)
        self._settings = settings
        self._revocation = revocation
        self._runtime: Runtime | None = None
        self._prefix = "/auth"
        self._doorkeeper = Doorkeeper(lambda: self.services.authenticator)
        self._guards: dict[tuple[Requirement | None, bool], Guard] = {}
        self._users: dict[tuple[bool, bool], Callable[..., Awaitable[Any]]] = {}
        self._surface = Surface(
            services=lambda: self.services,
            settings=lambda: self.settings,
            roles=self.roles,
            known=self.current_principal(),
            require=self.require,
            create=create,
            read=read,
            update=update,
            read_key=key_reader(user),
        )

    # ------------------------------------------------------------------ the application

    @property
    def settings(self) -> AuthSettings:
        """The settings, read from the environment at the first use.

        Raises:
            SettingsError: One is missing, wrong or weak.
        """
        if self._settings is None:
            self._settings = load_settings()
        return self._settings

    def install(
        self,
        app: FastAPI,
        *,
        prefix: str = "/auth",
        documentation: str = DOCUMENTATION,
        request_id: RequestId | None = None,
    ) -> None:
        """Everything at once: the routers, guards before bodies, problem responses, a complete OpenAPI.

        Call it once, on the outermost application. A lifespan of your own runs ours inside of it:
        ``async with auth.lifespan(app): ...``.

        Args:
            app: The application.
            prefix: Where the routes are.
            documentation: The page with an anchor for each problem code.
            request_id: Gives the id of the present request, which problems then carry.

        Raises:
            SettingsError: A setting is missing, wrong or weak.
            ConfigurationError: A role that a setting names does not exist.
        """
        self._refuse_unusable()
        self._prefix = prefix
        routers = self.routers
        together = PrefixedRouter(prefix)
        for router in (
            routers.login,
            routers.token,
            routers.sessions,
            routers.register,
            routers.account,
            routers.password,
            routers.users,
            routers.roles,
        ):
            together.include_router(router)
        together.refuse_slashes()
        app.include_router(together, prefix=prefix)
        if self.settings.algorithm != "HS256":
            app.include_router(routers.well_known)
        self.protect_bodies(app)
        install_problems(app, documentation=documentation, request_id=request_id)
        install_documentation(app)

    def protect_bodies(self, app: FastAPI) -> None:
        """Ask the guards before a body is read. `install` does it; applications that include single routers call it."""
        # The end of the list is the innermost place, and add_middleware keeps inserting at the front.
        app.user_middleware.append(Middleware(GuardsFirst))

    @asynccontextmanager
    async def lifespan(self, app: FastAPI | None = None) -> AsyncIterator[None]:
        """Connect at the start, end cleanly: ``FastAPI(lifespan=auth.lifespan)``.

        Scripts use it without an application: ``async with auth.lifespan(): await auth.tokens.issue(...)``.

        Raises:
            ConfigurationError: A setting is wrong, or tables are missing; or another Auth that runs in this
                process keeps other accounts under the same names, and each would take the other's tokens.
            Unavailable: PostgreSQL does not answer.
        """
        if self._runtime is not None:
            raise ConfigurationError("This Auth is running already.")
        self._refuse_shared_names()
        runtime = Runtime(self.models, self.roles, self.settings, engine=self._engine, revocation=self._revocation)
        await runtime.start()
        self._runtime = runtime
        _running.add(self)
        try:
            yield
        finally:
            _running.discard(self)
            self._runtime = None
            await runtime.close()

    # ------------------------------------------------------------------ dependencies

    def current_principal(self, *, optional: bool = False) -> Guard:
        """A dependency that gives the `Principal`: no statement, and no round trip beyond the revocation check.

        Args:
            optional: Let callers without a credential in, as the anonymous principal. A bad credential is
                still 401.
        """
        return self._guard(None, optional)

    def current_user(self, *, optional: bool = False, verified: bool = False) -> Callable[..., Awaitable[U]]:
        """A dependency that gives your own object, loaded with one statement.

        With ``connect`` it is loaded on your session. Without, it is on the request's `session` if the request
        has one, and detached otherwise: its columns are there, a relationship is not.

        Args:
            optional: Give None to callers without a credential. A bad credential is still 401.
            verified: Ask for a verified address (403 ``email_not_verified``).
        """
        key = (optional, verified)
        if key not in self._users:
            guard = self._guard(None, optional)
            if self._connect is None:
                self._users[key] = user_on_our_session(guard, self._own_session, verified=verified)
            else:
                self._users[key] = user_on_your_session(guard, self.user, self._connect, verified=verified)
        return self._users[key]

    def require(self, *needs: Need) -> Guard:
        """A dependency that lets callers in who meet all of these; it gives the `Principal`.

        Args:
            needs: Permissions, `any_of`, `all_of`, or other guards.

        Raises:
            ConfigurationError: There is nothing to require, or a name is misspelt.
        """
        return self._guard(all_of(*needs).checked(self.roles), False)

    def require_role(self, *roles: str) -> Guard:
        """A dependency that lets callers in who hold one of these roles, or one that builds upon it.

        Raises:
            ConfigurationError: No role is named, or there is none of this name.
        """
        return self._guard(any_of(*(HasRole(role) for role in roles)).checked(self.roles), False)

    @property
    def session(self) -> Connect:
        """A dependency that yields a session on the library's engine, for applications without their own.

        You commit; what is not committed is rolled back at the end of the request. `current_user` puts its
        object on it.
        """
        return self._own_session.open

    # ------------------------------------------------------------------ services

    @property
    def runtime(self) -> Runtime:
        """The running parts.

        Raises:
            ConfigurationError: The lifespan has not begun.
        """
        if self._runtime is None:
            raise ConfigurationError(
                "Auth is not running: give the application FastAPI(lifespan=auth.lifespan), or wrap the code in "
                "'async with auth.lifespan():'. Mounted applications need it on the outermost one."
            )
        return self._runtime

    @property
    def services(self) -> Services:
        """The use cases of the running application."""
        return self.runtime.services

    @property
    def tokens(self) -> TokenPairService:
        """Token pairs without HTTP: issue, refresh, revoke, list."""
        return self.services.tokens

    @property
    def accounts(self) -> AccountService:
        """Accounts without HTTP: register, change, disable."""
        return self.services.accounts

    @property
    def grants(self) -> GrantService:
        """Roles of accounts without HTTP: grant, revoke."""
        return self.services.grants

    @property
    def authenticator(self) -> Authenticator:
        """From a raw access token to its principal, without HTTP."""
        return self.services.authenticator

    @property
    def routers(self) -> "Routers":
        """The routers one by one, for applications that leave some out or put them elsewhere."""
        return Routers(self._surface)

    # ------------------------------------------------------------------ inside

    def _guard(self, needs: Requirement | None, optional: bool) -> Guard:
        # Same arguments, same object: FastAPI's cache, overrides and the single check depend on it.
        key = (needs, optional)
        if key not in self._guards:
            self._guards[key] = Guard(
                self._doorkeeper, needs, is_optional=optional, token_url=lambda: f"{self._prefix}/token"
            )
        return self._guards[key]

    def _refuse_unusable(self) -> None:
        settings = self.settings
        for name in (*settings.default_roles, *filter(None, [settings.anonymous_role])):
            self.roles.role(name)
        if settings.registration == "safe":
            raise SettingsError(
                [
                    "AUTH_REGISTRATION: safe (the default) sends mail, which is not in this version; set it to open "
                    "or closed, and AUTH_REQUIRE_VERIFIED to false"
                ]
            )

    def _refuse_shared_names(self) -> None:
        mine = self.settings
        for other in _running:
            theirs = other.settings
            if other.models.tables == self.models.tables:
                continue
            if mine.issuer == theirs.issuer or mine.redis_prefix == theirs.redis_prefix:
                raise ConfigurationError(
                    f"{other.user.__name__} and {self.user.__name__} share AUTH_ISSUER or AUTH_REDIS_PREFIX: one's "
                    "tokens would open the other's doors, and revocations would be lost. Give each Auth its own: "
                    'Auth(..., settings=load_settings(issuer="...")).'
                )


_running: "set[Auth[Any]]" = set()
"""Those whose lifespan has begun in this process."""


class Routers:
    """The routers of the library, made when they are asked for. None has a prefix of its own beyond its noun."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    @property
    def login(self) -> APIRouter:
        """``/login``, ``/refresh``, ``/logout``, ``/logout-all``."""
        return login_router(self._surface)

    @property
    def token(self) -> APIRouter:
        """``/token``, as RFC 6749 has it."""
        return token_router(self._surface)

    @property
    def register(self) -> APIRouter:
        """``/register``."""
        return register_router(self._surface)

    @property
    def account(self) -> APIRouter:
        """``/me`` and ``/permissions``."""
        return account_router(self._surface)

    @property
    def password(self) -> APIRouter:
        """``/password/change``."""
        return password_router(self._surface)

    @property
    def sessions(self) -> APIRouter:
        """``/sessions``."""
        return sessions_router(self._surface)

    @property
    def users(self) -> APIRouter:
        """``/users``, for administrators."""
        return users_router(self._surface)

    @property
    def roles(self) -> APIRouter:
        """``/roles`` and ``/users/{id}/roles``, for administrators."""
        return roles_router(self._surface)

    @property
    def well_known(self) -> APIRouter:
        """``/.well-known/jwks.json``; goes without a prefix."""
        return well_known_router(self._surface)
