"""Each test that takes an issuer runs for all three algorithms."""

import pytest

from fastapi_beyond_crud.tokens.access import AccessTokenCodec
from tests.tokens.forge import ISSUERS, Issuer


@pytest.fixture(params=list(ISSUERS))
def issuer(request: pytest.FixtureRequest) -> Issuer:
    return ISSUERS[request.param]


@pytest.fixture
def codec(issuer: Issuer) -> AccessTokenCodec:
    return issuer.codec()
