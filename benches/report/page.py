"""The tables of docs/benchmarks.md, and the plots beside it."""

from pathlib import Path

from .plots import chart
from .results import Case, Side, ratio
from .words import memory, time, times

BEGIN = "<!-- measured: written by scripts/bench -->"
END = "<!-- end of what is measured -->"

HEADINGS = {
    "dedup": "Dedup: the newest row of each key",
    "probe": "Probe: which rows have one of these keys",
    "scan": "SQL over a table with deletion vectors",
    "upsert": "Upsert: changed and new rows into a table",
    "timeline": "Timeline: change log to versions",
    "fold": "Fold: slices to runs",
    "as_of": "As-of look-up: facts to versions",
    "run": "Runs of the default model",
}


def write(cases: list[Case], conditions: list[str], page: Path, plots: Path) -> None:
    """Replaces what is measured in the page, and the plots of all groups."""
    text = page.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(f"{page.name} must have one line `{BEGIN}` and one line `{END}`")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    measured = ["", *conditions, "", *targets(cases)]
    plots.mkdir(parents=True, exist_ok=True)
    for group in dict.fromkeys(case.group for case in cases):
        own = [case for case in cases if case.group == group]
        heading = HEADINGS[group]
        (plots / f"{group}.svg").write_text(chart(heading, own))
        measured += [f"### {heading}", "", *table(own), "", f"![{heading}]({plots.name}/{group}.svg)", ""]
    page.write_text(before + BEGIN + "\n".join(measured) + "\n" + END + after)


def table(cases: list[Case]) -> list[str]:
    """One row for each of our ways."""
    out = [
        "| Data | Ours | Time | Reference | Time | Times faster | Memory | Of the reference | Times less |",
        "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for case in cases:
        peer = case.reference
        for side in case.ours:
            cells = [
                case.title,
                f"`{side.name}`",
                time(side.seconds),
                f"`{peer.name}`",
                time(peer.seconds),
                times(ratio(peer.seconds, side.seconds)),
                memory(side.taken),
                memory(peer.taken),
                times(ratio(peer.taken, side.taken)),
            ]
            out.append("| " + " | ".join(cells) + " |")
    return out


def targets(cases: list[Case]) -> list[str]:
    """What was aimed at, and what came out."""
    upserts = [case for case in cases if case.group == "upsert"]

    def automatic(where: str, *percents: str) -> list[tuple[Case, Side]]:
        suffixes = tuple(f"_{where}_{percent}_percent" for percent in percents)
        return [(case, case.ours[0]) for case in upserts if case.name.endswith(suffixes)]

    few, whole = ("0.1", "1", "10"), "100"
    scattered, tail = automatic("scattered", *few), automatic("hot_tail", *few)
    every = automatic("hot_tail", whole) + automatic("scattered", whole)
    wide = [case for case in cases if case.group == "dedup" and "x20_" in case.name]
    largest = max((case.rows for case in wide), default=0)
    dedups = [(case, case.ours[0]) for case in wide if case.rows == largest]
    rows = [
        ("Upsert of scattered rows", "20 × faster than MERGE", 20, scattered, speed),
        ("Upsert of scattered rows, memory", "4 × less than MERGE", 4, scattered, thrift),
        ("Upsert of the newest rows", "8 × faster than MERGE", 8, tail, speed),
        ("Upsert of the newest rows, memory", "4 × less than MERGE", 4, tail, thrift),
        ("Upsert of every row", "not slower than MERGE", 1, every, speed),
        ("Upsert of every row, memory", "4 × less than MERGE", 4, every, thrift),
        ("Dedup of 20 columns", "3 × faster than `row_number`", 3, dedups, speed),
    ]
    out = ["### Targets", "", "| What | Target | Measured | Met |", "| --- | --- | --- | --- |"]
    for what, target, least, measured, of in rows:
        found = [(case, of(case, side)) for case, side in measured]
        if not found or any(value is None for _, value in found):
            continue
        met = sum(value >= least for _, value in found)
        verdict = {len(found): "yes", 0: "no"}.get(met, f"{met} of {len(found)}")
        told = "; ".join(f"{times(value)} ({case.title.removesuffix(' × 20')})" for case, value in found)
        out.append(f"| {what} | {target} | {told} | {verdict} |")
    return [*out, ""] if len(out) > 4 else []


def speed(case: Case, side: Side) -> float | None:
    return ratio(case.reference.seconds, side.seconds)


def thrift(case: Case, side: Side) -> float | None:
    return ratio(case.reference.taken, side.taken)
