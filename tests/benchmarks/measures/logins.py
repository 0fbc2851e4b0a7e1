"""What other requests suffer while people log in."""

import asyncio
import time
from collections.abc import Sequence
from statistics import quantiles

from tests.benchmarks.connection import Answer
from tests.benchmarks.figures import LoginCost
from tests.benchmarks.load import Load
from tests.benchmarks.probe import Probe
from tests.benchmarks.requests import get
from tests.benchmarks.rounds import Pace
from tests.benchmarks.systems import System

CLIENTS = 8
PROBES_A_SECOND = 100


class _Login:
    """The same person logs in again and again."""

    def __init__(self, request: bytes) -> None:
        self._request = request

    def first(self) -> bytes:
        return self._request

    def then(self, answer: Answer) -> bytes:
        answer.json()
        return self._request


class _Sampled:
    """What was seen of one system in all rounds."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.quiet: list[float] = []
        self.busy: list[float] = []
        self.logins, self.seconds = 0, 0.0

    async def round(self, seconds: float) -> None:
        """A while without log-ins, then a while with."""
        contender, port = self.system.contender, self.system.server.port
        people = self.system.people[:CLIENTS]
        load = await Load(port, [_Login(contender.login(person.credentials)) for person in people]).open()
        probe = await Probe(port, get("/bare"), per_second=PROBES_A_SECOND).open()
        self.quiet += await probe.run(seconds / 2)
        began = time.monotonic()
        logins, latencies = await asyncio.gather(load.run(seconds), probe.run(seconds))
        self.seconds += time.monotonic() - began
        self.logins += logins
        self.busy += latencies
        load.close()
        probe.close()

    def cost(self) -> LoginCost:
        """The figures."""
        quiet, busy = (quantiles(seconds, n=100, method="inclusive") for seconds in (self.quiet, self.busy))
        return LoginCost(
            package=self.system.contender.package,
            system=self.system.contender.name,
            clients=CLIENTS,
            logins_per_second=self.logins / self.seconds,
            quiet_p50_ms=quiet[49] * 1e3,
            quiet_p99_ms=quiet[98] * 1e3,
            p50_ms=busy[49] * 1e3,
            p99_ms=busy[98] * 1e3,
        )


async def measure_logins(systems: Sequence[System], pace: Pace) -> list[LoginCost]:
    """Eight clients log in without a pause, and a plain route is asked a hundred times a second meanwhile."""
    samples = [_Sampled(system) for system in systems]
    for _ in range(pace.rounds):
        for sampled in samples:
            await sampled.round(pace.seconds)
    return [sampled.cost() for sampled in samples]
