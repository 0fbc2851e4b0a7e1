"""The few lines of protocol: what is incomplete waits, what is wrong is refused, nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_beyond_crud.connections.resp import ErrorReply, Malformed, Reply, pack, read_reply


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400\r\n",
        b"?\r\n",
        b"\r\n",
        b"$x\r\n",
        b"$-2\r\n",
        b"$+1\r\na\r\n",
        b"$1_0\r\n",
        b"$ 3\r\nabc\r\n",
        b"$3\r\nabcd\r\n",
        b"$1\r\n\r\n\r\n",
        b"$2000000\r\n",
        b"$99999999999999999999\r\n",
        b"*x\r\n",
        b"*-2\r\n",
        b"*100000\r\n",
        b"*1\r\n" * 6 + b"+OK\r\n",
        b":1.5\r\n",
        b":\r\n",
        b":99999999999999999999\r\n",
        b"+" + b"a" * 70_000,
    ],
)
def test_bytes_that_are_no_reply_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        read_reply(data, 0)


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (b"+OK\r\n", b"OK"),
        (b":-12\r\n", -12),
        (b"$-1\r\n", None),
        (b"$0\r\n\r\n", b""),
        (b"$4\r\na\r\nb\r\n", b"a\r\nb"),
        (b"*-1\r\n", None),
        (b"*0\r\n", []),
        (b"*3\r\n$3\r\nabc\r\n$-1\r\n:7\r\n", [b"abc", None, 7]),
        (b"-MOVED 3999 127.0.0.1:6381\r\n", ErrorReply("MOVED 3999 127.0.0.1:6381")),
    ],
)
def test_each_kind_of_reply_is_read_and_no_part_of_it_is_taken_for_a_whole(data: bytes, reply: Reply) -> None:
    assert read_reply(data, 0) == (reply, len(data))
    assert read_reply(b"xx" + data + b"rest", 2) == (reply, len(data) + 2)
    for end in range(len(data)):
        assert read_reply(data[:end], 0) is None


def test_the_kind_of_an_error_is_its_first_word() -> None:
    assert ErrorReply("NOAUTH Authentication required.").kind == "NOAUTH"


def test_a_command_is_packed_by_lengths() -> None:
    assert pack(b"GET", "€".encode(), b"") == b"*3\r\n$3\r\nGET\r\n$3\r\n\xe2\x82\xac\r\n$0\r\n\r\n"


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_a_reply_or_wait_or_are_refused(data: bytes) -> None:
    try:
        found = read_reply(data, 0)
    except Malformed:
        return
    assert found is None or 0 < found[1] <= len(data)
