"""Source tables with deletion vectors, written by Sail through Spark Connect.

Usage: sail_tables.py ROOT STEP
"""

import json
import sys
from pathlib import Path

from foreign_tables import events, runs
from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession


def attach(spark, path, sample):
    """Makes the table at `path` known as target; a new one gets the columns of `sample`."""
    columns = ""
    if not Path(path, "_delta_log").exists():
        fields = spark.createDataFrame(sample).schema.fields
        columns = "(" + ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in fields) + ")"
    properties = "tblproperties ('delta.enableDeletionVectors' = 'true')"
    spark.sql(f"create table target {columns} using delta location '{path}' {properties}")
    return path


def append(spark, rows):
    spark.createDataFrame(rows).createOrReplaceTempView("arrivals")
    spark.sql("insert into target select * from arrivals")


def hidden_rows(path):
    """Rows of each file that its latest deletion vector hides, for files that have one."""
    hidden = {}
    for log in sorted(Path(path, "_delta_log").glob("*.json")):
        for action in map(json.loads, log.open()):
            vector = action.get("add", {}).get("deletionVector")
            if vector:
                hidden[action["add"]["path"]] = vector["cardinality"]
    return sorted(hidden.values())


def audit(spark, root):
    return attach(spark, f"{root}/access/audit", events(0, 1))


def mlflow_runs(spark, root):
    return attach(spark, f"{root}/mlflow/runs_latest", runs([0]))


def first(spark, root):
    audit(spark, root)
    for batch in range(3):
        append(spark, events(batch * 40, 40))


def expire(spark, root):
    path = audit(spark, root)
    spark.sql("delete from target where event_time < timestamp'2024-05-01 08:30:00Z'")
    assert hidden_rows(path) == [30], "Sail wrote no deletion vector"


def append_and_expire(spark, root):
    """The deletion hides rows of a file with a vector, of one without, and of one that nobody read yet."""
    path = audit(spark, root)
    append(spark, events(120, 30))
    spark.sql("delete from target where event_id in ('e35', 'e50', 'e125')")
    append(spark, events(150, 20))
    assert hidden_rows(path) == [1, 1, 31], "Sail wrote no deletion vectors"


def updated_first(spark, root):
    mlflow_runs(spark, root)
    append(spark, runs(range(10)))


def updated_second(spark, root):
    """The same changes as the step of this name in foreign_tables.py."""
    path = mlflow_runs(spark, root)
    time = "timestamp'2024-05-01 09:00:00Z'"
    changes = f"status = 'FINISHED', end_time = {time}, update_time = {time}"
    spark.sql(f"update target set {changes} where run_id in ('r0', 'r1', 'r2')")
    append(spark, runs(range(10, 15)))
    spark.createDataFrame(runs([0, 10, 15], "FAILED", hours=3)).createOrReplaceTempView("changes")
    spark.sql(
        "merge into target using changes "
        "on target.workspace_id = changes.workspace_id and target.run_id = changes.run_id "
        "when matched then update set * when not matched then insert *"
    )
    assert hidden_rows(path) == [1, 1, 3], "Sail wrote no deletion vectors"


STEPS = {step.__name__: step for step in [first, expire, append_and_expire, updated_first, updated_second]}

if __name__ == "__main__":
    server = SparkConnectServer()
    server.start(background=True)
    spark = SparkSession.builder.remote(f"sc://localhost:{server.listening_address[1]}").getOrCreate()
    STEPS[sys.argv[2]](spark, sys.argv[1])
    spark.stop()
    server.stop()
