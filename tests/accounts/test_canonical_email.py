"""One address, one spelling: the function that decides who is who."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_beyond_crud.core.identifiers import canonical_email

LETTERS = st.characters(categories=("Ll", "Lu", "Lo", "Lm", "Mn", "Nd", "Nl"))
SINGLETONS = [chr(code) for code in range(0x110000) if len(unicodedata.decomposition(chr(code)).split()) == 1]


def canonical(raw: str) -> str | None:
    try:
        return canonical_email(raw)
    except ValueError:
        return None


def test_the_message_never_repeats_the_address() -> None:
    for raw in ("marker", "marker@", "Marker <a@example.com>", "marker\u212a@example.com", "m" * 300 + "@example.com"):
        with pytest.raises(ValueError, match="address") as refusal:
            canonical_email(raw)
        assert "marker" not in str(refusal.value)
        assert refusal.value.__cause__ is None


def test_no_sign_that_stands_for_another_letter_is_taken() -> None:
    """IN-08: the Kelvin, Angstrom and Ohm signs, and all others that Unicode has."""
    assert len(SINGLETONS) > 1000
    assert [char for char in SINGLETONS if canonical(f"a{char}b@example.com") is not None] == []


@given(local=st.text(LETTERS, min_size=1, max_size=12))
def test_the_canonical_form_is_the_canonical_form_of_itself(local: str) -> None:
    """LG-13: else an account could be registered that nobody finds again."""
    once = canonical(f"{local}@example.com")
    if once is not None:
        assert canonical(once) == once


@given(local=st.text(LETTERS, min_size=1, max_size=12))
def test_case_and_normal_form_make_no_second_identity(local: str) -> None:
    """IN-08: what folds to one text is one account, or is refused."""
    known = canonical(f"{local}@example.com")
    for other in (local.upper(), local.lower(), local.title(), unicodedata.normalize("NFD", local)):
        again = canonical(f"{other}@example.com")
        if known is not None and again is not None:
            assert again == known


@given(one=st.text(LETTERS, min_size=1, max_size=3), other=st.text(LETTERS, min_size=1, max_size=3))
def test_one_canonical_form_never_stands_for_two_people(one: str, other: str) -> None:
    """IN-08: equal forms come from texts that differ in nothing but case and normal form."""
    forms = [canonical(f"{local}@example.com") for local in (one, other)]
    if forms[0] is not None and forms[0] == forms[1]:
        assert unicodedata.normalize("NFC", one).casefold() == unicodedata.normalize("NFC", other).casefold()


def test_a_capital_sigma_at_the_end_is_the_same_letter_as_elsewhere() -> None:
    """Lower-casing a whole word makes another letter of it, which would be refused the next time."""
    assert canonical("\u0391\u03a3@example.com") == "\u03b1\u03c3@example.com"
    assert canonical("\u03b1\u03c3@example.com") == "\u03b1\u03c3@example.com"
