"""Whole bodies that are not what they should be."""

import gzip
import json
import time
import tracemalloc
from collections.abc import Sequence

import pytest

from tests.hostile.conftest import Target
from tests.hostile.operations import OPERATIONS, Operation
from tests.hostile.values import MARK

JSON_OPERATIONS = [one for one in OPERATIONS if one.media == "application/json"]
WITH_BODY = [one for one in OPERATIONS if one.media]
FORM = "application/x-www-form-urlencoded"
BOUNDARY = "multipart/form-data; boundary=x"

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "blank": b" \n",
    "half": b"{",
    "garbage": b"\xff\xfe\xfd",
    "not utf-8 in a text": b'{"email": "\xff\xfe' + MARK.encode() + b'"}',
    "overlong utf-8": b'{"email": "\xc0\xae' + MARK.encode() + b'"}',
    "surrogates in utf-8": b'{"email": "\xed\xa0\x80' + MARK.encode() + b'"}',
    "utf-16": f'{{"email": "{MARK}"}}'.encode("utf-16"),
    "utf-16 without a mark": f'{{"email": "{MARK}"}}'.encode("utf-16-le"),
    "utf-32": f'{{"email": "{MARK}"}}'.encode("utf-32"),
    "byte order mark": b"\xef\xbb\xbf" + f'{{"email": "{MARK}"}}'.encode(),
    "null": b"null",
    "number": b"1",
    "text": f'"{MARK}"'.encode(),
    "list": f'["{MARK}"]'.encode(),
    "list of bodies": f'[{{"email": "{MARK}"}}]'.encode(),
    "nan": b"NaN",
    "infinite": b"-Infinity",
    "too large a number": b"1e999",
    "digits": b"9" * 60_000,
    "two bodies": b"{}{}",
    "trailing comma": f'{{"email": "{MARK}",}}'.encode(),
    "comment": f"{{/*{MARK}*/}}".encode(),
    "the same member twice": f'{{"email": "{MARK}", "email": "{MARK}"}}'.encode(),
    "nul": b"{}\0",
    "only nul": b"\0" * 1_000,
    "form": f"email={MARK}&password={MARK}".encode(),
    "xml": f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;{MARK}</x>'.encode(),
    "pickle": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.",
    "900 deep list": b"[" * 900 + b"]" * 900,
    "900 deep member": b'{"email":' * 900 + b"1" + b"}" * 900,
    "5000 deep list": b"[" * 5_000 + b"]" * 5_000,
    "5000 deep member": b'{"email":' * 5_000 + b"1" + b"}" * 5_000,
    "30000 deep list": b"[" * 30_000 + b"]" * 30_000,
    "60000 deep and open": b"[" * 60_000,
    "100000 deep": b"[" * 100_000,
    "5000 members": json.dumps({f"{MARK}{number}": number for number in range(3_000)}).encode()[:65_536],
    "members": json.dumps({str(number): 0 for number in range(5_000)}).encode(),
    "100000 members": json.dumps({str(number): 0 for number in range(100_000)}).encode(),
    "elements": b'{"email": [' + b"0," * 30_000 + b"0]}",
    "gzip": gzip.compress(f'{{"email": "{MARK}"}}'.encode()),
    "gzip bomb": gzip.compress(b"0" * 50_000_000)[:65_000],
}

TOO_LARGE = {"100000 deep", "100000 members"}

MEDIA = [
    "",
    "application/json; charset=utf-7",
    "application/json; charset=nonsense",
    "application/json;;;",
    "application/geo+json",
    "application/problem+json",
    "APPLICATION/JSON",
    "text/plain",
    "text/json",
    "application/xml",
    "application/octet-stream",
    "application/msgpack",
    "/",
    ";",
    "x",
    "application/json, text/plain",
    f"{MARK}/{MARK}",
    "application/" + "a" * 5_000,
    "application/json\x80\xff",
    FORM,
    f"{FORM}; charset=utf-16",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    f"multipart/form-data; boundary={'b' * 5_000}",
    "multipart/form-data; boundary=\x80",
    BOUNDARY,
    "multipart/mixed; boundary=x",
]


def part(name: str, value: bytes = b"", more: str = "") -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"


