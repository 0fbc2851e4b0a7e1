"""Base64url as tokens use it: no padding, and exactly one spelling for each value."""

import base64


def encode_segment(data: bytes) -> str:
    """The spelling without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_segment(segment: str) -> bytes:
    """The bytes behind a segment.

    Raises:
        ValueError: This is not the one spelling that `encode_segment` gives: other characters, padding, a
            length that no data has, or bits set behind the end of the data.
    """
    data = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    # The standard decoder skips foreign characters and drops surplus bits. Encoding again shows both.
    if encode_segment(data) != segment:
        raise ValueError("not canonical base64url")
    return data
