"""Every field of every body, path and query, with every hostile value there is."""

import json
from urllib.parse import urlencode

import pytest

from tests.hostile.conftest import Target
from tests.hostile.operations import OPERATIONS, Operation
from tests.hostile.values import FORM_VALUES, JSON_VALUES, KEYS, MARK, QUERIES, QUERY_VALUES

JSON_FIELDS = [
    pytest.param(operation, name, id=f"{operation} {name}")
    for operation in OPERATIONS
    for name in operation.fields
    if not operation.is_form
]
FORM_FIELDS = [
    pytest.param(operation, name, id=f"{operation} {name}")
    for operation in OPERATIONS
    for name in operation.fields
    if operation.is_form
]
PATH_FIELDS = [
    pytest.param(operation, name, id=f"{operation} {name}") for operation in OPERATIONS for name in operation.in_path
]
QUERY_FIELDS = [
    pytest.param(operation, name, id=f"{operation} {name}") for operation in OPERATIONS for name in operation.in_query
]


def test_there_is_something_to_attack() -> None:
    """Else everything below would pass for want of cases."""
    assert len(OPERATIONS) >= 23
    assert len(JSON_FIELDS) >= 25
    assert len(FORM_FIELDS) >= 5
    assert len(PATH_FIELDS) >= 8
    assert len(QUERY_FIELDS) >= 4


@pytest.mark.parametrize(("operation", "name"), JSON_FIELDS)
async def test_no_value_of_a_field_breaks_the_contract(target: Target, operation: Operation, name: str) -> None:
    """IN-01..06, IN-10, IN-12, TV-22, LK-01, HD-01, HD-02, HD-04."""
    judge = target.judge(operation)
    for value in JSON_VALUES:
        members = {key: json.dumps(right) for key, right in target.right_body(operation).items()} | {name: value}
        body = "{" + ",".join(f"{json.dumps(key)}:{text}" for key, text in members.items()) + "}"
        judge.hear(await target.attack(operation, body=body.encode()), value)


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.fields and not one.is_form], ids=str)
async def test_no_name_of_a_field_breaks_the_contract(target: Target, operation: Operation) -> None:
    """LK-01: of what is not declared the name is told, cut short, and nothing else."""
    judge = target.judge(operation)
    for name in JSON_VALUES:
        if not name.startswith('"') or not name.endswith('"') or len(name) < 2:
            continue
        judge.hear(await target.attack(operation, body=f"{{{name}: 1}}".encode()), name, names=True)


@pytest.mark.parametrize(("operation", "name"), FORM_FIELDS)
async def test_no_value_of_a_form_breaks_the_contract(target: Target, operation: Operation, name: str) -> None:
    """IN-01..06, LK-01."""
    judge = target.judge(operation)
    grants = ("password", "refresh_token") if name in ("username", "password") else ("refresh_token",)
    for grant in grants:
        for value in FORM_VALUES:
            right = {**target.right_body(operation), "grant_type": grant}
            right.pop(name)
            body = f"{urlencode(right)}&{name}={value}"
            judge.hear(await target.attack(operation, body=body.encode("latin-1")), value)


@pytest.mark.parametrize(("operation", "name"), PATH_FIELDS)
async def test_no_key_breaks_the_contract(target: Target, operation: Operation, name: str) -> None:
    """IN-06, IN-12."""
    judge = target.judge(operation)
    body = json.dumps(target.right_body(operation)).encode() if operation.fields else b""
    for key in KEYS:
        answer = await target.attack(operation, path=target.path_of(operation, **{name: key}), body=body)
        judge.hear(answer, key, routed=False)


@pytest.mark.parametrize(("operation", "name"), QUERY_FIELDS)
async def test_no_value_of_a_query_breaks_the_contract(target: Target, operation: Operation, name: str) -> None:
    """DS-07, IN-02, IN-05, LK-01."""
    judge = target.judge(operation)
    for value in QUERY_VALUES:
        judge.hear(await target.attack(operation, query=f"{name}={value}"), value)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_no_query_breaks_the_contract(target: Target, operation: Operation) -> None:
    """IN-02: on routes that have none, too."""
    judge = target.judge(operation)
    body = target.cheap_body(operation)
    for query in QUERIES:
        judge.hear(await target.attack(operation, query=query, body=body), query)


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1000000", "1" + "0" * 4_000, "%D9%A1", "1.5", "", MARK])
async def test_no_list_is_longer_than_a_hundred(target: Target, limit: str) -> None:
    """DS-07: digits of other scripts included."""
    [operation] = [one for one in OPERATIONS if str(one) == "GET /auth/users"]
    assert (await target.attack(operation, query=f"limit={limit}")).status == 422


CONTROLS = [*map(chr, set(range(0x20)) - set(b"\t\n\r")), "\x7f", *map(chr, range(0x80, 0xA0)), "\ud800", "\udfff"]
STORED = [
    pytest.param(operation, name, id=f"{operation} {name}")
    for operation in OPERATIONS
    if str(operation) in ("POST /auth/register", "PATCH /auth/me", "PATCH /auth/users/{user_id}")
    or operation.path.endswith("/roles")
    for name in operation.fields
    if name != "password"
]


@pytest.mark.parametrize(("operation", "name"), STORED)
async def test_no_control_character_is_stored(target: Target, operation: Operation, name: str) -> None:
    """IN-04, IN-13: neither C0 nor C1 nor half a surrogate; they forge log lines and break exports."""
    for control in CONTROLS:
        body = target.right_body(operation) | {name: f"a{control}b"}
        answer = await target.attack(operation, body=json.dumps(body).encode())
        said = json.loads(answer.body)
        assert (answer.status, said["code"]) == (422, "validation_failed"), repr(control)
        assert said["errors"][0]["loc"] == ["body", name], "found in the body, not by the database"
