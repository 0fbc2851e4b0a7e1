"""The tables, and how they belong together."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, MetaData, String, Table, Text, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, validates

from examples.bookly.text import folded
from fastapi_beyond_crud import UserMixin, companions


def _now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    # Constraints with names of our own choosing, so that a later migration can drop them by name.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


# Two decisions hold for every relationship below.
#
# lazy="raise": touching what was not loaded is an error at once. In async code the usual lazy loading cannot work, and
# where it works it sends one statement for each row. Each query says what it wants, with joinedload or selectinload.
#
# passive_deletes=True: on a delete, the database removes what hangs on the row (ON DELETE CASCADE) in one statement;
# SQLAlchemy need not load it first.


class User(UserMixin, Base):
    """An account: the library's columns, and a name to show to others."""

    __tablename__ = "users"

    name: Mapped[str | None] = mapped_column(String(100))

    books: Mapped[list["Book"]] = relationship(back_populates="owner", lazy="raise", passive_deletes=True)
    reviews: Mapped[list["Review"]] = relationship(back_populates="author", lazy="raise", passive_deletes=True)


# The library's tables of sessions, grants and revocations join this metadata, so that Alembic sees them.
companions(User)


book_tags = Table(
    "book_tags",
    Base.metadata,
    Column("book_id", ForeignKey("books.id", ondelete="CASCADE"), primary_key=True),
    # The key begins with book_id and so serves "the tags of a book"; the other way needs an index of its own.
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Book(Base):
    """A book in the catalogue. Whoever enters it owns the entry."""

    __tablename__ = "books"
    __table_args__ = (
        CheckConstraint("page_count BETWEEN 1 AND 100000", name="page_count"),
        # A page of a list is "what comes after this value and this id": each sort has an index that gives it.
        Index(None, "created_at", "id"),
        Index(None, "published_on", "id"),
        Index(None, "title", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    author: Mapped[str] = mapped_column(String(200))
    published_on: Mapped[date]
    page_count: Mapped[int]
    language: Mapped[str] = mapped_column(String(2))
    summary: Mapped[str | None] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), onupdate=_now)

    owner: Mapped[User] = relationship(back_populates="books", lazy="raise")
    reviews: Mapped[list["Review"]] = relationship(
        back_populates="book", lazy="raise", passive_deletes=True, order_by="Review.created_at.desc(), Review.id"
    )
    tags: Mapped[list["Tag"]] = relationship(
        secondary=book_tags, back_populates="books", lazy="raise", passive_deletes=True, order_by="Tag.name"
    )

    @validates("title", "author")
    def _note_for_search(self, changed: str, value: str) -> str:
        """Keep what is searched in step with what is shown, whoever changes it."""
        texts = {"title": self.title, "author": self.author, changed: value}
        self.search_text = "\n".join(folded(text) for text in texts.values() if text)
        return value


class Review(Base):
    """What one user thinks of one book."""

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        # Not "look first, then insert": two requests at once would both see nothing. This index decides.
        Index(None, "book_id", "author_id", unique=True),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    book_id: Mapped[UUID] = mapped_column(ForeignKey("books.id", ondelete="CASCADE"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    rating: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), onupdate=_now)

    book: Mapped[Book] = relationship(back_populates="reviews", lazy="raise")
    author: Mapped[User] = relationship(back_populates="reviews", lazy="raise")


class Tag(Base):
    """A word for books. Names are stored in one spelling, see `tags.schemas.TagName`."""

    __tablename__ = "tags"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    books: Mapped[list[Book]] = relationship(
        secondary=book_tags, back_populates="tags", lazy="raise", passive_deletes=True
    )
