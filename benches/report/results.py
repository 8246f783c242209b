"""What was measured: cases with their sides, and for each side a time and the memory that it took."""

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Side:
    """One way to do the work of a case. Seconds and bytes are None when they were not measured."""

    name: str
    is_reference: bool
    seconds: float | None = None
    taken: int | None = None  # bytes beyond what the process held before
    held: int | None = None  # bytes that the process held before


@dataclass
class Case:
    """One piece of work on one set of data."""

    id: str
    group: str
    name: str
    title: str
    rows: int
    sides: list[Side] = field(default_factory=list)

    @property
    def reference(self) -> Side:
        return next(side for side in self.sides if side.is_reference)

    @property
    def ours(self) -> list[Side]:
        return [side for side in self.sides if not side.is_reference]


def listed(lines: str) -> list[Case]:
    """The cases that the bench lists, one JSON object a line."""
    cases = []
    for line in lines.splitlines():
        told = json.loads(line)
        sides = [Side(**side) for side in told.pop("sides")]
        cases.append(Case(sides=sides, **told))
    return cases


def read_times(cases: list[Case], criterion: Path) -> None:
    """Takes the median times from what Criterion left behind."""
    for case in cases:
        for side in case.sides:
            path = criterion / case.group / side.name / case.name / "new" / "estimates.json"
            side.seconds = json.loads(path.read_text())["median"]["point_estimate"] / 1e9


def ratio(reference: float | None, ours: float | None) -> float | None:
    """How many times less the first is than the second."""
    return reference / ours if reference is not None and ours else None
