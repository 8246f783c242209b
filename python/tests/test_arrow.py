"""Rows in Arrow, in both directions."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import goldsmith
import pandas
import polars
import pyarrow
import pytest
from goldsmith import Layer, TableStatus
from goldsmith._arrow import sound_batch

MODEL = {
    "project.yaml": """
version: 1
name: sensors
description: Readings of sensors.
settings: {currency: EUR, fiscal_year_start_month: 1}
schemas: {bronze: bronze, gold: gold, quarantine: quarantine}
""",
    "bronze/plant/readings.yaml": """
source: plant.readings
description: Readings, one row each.
mutability: append_event
load: append
scope: regional
natural_key: [reading_id]
sequence_by: read_at
columns:
  reading_id: {type: string, description: Identifier of the reading.}
  read_at: {type: timestamp, description: When it was read.}
  value: {type: bigint, description: What was read.}
""",
    "gold/plant/fact_reading.yaml": """
table: fact_reading
kind: fact
domain: plant
description: Readings of sensors.
grain: one reading
source: plant.readings
key: [reading_id]
event_time: read_at
derived:
  is_high: {type: boolean, expr: value > 100, description: Whether the value is above 100.}
""",
}

NOON = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.timezone.utc)


@pytest.fixture
def engine(tmp_path: Path) -> goldsmith.Engine:
    """An engine with a model of its own and no source."""
    for name, text in MODEL.items():
        path = tmp_path / "model" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return goldsmith.Engine(model=tmp_path / "model", target=tmp_path / "lake")


def readings(*values: int) -> pyarrow.Table:
    return pyarrow.table(
        {
            "reading_id": [f"r{value}" for value in values],
            "read_at": pyarrow.array([NOON] * len(values), pyarrow.timestamp("us", "UTC")),
            "value": list(values),
        }
    )


def values_of(engine: goldsmith.Engine, table: str = "fact_reading") -> list[int]:
    return sorted(engine.query(f"select value from {table}").to_pyarrow()["value"].to_pylist())


@pytest.mark.parametrize(
    "form",
    [
        lambda table: table,
        lambda table: table.to_reader(max_chunksize=1),
        lambda table: table.to_batches()[0],
        polars.from_arrow,
        lambda table: table.to_pandas(),
        lambda table: duckdb.connect().from_arrow(table),
    ],
    ids=["pyarrow.Table", "pyarrow.RecordBatchReader", "pyarrow.RecordBatch", "polars.DataFrame", "pandas.DataFrame",
         "duckdb.Relation"],
)
def test_rows_of_every_library_are_taken_over(engine: goldsmith.Engine, form: Callable[[pyarrow.Table], Any]) -> None:
    engine.hand_over("plant.readings", form(readings(90, 110)), delivery=1)
    engine.run().raise_for_failures()
    assert values_of(engine) == [90, 110]
    found = engine.query("select reading_id, read_at, is_high from fact_reading order by 1")
    assert found.column_names == ["reading_id", "read_at", "is_high"] and len(found) == 2
    expected = [{"reading_id": "r110", "read_at": NOON, "is_high": True},
                {"reading_id": "r90", "read_at": NOON, "is_high": False}]
    assert found.to_pyarrow().to_pylist() == expected
    assert found.to_polars().to_dicts() == expected
    frame = found.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and frame["is_high"].tolist() == [True, False]
    # The same answer goes on to the engine of another lake, and can be read again.
    assert pyarrow.table(found).num_rows == polars.DataFrame(found).height == 2


def test_a_delivery_is_taken_over_once(engine: goldsmith.Engine) -> None:
    engine.hand_over("plant.readings", readings(1, 2), delivery=1)
    engine.run().raise_for_failures()
    assert engine.run().is_up_to_date
    engine.hand_over("plant.readings", readings(1, 2), delivery=1)
    assert engine.run().is_up_to_date
    engine.hand_over("plant.readings", readings(3), delivery=2)
    report = engine.run()
    assert report.status is TableStatus.CHANGED
    assert values_of(engine, "bronze.plant_readings") == values_of(engine) == [1, 2, 3]


def test_batches_are_read_one_after_the_other(engine: goldsmith.Engine) -> None:
    """A source much larger than what waits is never held as a whole: what was made and not yet let go stays small."""
    made, alive, most = 0, 0, 0
    size, count = 8_192, 60

    class Buffer(bytearray):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def batches() -> Iterator[pyarrow.RecordBatch]:
        nonlocal made, alive, most
        for number in range(count):
            numbers = pyarrow.array(range(number * size, (number + 1) * size), pyarrow.int64())
            held = Buffer(numbers.buffers()[1].to_pybytes())
            alive += 1
            made += 1
            most = max(most, alive)
            value = pyarrow.Array.from_buffers(pyarrow.int64(), size, [None, pyarrow.py_buffer(held)])
            del held
            yield pyarrow.record_batch(
                {
                    "reading_id": numbers.cast(pyarrow.string()),
                    "read_at": pyarrow.array([NOON] * size, pyarrow.timestamp("us", "UTC")),
                    "value": value,
                }
            )

    reader = pyarrow.RecordBatchReader.from_batches(readings(1).schema, batches())
    engine.hand_over("plant.readings", reader, delivery=1)
    report = engine.run(select=["plant.readings"])
    report.raise_for_failures()
    bronze = report.table(Layer.BRONZE, "plant.readings")
    assert bronze is not None and bronze.rows.read == made * size == count * size
    assert most < count / 2, f"{most} of {count} batches were in memory at once"


def test_a_source_that_was_fed_otherwise_before_is_compared_with_bronze(
    engine: goldsmith.Engine, tmp_path: Path
) -> None:
    from deltalake import write_deltalake

    write_deltalake(str(tmp_path / "source/plant/readings"), readings(1, 2))
    goldsmith.Engine(
        model=tmp_path / "model", source=tmp_path / "source", target=tmp_path / "lake"
    ).run().raise_for_failures()
    engine.hand_over("plant.readings", readings(2, 3), delivery=1)
    report = engine.run()
    bronze = report.table(Layer.BRONZE, "plant.readings")
    assert bronze is not None and (bronze.rows.inserted, bronze.rows.duplicates) == (1, 1)
    assert values_of(engine, "bronze.plant_readings") == [1, 2, 3]


def test_an_answer_without_rows_has_columns(engine: goldsmith.Engine) -> None:
    engine.hand_over("plant.readings", readings(1), delivery=1)
    engine.run().raise_for_failures()
    empty = engine.query("select reading_id, value from fact_reading where value > 5").to_pandas()
    assert list(empty.columns) == ["reading_id", "value"] and len(empty) == 0


def test_a_reader_that_fails_fails_its_table_alone_and_the_next_run_completes_it(engine: goldsmith.Engine) -> None:
    def broken() -> Iterator[pyarrow.RecordBatch]:
        yield readings(1).to_batches()[0]
        raise ValueError("the wire broke")

    reader = pyarrow.RecordBatchReader.from_batches(readings(1).schema, broken())
    engine.hand_over("plant.readings", reader, delivery=1)
    report = engine.run()
    bronze = report.table(Layer.BRONZE, "plant.readings")
    assert bronze is not None and bronze.status is TableStatus.FAILED and "the wire broke" in str(bronze.error)
    with pytest.raises(goldsmith.RunFailedError, match="plant.readings.*the wire broke"):
        report.raise_for_failures()
    engine.hand_over("plant.readings", readings(1, 2), delivery=1)
    engine.run().raise_for_failures()
    assert values_of(engine) == [1, 2]


def test_what_is_no_arrow_is_told_by_its_type(engine: goldsmith.Engine) -> None:
    with pytest.raises(TypeError, match="list has no rows in Arrow"):
        engine.hand_over("plant.readings", [1, 2], delivery=1)  # type: ignore[arg-type]
    with pytest.raises(goldsmith.ConfigurationError, match="no source `plant.reading`"):
        engine.hand_over("plant.reading", readings(1), delivery=1)


def without_offsets(children: int) -> pyarrow.Table:
    """A reading with lists that are all empty, as Arrow of Java writes them: no offsets at all below the outermost ones."""
    nothing, zeros = pyarrow.py_buffer(b""), pyarrow.py_buffer(bytes(8))
    texts = pyarrow.StringArray.from_buffers(0, nothing, nothing)
    kind, child = pyarrow.list_(pyarrow.string()), texts
    for _ in range(children):
        child = pyarrow.Array.from_buffers(kind, 0, [None, nothing], children=[child])
        kind = pyarrow.list_(kind)
    lists = pyarrow.Array.from_buffers(kind, 1, [None, zeros], children=[child])
    return readings(7).append_column("notes", lists)


@pytest.mark.parametrize("children", [0, 2])
@pytest.mark.parametrize("form", [lambda table: table, lambda table: table.to_reader()], ids=["table", "reader"])
def test_empty_lists_of_spark_are_taken_over(
    engine: goldsmith.Engine, form: Callable[[pyarrow.Table], Any], children: int
) -> None:
    table = without_offsets(children)
    child = table["notes"].chunk(0).values
    while hasattr(child, "values"):
        child = child.values
    assert child.buffers()[1].size == 0
    sound = sound_batch(table.to_batches()[0])["notes"].values
    for _ in range(children):
        assert sound.buffers()[1].size >= 4
        sound = sound.values
    assert sound.buffers()[1].size >= 4
    engine.hand_over("plant.readings", form(table), delivery=1)
    engine.run().raise_for_failures()
    assert engine.query("select notes from bronze.plant_readings").to_pyarrow()["notes"].to_pylist() == [[]]
