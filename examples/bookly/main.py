"""The application, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asgi_correlation_id import CorrelationIdMiddleware, correlation_id
from fastapi import Depends, FastAPI

from examples.bookly import health
from examples.bookly.books.router import router as books
from examples.bookly.database import engine
from examples.bookly.documentation import install_docs
from examples.bookly.middleware.request_id import is_sane, new_id
from examples.bookly.middleware.security_headers import SecurityHeaders
from examples.bookly.middleware.server_timing import ServerTiming
from examples.bookly.reviews.router import router as reviews
from examples.bookly.security import auth
from examples.bookly.tags.router import router as tags
from fastapi_beyond_crud import BodyLimit


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Connect at the start, let go at the end: the library first, and then our engine, which it used."""
    try:
        async with auth.lifespan(app):
            yield
    finally:
        await engine.dispose()


app = FastAPI(
    title="Bookly",
    summary="Books, reviews and tags.",
    version="1.0.0",
    lifespan=lifespan,
    # Our own page is at /docs; the one of FastAPI loads its scripts from another host.
    docs_url=None,
    redoc_url=None,
    # A redirect would repeat the Host header of the request, which anybody can write.
    redirect_slashes=False,
    # The names of the functions in generated clients: create_book instead of create_book_api_v1_books_post.
    generate_unique_id_function=lambda route: route.name,
    dependencies=[Depends(BodyLimit(64 * 1024))],
)

auth.install(app, request_id=correlation_id.get)

app.include_router(books, prefix="/api/v1")
app.include_router(reviews, prefix="/api/v1")
app.include_router(tags, prefix="/api/v1")
app.include_router(health.router)
install_docs(app)

# Each goes around those before it: the last one here is the first to see a request.
app.add_middleware(SecurityHeaders)
app.add_middleware(ServerTiming)
app.add_middleware(CorrelationIdMiddleware, header_name="X-Request-ID", generator=new_id, validator=is_sane)
