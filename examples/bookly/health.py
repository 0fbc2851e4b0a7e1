"""Whether this process can serve."""

from fastapi import APIRouter
from pydantic import BaseModel
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from sqlalchemy import text

from examples.bookly.database import SessionDep, settings
from fastapi_beyond_crud import Unavailable, documents

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """What a load balancer wants to know."""

    status: str
    detail: str | None = None


@router.get("/health", response_model_exclude_none=True, responses=documents(Unavailable))
async def health(session: SessionDep) -> Health:
    """200 when requests can be answered; 503 when the database is away.

    Redis may be away: PostgreSQL then answers what Redis would have, a little slower.
    """
    await session.execute(text("SELECT 1"))
    if settings.revocation == "redis" and not await _redis_answers():
        return Health(status="ok", detail="Redis is away; PostgreSQL stands in for it.")
    return Health(status="ok")


async def _redis_answers() -> bool:
    if settings.redis_url is None:
        return False
    patience_seconds = 0.25
    client = Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=patience_seconds,
        socket_connect_timeout=patience_seconds,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        async with client:
            return bool(await client.ping())
    except (RedisError, OSError):
        return False
