"""The rival of `benchmarks.read`: FastAPI and asyncpg with the same statement, which checks the
token and lets row security decide. Without our limits, log line and numbers.

Its pool is set not to clean a connection that comes back, which would be a round trip more.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any

import asyncpg
from fastapi import FastAPI, Header, HTTPException, Query, Request, Response

from config import DatabaseRole, Settings

POOL_SIZE = 4
STATEMENT = "SELECT own_hours_by_token($1, $2, $3, NULL)"


@asynccontextmanager
async def _with_pool(app: FastAPI) -> AsyncIterator[None]:
    address = str(Settings.from_env().database_for(DatabaseRole.WEB))
    async with asyncpg.create_pool(
        address, min_size=POOL_SIZE, max_size=POOL_SIZE, reset=_as_it_is
    ) as pool:
        app.state.pool = pool
        yield


async def _as_it_is(_: Any) -> None:
    pass


app = FastAPI(lifespan=_with_pool)


@app.get("/")
async def hours(
    request: Request,
    year: Annotated[int, Query(ge=2015, le=2199)],
    authorization: Annotated[str, Header()],
) -> Response:
    digest = sha256(authorization.removeprefix("Bearer ").encode()).digest()
    async with request.app.state.pool.acquire() as connection:
        found = await connection.fetchval(STATEMENT, digest, datetime.now(UTC), year)
    facts, _, body = found.partition("\n")
    if not facts:
        raise HTTPException(401)
    actor = json.loads(facts)
    if actor["role"] != "professional" or "hours:read" not in actor["token_scopes"]:
        raise HTTPException(403)
    return Response(body, media_type="application/json")
