"""How many rows a second a Spark session hands over to the native engine, on this machine.

Usage: handover_numbers.py GOLDSMITH DIRECTORY ROWS sail|classic

GOLDSMITH is the program, built for release, and the package `goldsmith` of this Python has to be built for release as well; DIRECTORY
has to be new. Generated system tables are taken over into bronze: from their files, and as Parquet tables of a session, of Spark Connect
(Sail in this process) or of classic Spark (in a Java machine), then once more with nothing new. Prints seconds of wall and of
processor time, of the engine with its Python and of the Java machine.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet
from deltalake import DeltaTable

import goldsmith
from goldsmith.spark_source import feed_from_spark

sys.path.insert(0, str(Path(__file__).resolve().parent))

import spark_equality  # noqa: E402


def as_parquet(source, target):
    """Writes the tables once more, each as a directory of Parquet files without a log; returns their names and the number of rows."""
    names, rows = [], 0
    for log in sorted(source.glob("*/*/_delta_log")):
        table = DeltaTable(str(log.parent)).to_pyarrow_table()
        name = (log.parent.parent.name, log.parent.name)
        directory = target.joinpath(*name)
        directory.mkdir(parents=True)
        pyarrow.parquet.write_table(table, directory / "part.parquet", coerce_timestamps="us")
        names.append(name)
        rows += table.num_rows
    return names, rows


def classic(work):
    """Calls `work` with a session of a Java machine that this process starts."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.memory": "3g",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    spark = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    try:
        work(spark)
    finally:
        spark.stop()


def of_machine(spark):
    """Seconds of processor of the Java machine behind a session; none when the server is in this process."""
    machine = getattr(spark, "_jvm", None)
    if machine is None:
        return lambda: 0.0
    process = machine.java.lang.ProcessHandle.current()
    return lambda: process.info().totalCpuDuration().get().toMillis() / 1e3


def measured(name, rows, engine, other=lambda: 0.0):
    """Runs bronze twice and prints what it took."""
    sources = [source.name for source in engine.sources()]
    for step in ("all rows", "nothing new"):
        began, spent, elsewhere = time.monotonic(), time.process_time(), other()
        engine.run(select=sources).raise_for_failures()
        wall = time.monotonic() - began
        spent, elsewhere = time.process_time() - spent, other() - elsewhere
        pace = f"{rows / wall:10,.0f} rows/s" if step == "all rows" else ""
        print(f"{name:8} {step:12} {wall:7.1f} s {spent:7.1f} s of processor, {elsewhere:7.1f} s elsewhere {pace}", flush=True)


def main(program, directory, rows, server):
    root = Path(directory)
    source = root / "source"
    command = [program, "synth", "--out", source, "--rows", rows, "--batches", "1"]
    subprocess.run(command, check=True, stdout=sys.stderr)
    names, count = as_parquet(source, root / "parquet")
    print(f"{count:,} rows in {len(names)} tables", flush=True)
    measured("files", count, goldsmith.Engine(source=source, target=root / "files"))

    def from_session(spark):
        for schema, table in names:
            spark.sql(f"create schema if not exists {schema}")
            spark.sql(f"create table {schema}.{table} using parquet location '{root.resolve() / 'parquet' / schema / table}'")
        engine = goldsmith.Engine(target=root / server)
        feed_from_spark(engine, spark, catalog=spark.catalog.currentCatalog())
        measured(server, count, engine, of_machine(spark))

    {"sail": spark_equality.on_sail, "classic": classic}[server](from_session)


if __name__ == "__main__":
    main(*sys.argv[1:])
    # Threads of the libraries may outlive the interpreter.
    sys.stdout.flush()
    os._exit(0)
