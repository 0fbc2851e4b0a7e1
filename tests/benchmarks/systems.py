"""The systems that are compared, each running and with people who have signed in."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import environment
from tests.benchmarks.connection import ask
from tests.benchmarks.contenders import Contender
from tests.benchmarks.load import Load, Repeat
from tests.benchmarks.requests import get
from tests.benchmarks.servers import Server

PEOPLE = 16
PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A person with an access token."""

    credentials: Mapping[str, str]
    access_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A contender that runs, and the people who use it."""

    contender: Contender
    server: Server
    people: list[SignedIn]

    def load(self, path: str) -> Load:
        """Everybody asks for this path, signed in."""
        return Load(self.server.port, [Repeat(get(path, person.access_token)) for person in self.people])

    def bare(self) -> Load:
        """As many ask for the unguarded route."""
        return Load(self.server.port, [Repeat(get("/bare"))] * len(self.people))


def launch(contender: Contender, settings: Mapping[str, str], *, core: int, home: Path, rival: bool = False) -> Server:
    """Start the process of a contender; it is not ready yet."""
    python = {"python": environment.PYTHON} if rival else {}
    return Server(contender.application, {**settings, **contender.environment}, core=core, home=home, **python)


async def with_people(contender: Contender, server: Server, known: list[Mapping[str, str]] | None = None) -> System:
    """Wait for the server, let people register (unless they are known) and log in."""
    server.wait()
    credentials = known or [new_credentials() for _ in range(PEOPLE)]
    people = []
    for person in credentials:
        if contender.register is not None and known is None:
            (await ask(server.port, contender.register(person))).json()
        pair = (await ask(server.port, contender.login(person))).json()
        people.append(SignedIn(credentials=person, access_token=pair["access_token"]))
    return System(contender=contender, server=server, people=people)


def new_credentials() -> dict[str, str]:
    """An address that nobody has, and the password of everybody."""
    return {"email": f"someone-{secrets.token_hex(8)}@example.com", "password": PASSWORD}
