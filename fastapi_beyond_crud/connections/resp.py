"""The wire format of Redis (RESP version 2), as far as a question and its answer need it."""

from dataclasses import dataclass
from typing import TypeAlias

LARGEST_TEXT_BYTES = 1 << 20
LONGEST_LIST = 1 << 16
DEEPEST_LIST = 4
LONGEST_LINE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """The server answered, and the answer is no.

    Attributes:
        text: For example ``MOVED 3999 127.0.0.1:6381``; the first word is the kind.
    """

    text: str

    @property
    def kind(self) -> str:
        """The first word, in capitals: ``MOVED``, ``WRONGTYPE``, ``NOAUTH``, ``LOADING``."""
        return self.text.partition(" ")[0]


Reply: TypeAlias = "bytes | int | ErrorReply | list[Reply] | None"


class Malformed(Exception):
    """The bytes are not RESP. Nothing that follows on this connection can be believed."""


def pack(*words: bytes) -> bytes:
    """A command in the form that servers read."""
    parts = [b"*%d\r\n" % len(words)]
    parts += [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return b"".join(parts)


def read_reply(data: bytes, start: int, depth: int = 0) -> tuple[Reply, int] | None:
    """The reply that begins at ``start`` and where it ends; None as long as bytes are missing.

    Raises:
        Malformed: See there.
    """
    line_end = data.find(b"\r\n", start)
    if line_end < 0:
        if len(data) - start > LONGEST_LINE_BYTES:
            raise Malformed("a line has no end")
        return None
    kind, line, end = data[start : start + 1], data[start + 1 : line_end], line_end + 2
    if kind == b"$":
        return _read_text(data, line, end)
    if kind == b"*":
        return _read_list(data, line, end, depth)
    if kind == b"+":
        return line, end
    if kind == b":":
        return _number(line), end
    if kind == b"-":
        return ErrorReply(line.decode("utf-8", "replace")), end
    raise Malformed("unknown kind of reply")


def _read_text(data: bytes, line: bytes, start: int) -> tuple[bytes | None, int] | None:
    if line == b"-1":
        return None, start
    end = start + _size(line, LARGEST_TEXT_BYTES)
    if len(data) < end + 2:
        return None
    # The line end behind a text is the only thing that shows a wrong length before it is believed.
    if data[end : end + 2] != b"\r\n":
        raise Malformed("a text is longer than it says")
    return data[start:end], end + 2


def _read_list(data: bytes, line: bytes, start: int, depth: int) -> tuple[list[Reply] | None, int] | None:
    if line == b"-1":
        return None, start
    if depth >= DEEPEST_LIST:
        raise Malformed("lists in lists in lists")
    items: list[Reply] = []
    end = start
    for _ in range(_size(line, LONGEST_LIST)):
        item = read_reply(data, end, depth + 1)
        if item is None:
            return None
        items.append(item[0])
        end = item[1]
    return items, end


def _size(line: bytes, largest: int) -> int:
    if not line.isdigit() or len(line) > 9 or int(line) > largest:
        raise Malformed("not a size")
    return int(line)


def _number(line: bytes) -> int:
    digits = line[1:] if line[:1] == b"-" else line
    if not digits.isdigit() or len(digits) > 19:
        raise Malformed("not a number")
    return int(line)
