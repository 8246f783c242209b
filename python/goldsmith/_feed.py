"""What stands in for a table of a source: rows in Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@runtime_checkable
class ArrowStream(Protocol):
    """Rows in Arrow, such as a table of pyarrow, Polars or pandas, or a reader that yields one batch after the other."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows as a PyCapsule with an Arrow C stream."""


@runtime_checkable
class ArrowSchema(Protocol):
    """Columns in Arrow, such as a schema of pyarrow."""

    def __arrow_c_schema__(self) -> object:
        """The columns as a PyCapsule with an Arrow C schema."""


@dataclass(frozen=True)
class FeedState:
    """What a feed has."""

    #: Tells the source, and how it is cut into parts, from others. When it changes, everything is compared with bronze once.
    identity: str
    #: The columns.
    schema: ArrowSchema
    #: Name, number of rows, and a number of 64 bits that differs when the rows differ, of each part.
    parts: tuple[tuple[str, int, int], ...]


class Feed(Protocol):
    """A source that Python reads for the engine, in parts by which it is told what is new.

    The part of a row must follow from its content alone. A part that bronze never saw is taken over as it is; of one that
    differs from what it was, only the rows that bronze does not hold. The methods are called on threads of the engine.
    """

    def state(self) -> FeedState | None:
        """What is there now; none when the source is absent."""

    def read(
        self, parts: Sequence[str], columns: Sequence[str] | None, bucket: tuple[int, int] | None
    ) -> ArrowStream:
        """Rows of some parts: of some columns, in that order, or all; with a bucket ``(number, of)`` only one of so many about
        equal shares, in which equal rows must be together."""
