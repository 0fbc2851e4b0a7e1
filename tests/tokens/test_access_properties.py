"""Whatever arrives, the codec answers with claims, TokenInvalid or TokenExpired."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fastapi_beyond_crud.core.errors import TokenExpired, TokenInvalid
from fastapi_beyond_crud.tokens.claims import AccessClaims
from tests.tokens.forge import ISSUERS, NOW, b64, genuine_claims, genuine_payload

CODECS = {name: issuer.codec(cache_size=100) for name, issuer in ISSUERS.items()}
GENUINE = {name: issuer.token() for name, issuer in ISSUERS.items()}

names = st.sampled_from(list(ISSUERS))
words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=40)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def answer(name: str, text: str, now: float = NOW) -> AccessClaims | type[TokenInvalid]:
    try:
        return CODECS[name].decode(text, now=now)
    except TokenInvalid as error:
        return type(error)


@given(names, st.text(max_size=400))
def test_no_text_at_all_makes_it_raise_anything_else(name: str, text: str) -> None:
    """TV-22: arbitrary Unicode, surrogates included."""
    assert answer(name, text) is TokenInvalid


@given(names, st.text(alphabet="eyJAB-_.=09\n", max_size=300))
def test_no_text_of_the_token_alphabet_makes_it_raise_anything_else(name: str, text: str) -> None:
    assert answer(name, text) is TokenInvalid


@given(names, st.data())
def test_no_mutation_of_a_genuine_token_is_believed(name: str, data: st.DataObject) -> None:
    """TV-21: insert, delete or replace anywhere; the only accepted text is the original or says the very same."""
    token = GENUINE[name]
    start = data.draw(st.integers(0, len(token)))
    stop = data.draw(st.integers(start, min(len(token), start + 5)))
    text = token[:start] + data.draw(st.text(max_size=5) | st.text("AZaz09-_.", max_size=5)) + token[stop:]
    assert answer(name, text) == (genuine_claims() if text == token else TokenInvalid)


@given(names, st.binary(max_size=200), st.binary(max_size=200))
def test_signed_bytes_of_any_kind_are_refused(name: str, header: bytes, payload: bytes) -> None:
    """TV-20, TV-28: a correct signature over nonsense."""
    issuer = ISSUERS[name]
    assert answer(name, issuer.token(header=header)) is TokenInvalid
    assert answer(name, issuer.token(payload=payload)) is TokenInvalid


@given(names, st.sampled_from(list(genuine_payload())), anything)
def test_no_value_of_a_claim_makes_it_raise_anything_else(name: str, claim: str, value: Any) -> None:
    """TV-11, TV-14: a correct signature over any JSON value."""
    result = answer(name, ISSUERS[name].token(payload=genuine_payload(**{claim: value})))
    assert isinstance(result, AccessClaims) or result in (TokenInvalid, TokenExpired)


@given(names, st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit", "x"]), anything))
def test_no_value_in_a_header_makes_it_raise_anything_else(name: str, changes: dict[str, Any]) -> None:
    issuer = ISSUERS[name]
    result = answer(name, issuer.token(header=issuer.header(**changes)))
    assert result in (genuine_claims(), TokenInvalid)


@settings(max_examples=50)
@given(names, st.binary(min_size=0, max_size=80))
def test_no_signature_of_any_length_is_believed(name: str, signature: bytes) -> None:
    """TV-28: empty, short, long, zero and random signatures."""
    signed = GENUINE[name].rsplit(".", 1)[0]
    assert answer(name, f"{signed}.{b64(signature)}") is TokenInvalid


@given(names, words, words, words, st.lists(words, max_size=5), st.integers(0, 2**53 - 1))
def test_what_is_encoded_is_decoded(
    name: str, subject: str, session_id: str, token_id: str, roles: list[str], version: int
) -> None:
    claims = genuine_claims(
        subject=subject, session_id=session_id, token_id=token_id, roles=tuple(roles), auth_version=version
    )
    token = CODECS[name].encode(claims)
    assert answer(name, token) == claims
    assert json.loads(json.dumps(token)) == token
    assert answer(name, token, now=NOW + 1_000) is TokenExpired