GRANT = part("grant_type", b"password")
FORMS: dict[str, tuple[str, bytes]] = {
    "10000 fields": (FORM, "&".join(f"{number:x}" for number in range(10_000)).encode()),
    "30000 empty fields": (FORM, b"&" * 60_000),
    "30000 equal signs": (FORM, b"=" * 60_000),
    "20000 fields of one name": (FORM, b"a=&" * 20_000),
    "semicolons": (FORM, b";a=b" * 16_000),
    "one field of 60 KB": (FORM, b"grant_type=" + b"a" * 60_000),
    "a name of 60 KB": (FORM, b"a" * 60_000),
    "percent signs": (FORM, b"grant_type=" + b"%" * 60_000),
    "half an escape": (FORM, b"grant_type=password&username=%"),
    "escapes of no text": (FORM, f"grant_type=password&username=%ff%fe{MARK}&password=%80{MARK}".encode()),
    "nul": (FORM, f"grant_type=password&username=%00{MARK}&password=%00{MARK}".encode()),
    "raw bytes": (FORM, b"grant_type=password&username=\xff\x00\xfe&password=\x80"),
    "the same field twice": (FORM, f"grant_type=password&grant_type=refresh_token&refresh_token={MARK}".encode()),
    "json": (FORM, b'{"grant_type": "password"}'),
    "nothing": (FORM, b""),
    "10000 parts": (BOUNDARY, b"".join(part(str(number)) for number in range(10_000)) + b"--x--\r\n"),
    "900 parts": (BOUNDARY, b"".join(part(str(number)) for number in range(900)) + b"--x--\r\n"),
    "no part": (BOUNDARY, b"--x--\r\n"),
    "no end": (BOUNDARY, GRANT),
    "no boundary in it": (BOUNDARY, MARK.encode() * 100),
    "only line ends": (BOUNDARY, b"\r\n" * 30_000),
    "a part without a name": (BOUNDARY, b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"),
    "a part without headers": (BOUNDARY, b"--x\r\n\r\n1\r\n--x--\r\n"),
    "a header of 8 KB": (BOUNDARY, b"--x\r\n" + b"A" * 8_192 + b": 1\r\n\r\n1\r\n--x--\r\n"),
    "4000 headers": (BOUNDARY, b"--x\r\n" + b"A: 1\r\n" * 4_000 + b"\r\n1\r\n--x--\r\n"),
    "a file": (BOUNDARY, part("username", b"x", '; filename="../../x"') + b"--x--\r\n"),
    "a file for the grant type": (BOUNDARY, part("grant_type", b"password", '; filename="x"') + b"--x--\r\n"),
    "a part within": (BOUNDARY, part("grant_type", GRANT) + b"--x--\r\n"),
    "a part of no text": (BOUNDARY, GRANT + part("username", b"\xff\xfe\0") + part("password", b"\x80") + b"--x--\r\n"),
    "a part of 60 KB": (BOUNDARY, GRANT + part("username", b"a" * 60_000) + b"--x--\r\n"),
    "a transfer encoding": (
        BOUNDARY,
        b'--x\r\nContent-Disposition: form-data; name="grant_type"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        b"cGFzc3dvcmQ=\r\n--x--\r\n",
    ),
    **{
        f"charset {name}": (
            f"{BOUNDARY}; charset={name}",
            GRANT + part("username", b"+2AA-\\ud800") + part("password", b"+2AA-\\ud800\\") + b"--x--\r\n",
        )
        for name in (
            "utf-7",
            "utf-16",
            "idna",
            "punycode",
            "undefined",
            "hex",
            "rot13",
            "unicode_escape",
            "x\0",
            "base64",
        )
    },
    "a name in no charset": (BOUNDARY, b'--x\r\nContent-Disposition: form-data; name="\xff\xfe"\r\n\r\n1\r\n--x--\r\n'),
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
async def test_no_body_breaks_the_contract(target: Target, operation: Operation, body: str) -> None:
    """IN-01..04, DS-01, DS-02, DS-13, LK-01."""
    answer = await target.attack(operation, body=BODIES[body])
    target.judge(operation).hear(answer, body, names=True)
    if body in TOO_LARGE:
        assert answer.status == 413


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if not one.media], ids=str)
async def test_no_body_breaks_a_route_that_has_none(target: Target, operation: Operation) -> None:
    """DS-01: nobody reads it."""
    for name, body in BODIES.items():
        answer = await target.attack(operation, body=body, media="application/json")
        target.judge(operation).hear(answer, name)
        assert answer.receives == 0


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
async def test_no_media_type_breaks_the_contract(target: Target, operation: Operation) -> None:
    """CK-10, IN-03: right and wrong bodies under every label."""
    right = json.dumps(target.right_body(operation)).encode()
    for media in MEDIA:
        for body in (right, b"{", b"\xff", b"a=b", b"--x--\r\n"):
            answer = await target.attack(operation, body=body, media=media)
            target.judge(operation).hear(answer, (media, body), names=True)


