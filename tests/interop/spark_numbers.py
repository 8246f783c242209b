"""What a full run and an increment cost through Spark SQL and natively, on this machine.

Usage: spark_numbers.py GOLDSMITH DIRECTORY ROWS [DELIVERIES]

GOLDSMITH is the program, built for release; DIRECTORY has to be new. Generated system tables come in DELIVERIES (100) parts: all
but the last are taken over, then the last one. Spark SQL runs on Sail in this process, or on Apache Spark with Delta Lake, as
`spark_equality.py` tells. Prints seconds of wall and of processor time for each step.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import spark_equality
from unbuilt import spark_engine


class Deliveries:
    """Source tables that show as many commits as they are told."""

    def __init__(self, root):
        self.logs = {path: path.read_bytes() for path in root.glob("*/*/_delta_log/*.json")}
        for checkpoint in [*root.glob("*/*/_delta_log/*.parquet"), *root.glob("*/*/_delta_log/_last_checkpoint")]:
            checkpoint.unlink()
            self.logs.pop(checkpoint, None)

    def show(self, count):
        for path, content in self.logs.items():
            if int(path.stem) <= count:
                path.write_bytes(content)
            else:
                path.unlink(missing_ok=True)


def measured(engine, step, processor, work):
    before, started = processor(), time.monotonic()
    work()
    wall, spent = time.monotonic() - started, processor() - before
    print(f"{engine:8} {step:22} {wall:8.1f} s {spent:8.1f} s of processor", flush=True)


def of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def of_session(spark):
    """Seconds of processor of the server behind a session: the Java machine, or this process."""
    machine = getattr(spark, "_jvm", None)
    if machine is None:
        return time.process_time
    process = machine.java.lang.ProcessHandle.current()
    return lambda: process.info().totalCpuDuration().get().toMillis() / 1e3


def main(program, directory, rows, deliveries="100"):
    root, deliveries = Path(directory), int(deliveries)
    source, sql = root / "source", root / "sql"
    subprocess.run([program, "synth", "--out", source, "--rows", rows, "--batches", str(deliveries)], check=True, stdout=sys.stderr)
    location = ["--location", root / "spark", "--source-catalog", ""]
    subprocess.run([program, "compile", "--target", "spark", "--out", sql, *location], check=True, stdout=sys.stderr)
    shown = Deliveries(source)
    steps = [("all but one delivery", deliveries - 1), ("the last delivery", deliveries), ("nothing new", deliveries)]

    def native():
        command = [program, "run", "--source", source, "--target", root / "native", "--quiet"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    for step, count in steps:
        shown.show(count)
        measured("native", step, of_children, native)

    def with_session(spark):
        engine = spark_engine.SparkEngine(spark, spark_engine.CompiledModel.load(sql))
        slowest, processor = [], of_session(spark)

        def run():
            report = engine.run()
            report.raise_for_failures()
            slowest.extend(sorted(report.results, key=lambda result: -result.seconds)[:3])

        for step, count in steps:
            shown.show(count)
            spark_equality.attach(spark, source)
            measured(os.environ.get("GOLDSMITH_SPARK", "sail"), step, processor, run)
            print(json.dumps([(one.table, one.statement, round(one.seconds, 1)) for one in slowest]), file=sys.stderr)
            slowest.clear()
            for schema in {path.parent.name for path in source.glob("*/*")}:
                spark.sql(f"drop schema `{schema}` cascade")

    spark_equality.connected(with_session)


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)
