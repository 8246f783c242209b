"""The output of `goldsmith compile`: statements of Spark SQL, and a manifest that tells their order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Format of the manifest.
_FORMAT = 2
#: What makes a table known that is there already.
_ATTACHING = "attach"


class SparkRunError(RuntimeError):
    """Tables failed, or the compiled files cannot be used."""


@dataclass(frozen=True)
class Statement:
    """One SQL statement, with what it is for: `create`, `load`, `refresh`, `rebuild`, ..."""

    name: str
    sql: str


@dataclass(frozen=True)
class Script:
    """The statements of one table. `table` is the name in the model, `billing.usage` or `fact_usage`."""

    layer: str
    table: str
    statements: tuple[Statement, ...]
    #: The table in SQL; none of what comes before all tables.
    relation: str | None = None
    #: The system table in SQL that a bronze table is loaded from.
    source: str | None = None
    #: Fingerprint of the model of a gold table.
    fingerprint: str | None = None

    def otherwise(self, statement: Statement) -> Statement | None:
        """What is done where `statement` fails: over a table that differs from what is to be created, it is made known as it is."""
        following = self.statements[self.statements.index(statement) + 1 :]
        return following[0] if following and following[0].name == _ATTACHING else None

    def named(self, *names: str) -> tuple[Statement, ...]:
        """The statements with one of these names, in the order of the names."""
        return tuple(statement for name in names for statement in self.statements if statement.name == name)


@dataclass(frozen=True)
class CompiledModel:
    """The output of `goldsmith compile`."""

    target: str
    session: dict[str, str]
    scripts: tuple[Script, ...]
    #: The expression that names a run; a literal can stand in its place.
    run: str
    #: The table of positions, in SQL.
    positions: str

    @classmethod
    def load(cls, directory: str | Path) -> CompiledModel:
        """Reads the directory that `goldsmith compile --out` wrote.

        Raises `SparkRunError` when there is no manifest, or files do not fit it.
        """
        root = Path(directory)
        path = root / "manifest.json"
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SparkRunError(f"there is no `{path}`; write it with `goldsmith compile --out {root}`") from None
        if manifest.get("format") != _FORMAT:
            raise SparkRunError(f"`{path}` has the format {manifest.get('format')}, not {_FORMAT}; compile again")
        return cls.of(manifest, [_read(root, entry, manifest["marker"]) for entry in manifest["scripts"]])

    @classmethod
    def of(cls, manifest: Mapping[str, Any], statements: Iterable[Sequence[Statement]]) -> CompiledModel:
        """Puts a manifest and the statements of its scripts together."""
        scripts = tuple(
            Script(
                *(entry["layer"], entry["table"], tuple(of_script)),
                *(entry.get("relation"), entry.get("source"), entry.get("fingerprint")),
            )
            for entry, of_script in zip(manifest["scripts"], statements, strict=True)
        )
        return cls(manifest["target"], dict(manifest["session"]), scripts, manifest["run"], manifest["positions"])


def _read(root: Path, entry: dict[str, Any], marker: str) -> tuple[Statement, ...]:
    path = root / entry["file"]
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SparkRunError(f"`{path}` is not there; compile again") from None
    statements = tuple(_statements(text, marker))
    if [statement.name for statement in statements] != entry["statements"]:
        raise SparkRunError(f"`{path}` does not have the statements that the manifest tells; compile again")
    return statements


def _statements(text: str, marker: str) -> Iterable[Statement]:
    name: str | None = None
    lines: list[str] = []
    for line in [*text.splitlines(), marker]:
        if not line.startswith(marker):
            lines.append(line)
            continue
        if name is not None:
            yield Statement(name, "\n".join(lines).strip().removesuffix(";"))
        name, lines = line.removeprefix(marker).strip(), []
