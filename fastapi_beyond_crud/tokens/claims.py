"""What an access token says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """The statements of one access token. Those that `AccessTokenCodec` hands out have been verified.

    All moments are whole seconds since the epoch, as in the token itself (RFC 7519 section 2, NumericDate).

    Attributes:
        subject: The account's key as text (`sub`).
        session_id: The session that this token belongs to (`sid`). Revocation is keyed on it, never on the
            token's own spelling: a signature can have two.
        token_id: The name of this one token, for logs and audit (`jti`).
        issued_at: When it was made (`iat`).
        expires_at: From when on it is refused, leeway aside (`exp`).
        auth_time: When the caller last proved who they are: a login, not a refresh (`auth_time`).
        auth_version: The version of the account's rights that `roles` was read from (`av`).
        amr: How the caller proved it, for example ``("pwd",)`` (RFC 8176).
        roles: Names of the roles in force when the token was made.
    """

    subject: str
    session_id: str
    token_id: str
    issued_at: int
    expires_at: int
    auth_time: int
    auth_version: int
    amr: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
