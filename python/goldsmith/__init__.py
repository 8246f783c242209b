"""Databricks system tables to a star schema on Delta Lake.

An :class:`Engine` is a model and two locations. It takes over what is new in the sources, exactly once, and brings the gold
tables up to date by the keys that it affects. The tables keep all state themselves.
"""

from goldsmith._engine import Engine, QueryResult, validate
from goldsmith._errors import (
    AccessError,
    CancelledError,
    ConfigurationError,
    ConflictError,
    DataError,
    Diagnostic,
    GoldsmithError,
    InternalError,
    ModelError,
    RunFailedError,
)
from goldsmith._feed import ArrowStream, Feed, FeedState
from goldsmith._goldsmith import VERSION as __version__
from goldsmith._results import (
    BehindInput,
    Check,
    CheckOutcome,
    ColumnDifference,
    Example,
    Layer,
    MaintainReport,
    RowCounts,
    RunReport,
    Source,
    TableInfo,
    TableMaintenance,
    TablePlan,
    TableReport,
    TableStatus,
    TableVerification,
    VerifyReport,
)
from goldsmith._spark_run import Names

__all__ = [
    "AccessError",
    "ArrowStream",
    "BehindInput",
    "CancelledError",
    "Check",
    "CheckOutcome",
    "ColumnDifference",
    "ConfigurationError",
    "ConflictError",
    "DataError",
    "Diagnostic",
    "Engine",
    "Example",
    "Feed",
    "FeedState",
    "GoldsmithError",
    "InternalError",
    "Layer",
    "MaintainReport",
    "ModelError",
    "Names",
    "QueryResult",
    "RowCounts",
    "RunFailedError",
    "RunReport",
    "Source",
    "TableInfo",
    "TableMaintenance",
    "TablePlan",
    "TableReport",
    "TableStatus",
    "TableVerification",
    "VerifyReport",
    "__version__",
    "validate",
]
