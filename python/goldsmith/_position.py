"""Positions that the native engine and Spark both read."""

from __future__ import annotations

import json
from dataclasses import dataclass

#: Format of a position.
_FORMAT = 1


@dataclass(frozen=True)
class SharedPosition:
    """How far a gold table has come, in the terms that both engines give and read."""

    #: Fingerprint of the model that its rows were made by.
    fingerprint: str
    #: The table contains all that bronze held at this instant (milliseconds since the epoch).
    read_at: int

    @property
    def text(self) -> str:
        """What stands in the log of a table."""
        return json.dumps({"format": _FORMAT, "fingerprint": self.fingerprint, "read_at": self.read_at})

    @classmethod
    def parse(cls, text: str | None) -> SharedPosition | None:
        """Reads what an engine took down; none when it is something else."""
        try:
            data = json.loads(text or "null")
            if data["format"] > _FORMAT:
                return None
            return cls(str(data["fingerprint"]), int(data["read_at"]))
        except (ValueError, TypeError, KeyError):
            return None
