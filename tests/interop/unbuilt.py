"""The engine of Spark from the sources of the Python package: its native extension, which the package imports, need not be built."""

import sys
import types
from pathlib import Path

_package = types.ModuleType("goldsmith")
_package.__path__ = [str(Path(__file__).resolve().parents[2] / "python" / "goldsmith")]
sys.modules["goldsmith"] = _package

from goldsmith import spark_engine  # noqa: E402

__all__ = ["spark_engine"]
