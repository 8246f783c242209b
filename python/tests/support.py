"""What several tests need."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import goldsmith
import pyarrow.compute
import pyarrow.parquet

#: Deliveries of the generated source; each is one commit of each table.
DELIVERIES = 3

#: What differs from one run to the next.
AUDIT = {"_source_version", "_ingested_at", "_run_id", "_loaded_at", "_quarantined_at", "_row_hash"}


def command(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a command of the installed package."""
    name = str(Path(sys.executable).with_name(arguments[0]))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GOLDSMITH_")}
    return subprocess.run(
        [name, *arguments[1:]], capture_output=True, text=True, timeout=300, env=environment, **options
    )


def rows(engine: goldsmith.Engine, table: str) -> list[str]:
    """Rows of a table as sorted text, without what differs from one run to the next."""
    found = engine.query(f"select * from {table}").to_pyarrow()
    kept = sorted(name for name in found.column_names if name not in AUDIT)
    return sorted(repr(row) for row in found.select(kept).to_pylist())


def corrupt(table: Path, column: str, value: str) -> int:
    """Removes the rows with a value from a table of the engine, in a commit that looks as if it were right; returns how many."""
    logs = sorted((table / "_delta_log").glob("*.json"))
    actions = [json.loads(line) for log in logs for line in log.read_text().splitlines()]
    removed = {action["remove"]["path"] for action in actions if "remove" in action}
    (add,) = (action["add"] for action in actions if "add" in action and action["add"]["path"] not in removed)
    rows = pyarrow.parquet.read_table(table / add["path"])
    held = pyarrow.compute.field(column)
    kept = rows.filter((held != value) | held.is_null())
    assert kept.num_rows < rows.num_rows
    path = f"without-{add['path']}"
    pyarrow.parquet.write_table(kept, table / path)
    stats = {**json.loads(add["stats"]), "numRecords": kept.num_rows}
    now = {**add, "path": path, "size": (table / path).stat().st_size, "stats": json.dumps(stats)}
    remove = {"path": add["path"], "deletionTimestamp": 0, "dataChange": True}
    log = logs[-1].with_name(f"{int(logs[-1].stem) + 1:020}.json")
    log.write_text("\n".join(json.dumps(action) for action in ({"remove": remove}, {"add": now})))
    return int(rows.num_rows - kept.num_rows)


@dataclass(frozen=True)
class Bucket:
    """A bucket on an S3 server of this machine."""

    url: str
    options: dict[str, str]


@contextmanager
def s3_bucket() -> Iterator[Bucket]:
    """An S3 server with an empty bucket."""
    script = Path(__file__).parents[2] / "tests/interop/s3_server.py"
    with subprocess.Popen([sys.executable, script, "lake"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None and server.stdout is not None
        ready = json.loads(server.stdout.readline())
        yield Bucket(
            url="s3://lake",
            options={
                "aws_endpoint": ready["endpoint"],
                "aws_allow_http": "true",
                "aws_region": "us-east-1",
                "aws_access_key_id": ready["access_key_id"],
                "aws_secret_access_key": ready["secret_access_key"],
            },
        )
        server.stdin.close()


class Source:
    """A copy of the generated source of which one delivery after the other becomes visible."""

    def __init__(self, root: Path, generated: Path) -> None:
        self.root = root
        shutil.copytree(generated, root)
        self._held_back = {log: log.read_bytes() for log in root.glob("*/*/_delta_log/*.json")}
        self.show(0)

    def show(self, deliveries: int) -> None:
        """Shows the first deliveries. Version 0 of a table creates it."""
        for log, content in self._held_back.items():
            if int(log.stem) <= deliveries:
                log.write_bytes(content)
            else:
                log.unlink(missing_ok=True)

    def tables(self) -> list[tuple[str, str]]:
        """Schema and name of the tables."""
        return sorted((table.parent.name, table.name) for table in self.root.glob("*/*"))
