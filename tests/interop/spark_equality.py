"""Gold as Spark makes it from compiled SQL, held against gold as the native engine makes it.

Usage: spark_equality.py refresh|rebuild COMPILED LAKE
       spark_equality.py load|all COMPILED LAKE SOURCES [TABLE...]
       spark_equality.py compare NATIVE OTHER [TABLE...]

The first form runs a compiled model on Sail, a Spark Connect server in this process: gold from the bronze that is there. The
second loads bronze from source tables below SOURCES, and with `all` brings gold up to date as well. The third prints lines for
each table whose rows or types differ. Without a table all are meant. With GOLDSMITH_SPARK=delta it is Apache Spark with Delta
Lake, in a process of its own, which takes Java. The jars of Delta Lake are those of GOLDSMITH_SPARK_JARS, separated as in PATH; without
it they come from Maven, in the version of `delta-spark` from PyPI.
"""

import logging
import os
import sys
import tempfile
from pathlib import Path

from deltalake import DeltaTable
from unbuilt import spark_engine

AUDIT = {"_run_id", "_loaded_at"}
STAMPS = AUDIT | {"_source_version", "_ingested_at"}

# For Apache Spark with tiny tables, where compiling a statement is what it costs: less than half of that with the first compiler of
# Java alone, one task in each stage, and plans that are neither turned into code nor changed as they run.
TINY = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.shuffle.partitions": "1",
    "spark.default.parallelism": "1",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}
# For the others: each stage as many tasks as there are cores.
ORDINARY = {"spark.sql.shuffle.partitions": "2", "spark.databricks.delta.snapshotPartitions": "2"}


def connected(work, settings=ORDINARY):
    """Calls `work` with a session of a server of its own; the settings are for Apache Spark."""
    servers = {"sail": on_sail, "delta": on_delta}
    name = os.environ.get("GOLDSMITH_SPARK", "sail")
    if name not in servers:
        sys.exit(f"GOLDSMITH_SPARK is `{name}`; use one of {', '.join(servers)}")
    servers[name](work, settings)


def on_sail(work, _settings=None):
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer()
    server.start(background=True)
    spark = SparkSession.builder.remote(f"sc://localhost:{server.listening_address[1]}").getOrCreate()
    try:
        work(spark)
    finally:
        spark.stop()
        server.stop()


def on_delta(work, settings):
    from pyspark.sql import SparkSession

    with tempfile.TemporaryDirectory() as warehouse:
        settings = {
            "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
            "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
            "spark.sql.warehouse.dir": warehouse,
            "spark.sql.session.timeZone": "UTC",
            "spark.driver.memory": "4g",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        } | settings
        spark = with_delta(SparkSession.builder.master("local[2]").config(map=settings)).getOrCreate()
        spark.sparkContext.setLogLevel("ERROR")
        try:
            work(spark)
        finally:
            spark.stop()


def with_delta(builder):
    """Adds the jars of Delta Lake to a session that is to be."""
    if jars := os.environ.get("GOLDSMITH_SPARK_JARS"):
        return builder.config("spark.jars", jars.replace(os.pathsep, ","))
    from delta import configure_spark_with_delta_pip

    return configure_spark_with_delta_pip(builder)


def attach(spark, root, schema="*"):
    """Makes the Delta tables below `root`, laid out as SCHEMA/TABLE, known under these names; the catalog is empty at each start."""
    for log in sorted(Path(root).resolve().glob(f"{schema}/*/_delta_log")):
        table = log.parent
        spark.sql(f"create schema if not exists {table.parent.name}")
        spark.sql(f"create table {table.parent.name}.{table.name} using delta location '{table}'")


def run(step, compiled, lake, sources=None, *tables):
    layers = {"load": ["bronze"], "all": ["bronze", "gold"]}.get(step, ["gold"])

    def work(spark):
        if "bronze" not in layers:
            attach(spark, lake, "system_bronze")
        if sources is not None:
            attach(spark, sources)
        engine = spark_engine.SparkEngine(spark, spark_engine.CompiledModel.load(compiled))
        report = engine.run(select=tables or None, layers=layers, full_refresh=step == "rebuild")
        report.raise_for_failures()
        for result in report.results:
            # Servers tell more or less of a statement, and under other names.
            print(f"{result.table} {result.statement} {result.seconds:.2f} {{'count': {result.changed_rows}}}")

    connected(work, TINY)


def plain(value):
    """A value that can be compared: entries of maps sorted, lists as tuples."""
    if isinstance(value, dict):
        return tuple(sorted((key, plain(item)) for key, item in value.items()))
    if isinstance(value, (list, tuple)):
        return tuple(plain(item) for item in value)
    return value


def rows(table, ignored):
    columns = sorted(name for name in table.column_names if name not in ignored)
    values = []
    for name in columns:
        column = table.column(name)
        items = column.to_pylist()
        if str(column.type).startswith("map"):
            items = [None if item is None else tuple(sorted((key, plain(of)) for key, of in item)) for item in items]
        values.append([plain(item) for item in items])
    return columns, sorted(tuple(map(repr, row)) for row in zip(*values))


def differences(native, other, ignored):
    """What differs between two tables; nothing when they are equal."""
    native, other = (DeltaTable(str(path)).to_pyarrow_table() for path in (native, other))
    types = [
        {field.name: str(field.type) for field in table.schema if field.name not in ignored} for table in (native, other)
    ]
    if types[0] != types[1]:
        yield f"columns {sorted(set(types[0].items()) ^ set(types[1].items()))}"
        return
    (columns, left), (_, right) = rows(native, ignored), rows(other, ignored)
    if "_source_version" in ignored:
        # Streamed bronze keeps what was delivered twice; SQL takes over what bronze does not hold yet.
        left, right = sorted(set(left)), sorted(set(right))
    if left != right:
        only = (sorted(set(left) - set(right)), sorted(set(right) - set(left)))
        yield f"{len(left)} rows and {len(right)}; only native {len(only[0])}, only other {len(only[1])}"
        for first, second in list(zip(*only))[:2]:
            pairs = zip(columns, first, second)
            yield "  " + "; ".join(f"{name}: {mine} and {theirs}" for name, mine, theirs in pairs if mine != theirs)


def compare(native, other, *named):
    """Compares gold tables, or tables of a layer when directories of layers are given."""
    layer = "" if Path(native).name.startswith("system_") else "system_gold"
    ignored = STAMPS if Path(native).name == "system_bronze" else AUDIT
    native, other = Path(native, layer), Path(other, layer)
    tables = named or sorted(path.name for path in native.iterdir())
    for table in tables:
        for difference in differences(native / table, other / table, ignored):
            print(f"{table}: {difference}")
    print(f"compared {len(tables)}")


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    if sys.argv[1] == "compare":
        compare(*sys.argv[2:])
    else:
        run(*sys.argv[1:])
    # Threads of the libraries may outlive the interpreter, which then ends with an abort on a busy machine.
    sys.stdout.flush()
    os._exit(0)
