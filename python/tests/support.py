"""What several tests need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import goldsmith

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