@pytest.mark.parametrize("operation", JSON_OPERATIONS, ids=str)
async def test_json_under_another_label_is_not_read_as_json(target: Target, operation: Operation) -> None:
    """CK-10: else any web page could send it without asking first (CVE-2021-32677)."""
    right = json.dumps(target.right_body(operation)).encode()
    for media in ("", "text/plain", FORM, BOUNDARY, "text/plain; application/json"):
        answer = await target.attack(operation, body=right, media=media)
        assert answer.status == 422, media


@pytest.mark.parametrize("operation", JSON_OPERATIONS, ids=str)
async def test_a_compressed_body_is_not_unpacked(target: Target, operation: Operation) -> None:
    """DS-13: a bomb stays as small as it came."""
    right = gzip.compress(json.dumps(target.right_body(operation)).encode())
    for encoding in ("gzip", "deflate", "br", "zstd", "gzip, gzip", MARK):
        answer = await target.attack(operation, body=right, headers=[("content-encoding", encoding)])
        target.judge(operation).hear(answer, encoding)
        assert answer.status == 422


@pytest.mark.parametrize("form", FORMS)
async def test_no_form_breaks_the_contract(target: Target, form: str) -> None:
    """DS-04, IN-03: CVE-2024-47874, CVE-2024-53981, CVE-2024-24762."""
    [operation] = [one for one in OPERATIONS if one.is_form]
    media, body = FORMS[form]
    began = time.process_time()
    answer = await target.attack(operation, body=body, media=media)
    assert time.process_time() - began < 1
    target.judge(operation).hear(answer, form)
    assert answer.status in (400, 413)


@pytest.mark.parametrize("form", FORMS)
async def test_a_form_is_no_json(target: Target, form: str) -> None:
    """DS-04: on routes that want JSON, as well."""
    media, body = FORMS[form]
    for operation in JSON_OPERATIONS:
        answer = await target.attack(operation, body=body, media=media)
        target.judge(operation).hear(answer, form, names=True)


CHUNKS: dict[str, Sequence[bytes]] = {
    "20 MB in one chunk": [b"x" * 20_000_000],
    "20 MB in chunks": [b"x" * 65_536] * 305,
    "one byte too many": [b"x" * 65_536, b"x"],
    "byte by byte": [b" "] * 65_537,
}


@pytest.mark.parametrize("chunks", CHUNKS)
@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
async def test_a_body_is_read_no_further_than_64_kilobytes(target: Target, operation: Operation, chunks: str) -> None:
    """DS-01."""
    body = CHUNKS[chunks]
    answer = await target.attack(operation, body=body, media=operation.media)
    target.judge(operation).hear(answer, chunks)
    assert answer.status == 413
    read = sum(len(chunk) for chunk in body[: answer.receives - 1])
    assert read <= 65_536


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
async def test_an_announced_body_that_is_too_long_is_not_read_at_all(target: Target, operation: Operation) -> None:
    """DS-01."""
    for length in ("65537", "20000000", "9" * 400):
        answer = await target.attack(operation, body=b"{}", headers=[("content-length", length)])
        target.judge(operation).hear(answer, length)
        assert (answer.status, answer.receives) == (413, 0)


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
async def test_a_length_that_lies_breaks_nothing(target: Target, operation: Operation) -> None:
    """DS-01."""
    for length in ("0", "1", "65536", "-1", "x", "1e9", "", "\N{SUPERSCRIPT TWO}", "5, 5"):
        for body in (b"{}", b"", [b"x" * 65_536, b"x" * 65_536]):
            answer = await target.attack(operation, body=body, headers=[("content-length", length)])
            target.judge(operation).hear(answer, (length, body), names=True)


async def test_a_large_body_takes_no_memory(target: Target) -> None:
    """DS-01: it is dropped at the limit, not collected."""
    [login] = [one for one in OPERATIONS if str(one) == "POST /auth/login"]
    chunks = [b"x" * 65_536] * 320
    await target.attack(login, body=chunks)
    tracemalloc.start()
    try:
        await target.attack(login, body=chunks)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000
