"""What was revoked, for as long as an access token could still speak of it."""

from datetime import datetime

from sqlalchemy import DateTime, Integer, SmallInteger, String, func
from sqlalchemy.orm import Mapped, mapped_column


class RevocationMixin:
    """The truth behind the fast revocation check: written in the statement or transaction of the change.

    Redis is rebuilt from this table, and the sweeper reads it. A row only grows: writing it again keeps the
    maximum of each number, so that order and repetition do not matter.

    Attributes:
        bucket: 0 to 255: the first byte of SHA-256 of the account's key as text.
        subject: ``s:<session id>`` or ``u:<account id>``.
        cutoff: For an account: access tokens with a lower version are dead.
        av: For an account: its version now; tokens below it carry rights of yesterday.
        until: After this moment no access token that the row speaks of can be alive.
    """

    bucket: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    subject: Mapped[str] = mapped_column(String(300), primary_key=True)
    cutoff: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    av: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), index=True)
