"""One run, from empty servers to a report."""

import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from fastapi_beyond_crud.testing.servers import ServerLauncher
from tests.benchmarks.contenders import FASTAPI_USERS, FULLAUTH, RIVALS, Contender, ours
from tests.benchmarks.cpu import Cores
from tests.benchmarks.environment import RivalsMissing, ensure_rivals
from tests.benchmarks.figures import Report
from tests.benchmarks.machine import describe_machine, describe_versions
from tests.benchmarks.measures.decisions import measure_decisions
from tests.benchmarks.measures.footprints import measure_footprints
from tests.benchmarks.measures.growth import measure_growth
from tests.benchmarks.measures.logins import measure_logins
from tests.benchmarks.measures.protected import measure_routes
from tests.benchmarks.measures.refreshes import measure_refreshes
from tests.benchmarks.plan import Plan
from tests.benchmarks.servers import Server, ServerFailed
from tests.benchmarks.site import Site
from tests.benchmarks.systems import System, launch, with_people
from tests.support.databases import create_database

REDIS = ours("redis", require="/require", current_principal="/principal", current_user="/user")
MEMORY = ours("memory", require="/require", current_principal="/principal", current_user="/user")
POSTGRES = ours("postgres", require="/require", current_user="/user")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The servers that everybody shares, and where processes run."""

    database_url: str
    redis_url: str
    cores: Cores
    home: Path
    stack: AsyncExitStack
    missing: dict[str, str] = field(default_factory=dict)

    def start(self, contender: Contender, settings: Mapping[str, str], *, rival: bool = False) -> Server:
        """Start a process that ends with the run."""
        server = launch(contender, settings, core=self.cores.server, home=self.home, rival=rival)
        self.stack.callback(server.stop)
        return server

    async def our_systems(self, site: Site, *contenders: Contender) -> list[System]:
        """Processes of one site, with the same people."""
        first, *others = contenders
        systems = [await with_people(first, self.start(first, site.environment))]
        people = [person.credentials for person in systems[0].people]
        servers = [self.start(contender, site.environment) for contender in others]
        for contender, server in zip(others, servers, strict=True):
            systems.append(await with_people(contender, server, people))
        return systems

    async def rival_systems(self) -> dict[str, System]:
        """The other libraries, as far as they run here."""
        try:
            ensure_rivals()
        except RivalsMissing as error:
            self.missing.update({rival.package: str(error) for rival in RIVALS})
            return {}
        running = {}
        for rival in RIVALS:
            settings = {"DATABASE_URL": await create_database(self.database_url), "REDIS_URL": self.redis_url}
            secret = "a secret of the benchmarks that guards nothing"
            try:
                server = self.start(rival, {**settings, "RIVAL_SECRET": secret}, rival=True)
                running[rival.package] = await with_people(rival, server)
            except (ServerFailed, RuntimeError, OSError) as error:
                self.missing[rival.package] = str(error).strip().splitlines()[-1]
        return running


async def run(plan: Plan, *, quick: bool) -> Report:
    """Measure everything."""
    async with AsyncExitStack() as stack:
        launcher = stack.enter_context(ServerLauncher())
        bench = Bench(
            database_url=launcher.start_postgres().url,
            redis_url=launcher.start_redis().url,
            cores=Cores.pick(),
            home=Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))),
            stack=stack,
        )
        return await _measure(bench, plan, quick=quick)


async def _measure(bench: Bench, plan: Plan, *, quick: bool) -> Report:
    _say("starting the servers")
    site = await Site.create(bench.database_url, bench.redis_url)
    redis, memory, postgres = await bench.our_systems(site, REDIS, MEMORY, POSTGRES)
    rivals = await bench.rival_systems()
    side_by_side = [redis, *(rivals[name] for name in (FASTAPI_USERS.package, FULLAUTH.package) if name in rivals)]

    _say("measuring guarded routes")
    routes = await measure_routes([redis, memory, postgres, *rivals.values()], plan.routes)
    _say("measuring log-ins")
    logins = await measure_logins(side_by_side, plan.logins)
    _say("measuring refreshes")
    refreshing = [system for system in side_by_side if system.contender.refresh is not None]
    refreshes = await measure_refreshes(refreshing, plan.refreshes, trials=plan.crowds)
    _say("writing revocations")
    tokens = await site.tokens_by_count()
    revoked = {count: await _with_revocations(bench, count) for count in plan.revocations}
    _say("measuring growth")
    growth = await measure_growth([redis, memory], tokens, revoked, plan.growth)
    _say("measuring memory and decisions")
    alone = Site(database_url=await create_database(bench.database_url), redis_url=_next_database(bench.redis_url))
    footprints = await measure_footprints(
        alone, revocations=plan.footprint_revocations, sessions=plan.footprint_sessions
    )
    return Report(
        date=datetime.now(UTC).date().isoformat(),
        quick=quick,
        machine=describe_machine(),
        versions=describe_versions(),
        missing=bench.missing,
        routes=routes,
        growth=growth,
        logins=logins,
        refreshes=refreshes,
        footprints=footprints,
        decisions=measure_decisions(),
    )


async def _with_revocations(bench: Bench, count: int) -> list[System]:
    """Processes of a site with so many revocations; they start after these were written."""
    site = await Site.create(bench.database_url, bench.redis_url)
    async with site.auth():
        await site.revoke(count)
    return await bench.our_systems(site, REDIS, MEMORY)


def _next_database(redis_url: str) -> str:
    """Another numbered database of the same Redis."""
    return redis_url.rpartition("/")[0] + "/1"


def _say(sentence: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {sentence} ...", file=sys.stderr, flush=True)
