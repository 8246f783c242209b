"""Source tables written and gold tables read by Python's deltalake: the other side of the interoperability tests.

Usage: foreign_tables.py write ROOT STEP | read TABLE_PATH
"""

import json
import sys
from datetime import datetime, timedelta, timezone

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


def write(root, step):
    path = f"{root}/access/audit"
    if step == "first":
        write_deltalake(path, events(0, 50))
        write_deltalake(path, events(50, 50), mode="append")
        table = DeltaTable(path)
        table.optimize.compact()
        table.create_checkpoint()
    elif step == "second":
        write_deltalake(path, events(100, 50), mode="append")
        table = DeltaTable(path)
        table.delete("event_id = 'e0' or event_id = 'e120'")
        table.optimize.compact()
        write_deltalake(path, events(150, 50), mode="append")
        table = DeltaTable(path)
        table.create_checkpoint()


def read(path):
    table = DeltaTable(path)
    rows = QueryBuilder().register("t", table).execute("select count(*) as n from t").read_all()
    fields = [field["name"] for field in json.loads(table.schema().to_json())["fields"]]
    print(json.dumps({"rows": pa.table(rows).to_pylist()[0]["n"], "columns": fields, "description": table.metadata().description}))


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], sys.argv[3])
    else:
        read(sys.argv[2])
