"""authx with a blocklist in Redis. It has no accounts of its own: whoever asks gets a token."""

import os

from authx import AuthX, AuthXConfig
from fastapi import Depends, FastAPI
from redis.asyncio import Redis

config = AuthXConfig(JWT_SECRET_KEY=os.environ["RIVAL_SECRET"], JWT_TOKEN_LOCATION=["headers"])
auth: AuthX = AuthX(config=config)
blocked = Redis.from_url(os.environ["REDIS_URL"])


@auth.set_token_blocklist
async def is_blocked(token: str) -> bool:
    return bool(await blocked.exists(f"blocked:{token}"))


app = FastAPI()
auth.handle_errors(app)


@app.get("/bare")
async def bare() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/login")
async def login(body: dict[str, str]) -> dict[str, str]:
    return {"access_token": auth.create_access_token(uid=body["email"])}


@app.get("/required", dependencies=[Depends(auth.access_token_required)])
async def required() -> dict[str, str]:
    return {"status": "ok"}
