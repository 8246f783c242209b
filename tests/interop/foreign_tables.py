"""Source tables written and gold tables read by Python's deltalake: the other side of the interoperability tests.

Usage: foreign_tables.py write ROOT STEP | read TABLE_PATH
"""

import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder, write_deltalake

MORNING = datetime(2024, 5, 1, 8, tzinfo=timezone.utc)
AUDIT = pa.schema(
    [
        ("account_id", pa.string()),
        ("workspace_id", pa.string()),
        ("event_time", pa.timestamp("us", "UTC")),
        ("event_date", pa.date32()),
        ("user_identity", pa.struct([("email", pa.string()), ("subject_name", pa.string())])),
        ("action_name", pa.string()),
        ("request_params", pa.map_(pa.string(), pa.string())),
        ("response", pa.struct([("status_code", pa.int32()), ("error_message", pa.string()), ("result", pa.string())])),
        ("event_id", pa.string()),
    ]
)


def events(first, count, day=0):
    rows = []
    for number in range(first, first + count):
        time = MORNING + timedelta(days=day, minutes=number)
        rows.append(
            {
                "account_id": "a",
                "workspace_id": "1",
                "event_time": time,
                "event_date": time.date(),
                "user_identity": {"email": f"user{number % 3}@example.com", "subject_name": None},
                "action_name": "createJob",
                "request_params": [("number", str(number))],
                "response": {"status_code": 200, "error_message": None, "result": None},
                "event_id": f"e{number}",
            }
        )
    return pa.Table.from_pylist(rows, schema=AUDIT)


def compacted_first(root):
    path = f"{root}/access/audit"
    write_deltalake(path, events(0, 50))
    write_deltalake(path, events(50, 50), mode="append")
    table = DeltaTable(path)
    table.optimize.compact()
    table.create_checkpoint()


def compacted_second(root):
    path = f"{root}/access/audit"
    write_deltalake(path, events(100, 50), mode="append")
    table = DeltaTable(path)
    table.delete("event_id = 'e0' or event_id = 'e120'")
    table.optimize.compact()
    write_deltalake(path, events(150, 50), mode="append")
    table = DeltaTable(path)
    table.create_checkpoint()


def clean_log(path):
    """A checkpoint, and no commit before it: what the retention of the log leaves."""
    table = DeltaTable(path)
    table.create_checkpoint()
    for commit in Path(path, "_delta_log").glob("*.json"):
        if int(commit.stem) < table.version():
            commit.unlink()


def cleaned_first(root):
    path = f"{root}/access/audit"
    for batch in range(5):
        write_deltalake(path, events(batch * 10, 10), mode="append")
    DeltaTable(path).delete("event_id = 'e0'")
    clean_log(path)


def cleaned_append(root):
    path = f"{root}/access/audit"
    write_deltalake(path, events(50, 10), mode="append")
    write_deltalake(path, events(60, 10), mode="append")


def cleaned_past_position(root):
    path = f"{root}/access/audit"
    for batch in range(7, 10):
        write_deltalake(path, events(batch * 10, 10), mode="append")
    DeltaTable(path).delete("event_id = 'e1' or event_id = 'e75'")
    clean_log(path)
    write_deltalake(path, events(100, 10), mode="append")


RUNS = pa.schema(
    [
        ("workspace_id", pa.string()),
        ("run_id", pa.string()),
        ("status", pa.string()),
        ("start_time", pa.timestamp("us", "UTC")),
        ("end_time", pa.timestamp("us", "UTC")),
        ("update_time", pa.timestamp("us", "UTC")),
        ("params", pa.map_(pa.string(), pa.string())),
        ("aggregated_metrics", pa.list_(pa.struct([("metric_name", pa.string()), ("latest_value", pa.float64())]))),
    ]
)


def runs(numbers, status="RUNNING", hours=0):
    """Runs as of some hours after they began; one that does not run any more has ended then."""
    update = MORNING + timedelta(hours=hours)
    return pa.Table.from_pylist(
        [
            {
                "workspace_id": "1",
                "run_id": f"r{number}",
                "status": status,
                "start_time": MORNING,
                "end_time": None if status == "RUNNING" else update,
                "update_time": update,
                "params": [("depth", str(number))],
                "aggregated_metrics": [{"metric_name": "loss", "latest_value": number / 4}],
            }
            for number in numbers
        ],
        schema=RUNS,
    )


def merge(path, rows):
    merger = DeltaTable(path).merge(rows, "t.workspace_id = s.workspace_id and t.run_id = s.run_id", "s", "t")
    merger.when_matched_update_all().when_not_matched_insert_all().execute()


def updated_first(root):
    write_deltalake(f"{root}/mlflow/runs_latest", runs(range(10)))


def updated_second(root):
    """r0 changes twice, r10 is appended and changed, r15 comes with a change."""
    path = f"{root}/mlflow/runs_latest"
    finished = {"status": "'FINISHED'"}
    finished |= {name: "start_time + interval '1 hour'" for name in ["end_time", "update_time"]}
    DeltaTable(path).update(finished, predicate="run_id in ('r0', 'r1', 'r2')")
    write_deltalake(path, runs(range(10, 15)), mode="append")
    merge(path, runs([0, 10, 15], "FAILED", hours=3))


def updated_third(root):
    """r3 changes twice and the file with its first change is gone before anybody reads it."""
    path = f"{root}/mlflow/runs_latest"
    merge(path, runs([3], "FINISHED", hours=4))
    merge(path, runs([3], "KILLED", hours=5))
    DeltaTable(path).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)


STEPS = {
    step.__name__: step
    for step in [
        compacted_first,
        compacted_second,
        cleaned_first,
        cleaned_append,
        cleaned_past_position,
        updated_first,
        updated_second,
        updated_third,
    ]
}


def read(path):
    table = DeltaTable(path)
    rows = QueryBuilder().register("t", table).execute("select count(*) as n from t").read_all()
    fields = [field["name"] for field in json.loads(table.schema().to_json())["fields"]]
    print(json.dumps({"rows": pa.table(rows).to_pylist()[0]["n"], "columns": fields, "description": table.metadata().description}))


if __name__ == "__main__":
    if sys.argv[1] == "write":
        STEPS[sys.argv[3]](sys.argv[2])
    else:
        read(sys.argv[2])
