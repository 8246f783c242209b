"""Parameters of the job task, as Databricks passes them: ``--name=value``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from goldsmith._errors import ConfigurationError
from goldsmith.spark_source import MAX_BYTES, MAX_ROWS

COMMANDS = ("run", "verify", "plan", "setup", "maintain")
FAIL_ON = ("error", "never")
ENGINES = ("native", "spark")

#: Units of a size, and of a time with the seconds of one of them, as the command line knows them.
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 24 * 3600),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), 7 * 24 * 3600),
}


@dataclass(frozen=True)
class Parameters:
    """What a task is asked to do."""

    #: ``run``, ``verify``, ``plan``, ``setup`` or ``maintain``.
    command: str = "run"
    #: Path or URL of the system tables; without it they are read through the Spark session.
    source: str | None = None
    #: Catalog of the system tables in the Spark session.
    system_catalog: str = "system"
    #: ``native``, or ``spark``: the model is compiled to SQL, which the Spark session of the task runs.
    engine: str = "native"
    #: Path or URL below which bronze and gold live; with Spark it may be left to the catalog.
    target: str | None = None
    #: Gold tables, sources or domains; empty: all.
    select: tuple[str, ...] = ()
    #: Builds the selected gold tables from all of bronze.
    full_refresh: bool = False
    #: Directory of a model; without it that of the package.
    models: str | None = None
    #: Currency of prices, in place of the model's.
    currency: str | None = None
    #: Tables worked on at once.
    threads: int | None = None
    #: Memory of the engine, such as ``2GiB`` or ``25%``.
    memory_limit: str | None = None
    #: Options of the storage.
    storage_option: dict[str, str] = field(default_factory=dict)
    #: Scope of Databricks secrets whose keys are options of the storage, such as ``aws_access_key_id``.
    secret_scope: str | None = None
    #: Rows that Spark returns at once at most.
    max_rows_per_batch: int = MAX_ROWS
    #: Bytes of these rows at most.
    max_bytes_per_batch: int = MAX_BYTES
    #: Share of the keys that is verified.
    sample: float | None = None
    #: How long ``maintain`` keeps files that nothing shows any more; seven days when not given.
    retention: timedelta | None = None
    #: Takes a retention below an hour, by which runs that are going on lose what they have not committed yet.
    force: bool = False
    #: ``maintain`` only says what it would do.
    dry_run: bool = False
    #: File with the SQL statements of ``setup``; without it they are made for ``catalog`` from the model and the target.
    statements: str | None = None
    #: Catalog of Unity Catalog in which ``setup`` registers the tables of the target, and Spark has its tables.
    catalog: str | None = None
    #: Schema of the bronze tables in it; as in the model when not given.
    bronze_schema: str | None = None
    #: Schema of the gold tables in it; as in the model when not given.
    gold_schema: str | None = None
    #: Schema of quarantined rows in it; as in the model when not given.
    quarantine_schema: str | None = None
    #: File that the report is written to as JSON.
    report: str | None = None
    #: ``error``: a failed table or check fails the task; ``never``: it is told by log and task values alone.
    fail_on: str = "error"


def parse(arguments: Sequence[str]) -> Parameters:
    """Parameters from arguments. An empty value is as good as none, since a job cannot leave a parameter out.

    :raises ConfigurationError: for an unknown name, a name that comes twice, a value that cannot be used.
    """
    given: dict[str, list[str]] = {}
    for argument in arguments:
        if not argument.startswith("--") or "=" not in argument:
            raise ConfigurationError(f"`{argument}` is no parameter of the form `--name=value`")
        name, value = argument[2:].split("=", 1)
        key = name.replace("-", "_")
        if key not in Parameters.__dataclass_fields__:
            raise ConfigurationError(f"there is no parameter `{name}`; {_advice(key)}")
        if value:
            given.setdefault(key, []).append(value)
    for key, values in given.items():
        if len(values) > 1 and key not in ("select", "storage_option"):
            raise ConfigurationError(f"the parameter `{_shown(key)}` is given {len(values)} times; give it once")
    parsed: dict[str, object] = {key: _value(key, values) for key, values in given.items()}
    parameters = Parameters(**parsed)  # type: ignore[arg-type]
    if parameters.source and "system_catalog" in given:
        raise ConfigurationError("`source` and `system-catalog` exclude each other; give one of them")
    if parameters.source and parameters.engine == "spark":
        raise ConfigurationError("the engine `spark` reads the system tables of a catalog; give `system-catalog`, not `source`")
    return parameters


def _value(key: str, values: list[str]) -> object:
    value = values[-1]
    if key == "select":
        return tuple(name.strip() for value in values for name in value.split(",") if name.strip())
    if key == "storage_option":
        return dict(_option(value) for value in values)
    if key in ("threads", "max_rows_per_batch"):
        if not value.isdecimal() or int(value) < 1:
            raise ConfigurationError(f"`{_shown(key)}` is `{value}`; give a whole number from 1 on")
        return int(value)
    if key == "sample":
        try:
            return float(value)
        except ValueError:
            raise ConfigurationError(f"`sample` is `{value}`; give a number above 0 and up to 1") from None
    if key == "max_bytes_per_batch":
        return _size(key, value)
    if key == "retention":
        return _time(key, value)
    if key in ("full_refresh", "force", "dry_run"):
        return _one_of(key, value.lower(), ("true", "false")) == "true"
    if key == "command":
        return _one_of(key, value, COMMANDS)
    if key == "engine":
        return _one_of(key, value, ENGINES)
    if key == "fail_on":
        return _one_of(key, value, FAIL_ON)
    return value


def _one_of(key: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ConfigurationError(f"`{_shown(key)}` is `{value}`; give one of {', '.join(known)}")
    return value


def _size(key: str, value: str) -> int:
    number, unit = _parts(value)[0] if len(_parts(value)) == 1 else ("", "")
    size = int(number) * _BYTES[unit.upper()] if unit.upper() in _BYTES else 0
    if size < 1:
        raise ConfigurationError(f"`{_shown(key)}` is `{value}`; give a size such as `64MB` or `128MiB`")
    return size


def _time(key: str, value: str) -> timedelta:
    parts = _parts(value)
    if not parts or any(unit not in _SECONDS for _, unit in parts):
        days = f"; for days give `{value.strip()}d`" if value.strip().isdecimal() else ""
        raise ConfigurationError(f"`{_shown(key)}` is `{value}`{days or '; give a time with its unit, such as `12h` or `30days`'}")
    try:
        return timedelta(seconds=sum(int(number) * _SECONDS[unit] for number, unit in parts))
    except OverflowError:
        raise ConfigurationError(f"`{_shown(key)}` is `{value}`; give a time that is not as long as that") from None


def _parts(value: str) -> list[tuple[str, str]]:
    """Numbers with their units, such as those of ``1day 12h``; none when the text is anything else."""
    one = r"\s*(\d+)\s*([A-Za-z]+)\s*"
    return re.findall(one, value) if re.fullmatch(f"({one})+", value, re.ASCII) else []


def _option(value: str) -> tuple[str, str]:
    # The value may be a secret, so that it is not shown.
    name, separator, option = value.partition("=")
    if not separator:
        raise ConfigurationError("a `storage-option` has no value; give it as `--storage-option=KEY=VALUE`")
    return name, option


def _advice(key: str) -> str:
    names = list(Parameters.__dataclass_fields__)
    near = difflib.get_close_matches(key, names, n=1)
    return f"did you mean `{_shown(near[0])}`?" if near else f"known are {', '.join(map(_shown, names))}"


def _shown(key: str) -> str:
    return key.replace("_", "-")
