"""Rows of pyarrow as the engine can read them.

Arrow of Java, and so Apache Spark, writes no offsets for arrays without elements, such as the child of a column of empty lists. The
format demanded one offset later, the C data interface states no sizes, and a consumer that relies on that offset reads
foreign memory. Columns with such an array are copied; pyarrow's kernels write the offset.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from goldsmith._feed import ArrowStream

if TYPE_CHECKING:
    import pyarrow

_OFFSET_BYTES = {"string": 4, "binary": 4, "list": 4, "map": 4, "large_string": 8, "large_binary": 8, "large_list": 8}


def sound(rows: ArrowStream) -> ArrowStream:
    """The same rows with all offsets, batch by batch, as often as `rows` can be read. Only what pyarrow holds can lack some."""
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is None or not isinstance(rows, (pyarrow.Table, pyarrow.RecordBatch, pyarrow.RecordBatchReader)):
        return rows
    return _Sound(rows)


class _Sound:
    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        import pyarrow

        reader = pyarrow.RecordBatchReader.from_stream(self._rows)
        batches = map(sound_batch, reader)
        return pyarrow.RecordBatchReader.from_batches(reader.schema, batches).__arrow_c_stream__(requested_schema)


def sound_batch(batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
    """A batch with all offsets."""
    import pyarrow

    broken = [index for index, column in enumerate(batch.columns) if not all(_has_offsets(column))]
    if not broken:
        return batch
    columns = list(batch.columns)
    rows = pyarrow.array(range(batch.num_rows), pyarrow.int64())
    for index in broken:
        columns[index] = columns[index].take(rows)
    return pyarrow.RecordBatch.from_arrays(columns, schema=batch.schema)


def _has_offsets(array: pyarrow.Array) -> Iterator[bool]:
    """Whether an array, and each one that is part of it, has the offset that it needs when it is empty."""
    import pyarrow

    kind = array.type
    types = pyarrow.types
    name = str(kind).split("<")[0]
    if len(array) == 0 and name in _OFFSET_BYTES:
        offsets = array.buffers()[1]
        yield offsets is not None and offsets.size >= _OFFSET_BYTES[name]
    if types.is_struct(kind):
        for index in range(kind.num_fields):
            yield from _has_offsets(array.field(index))
    elif types.is_map(kind):
        yield from _has_offsets(array.keys)
        yield from _has_offsets(array.items)
    elif types.is_list(kind) or types.is_large_list(kind):
        yield from _has_offsets(array.values)
