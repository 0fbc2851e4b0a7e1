"""Which passwords may be set."""

import time
import unicodedata

import pytest

from fastapi_beyond_crud.core.errors import ValidationFailed
from fastapi_beyond_crud.passwords.policy import PasswordPolicy

POLICY = PasswordPolicy()
FIFTEEN = "correct horse b"


def refusal(password: str, policy: PasswordPolicy = POLICY) -> str:
    with pytest.raises(ValidationFailed) as caught:
        policy.check(password)
    (error,) = caught.value.extra["errors"]
    assert error["loc"] == ["body", "password"]
    assert len(password) < 8 or password not in repr(caught.value.extra) + str(caught.value)
    return str(error["type"])


@pytest.mark.parametrize("password", ["", "a", "a" * 14, "é" * 14, "😀" * 14, "e\u0301" * 14])
def test_a_password_below_the_minimum_is_refused(password: str) -> None:
    """PW-01: characters are counted, not bytes, and after normalisation."""
    assert refusal(password) == "password_too_short"


def test_with_a_second_factor_seven_characters_are_too_few_and_eight_are_enough() -> None:
    """PW-01: the minimum is the policy's, 8 where there is a second factor."""
    policy = PasswordPolicy(min_length=8)
    assert refusal("abcdefg", policy) == "password_too_short"
    assert policy.check("abcdefgh") == "abcdefgh"


@pytest.mark.parametrize("password", ["a" * 1_025, "e\u0301" * 1_025, "a" * 10_000_000])
def test_a_password_above_the_maximum_is_refused(password: str) -> None:
    """PW-03: 1,024 code points is the most."""
    assert refusal(password) == "password_too_long"


def test_an_enormous_run_of_combining_marks_is_refused_without_normalising_it() -> None:
    """PW-03: normalising ten million marks would sort them, at quadratic cost."""
    password = "a" + "\u0301\u0316" * 5_000_000
    begun = time.process_time()
    assert refusal(password) == "password_too_long"
    assert time.process_time() - begun < 0.1


@pytest.mark.parametrize("hole", ["\0", "\ud800", "\udfff", "\udfff\ud800"])
def test_what_no_text_may_hold_is_refused(hole: str) -> None:
    """IN-02, IN-04: NUL and lone surrogates are a clean refusal, not an encoding error later."""
    assert refusal(FIFTEEN + hole) == "password_unusable"


def test_the_refusal_names_the_field_that_was_asked_about() -> None:
    with pytest.raises(ValidationFailed) as caught:
        POLICY.check("short", loc=("body", "new_password"))
    assert caught.value.extra["errors"][0]["loc"] == ["body", "new_password"]


@pytest.mark.parametrize(("low", "high"), [(0, 10), (16, 15), (15, 1_025)])
def test_limits_that_contradict_each_other_are_refused(low: int, high: int) -> None:
    with pytest.raises(ValueError, match="min_length"):
        PasswordPolicy(min_length=low, max_length=high)


def test_fifteen_characters_are_enough() -> None:
    """PW-01: the boundary itself is on the good side."""
    assert len(FIFTEEN) == 15
    assert POLICY.check(FIFTEEN) == FIFTEEN


def test_one_thousand_and_twenty_four_characters_are_accepted_in_either_form() -> None:
    """PW-02, PW-05: the maximum counts composed characters; a decomposed password may be longer as typed."""
    assert POLICY.check("x" * 1_024) == "x" * 1_024
    assert POLICY.check("e\u0301" * 1_024) == "é" * 1_024
    worst = "\u1f82" * 1_024
    assert POLICY.check(unicodedata.normalize("NFD", worst)) == worst


@pytest.mark.parametrize(
    "password",
    [
        "  spaces at both ends  ",
        "😀🎉🐍 emoji are welcome",
        "密码可以是中文的也没有关系呀好的",
        "كلمة المرور الطويلة جدا",
        "a\u0327\u0323 combining marks",
        "tab\tand\nnewline too",
        "".join(map(chr, range(0x20, 0x7F))),
    ],
)
def test_any_character_is_welcome(password: str) -> None:
    """PW-04: no character is cut, trimmed or replaced beyond NFC."""
    assert POLICY.check(password) == unicodedata.normalize("NFC", password)


@pytest.mark.parametrize("password", ["a" * 20, "1" * 20, "just lower case words"])
def test_there_are_no_composition_rules(password: str) -> None:
    """PW-10: length is what counts."""
    assert POLICY.check(password) == password


def test_the_two_forms_of_an_accent_are_one_password() -> None:
    """PW-05: NFC, and NFC only: the ligature of f and i stays what it is."""
    assert POLICY.check("caf\u0065\u0301 au lait, s'il") == POLICY.check("caf\u00e9 au lait, s'il")
    assert POLICY.check("\ufb01fteen letters long") != POLICY.check("fifteen letters long")
