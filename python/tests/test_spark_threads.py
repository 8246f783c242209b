"""Several tables at once through a Spark session: their order, their positions, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from goldsmith._schedule import in_turn
from goldsmith.spark_engine import CompiledModel, Script, SparkEngine, SparkRunError, Statement
from support import Source


class Crowd:
    """Counts who is inside at once. Nobody leaves before so many have come as are expected together."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._changed = threading.Condition()
        self._inside = 0
        self.most = 0

    @contextmanager
    def entered(self) -> Iterator[None]:
        with self._changed:
            self._inside += 1
            self.most = max(self.most, self._inside)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.most >= self._expected, timeout=30)
        # Long enough for others to come who should not.
        time.sleep(0.02)
        yield
        with self._changed:
            self._inside -= 1


@pytest.mark.parametrize("threads", [1, 3])
def test_each_item_comes_after_those_that_it_needs(threads: int) -> None:
    after = {0: set(), 1: set(), 2: {0}, 3: {0, 2}, 4: set(), 5: {1, 4}, 6: {3, 5}}
    ended: list[int] = []
    crowd = Crowd(threads)

    def work(item: int) -> int:
        assert after[item] <= set(ended), f"{item} was begun after {ended}"
        with crowd.entered():
            return item * item

    def done(item: int, result: int) -> None:
        assert result == item * item
        ended.append(item)

    in_turn(list(after), work, done, threads=threads, after=after)
    assert sorted(ended) == list(after) and crowd.most == threads
    if threads == 1:
        assert ended == list(after)


@pytest.mark.parametrize("fails", ["work", "done"])
def test_after_an_exception_nothing_is_begun_and_what_was_begun_is_waited_for(fails: str) -> None:
    begun: list[int] = []
    ended: list[int] = []
    cancelled: list[list[int]] = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 0:
            if fails == "work":
                raise KeyError("broken")
            return
        time.sleep(0.2)
        ended.append(item)

    def done(item: int, _: None) -> None:
        raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        in_turn(range(20), work, done, threads=2, cancel=lambda: cancelled.append(list(ended)))
    assert cancelled == [[]], "told once, before what was begun has ended"
    assert sorted(ended) == sorted(set(begun) - {0}) and len(begun) < 5


class Server:
    """A session whose statements take a while."""

    def __init__(self) -> None:
        self.conf = self.catalog = self
        self.all, self.of_positions = Crowd(3), Crowd(1)
        self._sent: list[str] = []

    def set(self, _name: str, _value: str) -> None:
        pass

    def tableExists(self, _name: str) -> bool:
        return True

    def sql(self, statement: str) -> Any:
        if statement.startswith("describe"):
            raise ValueError("no history here")
        self._sent.append(statement)
        with self.all.entered():
            if "positions" in statement:
                with self.of_positions.entered():
                    pass
        return self

    def collect(self) -> list[Any]:
        return []

    def place(self, statement: str) -> int:
        return self._sent.index(statement)


def script(name: str, reads: str) -> Script:
    texts = {"create": f"create {name}", "begin": f"begin {name} positions", "refresh": f"refresh {name} from {reads}"}
    texts["end"] = f"end {name} positions"
    return Script("gold", name, tuple(Statement(*one) for one in texts.items()), f"gold.{name}", None, "f")


def test_tables_are_brought_up_to_date_side_by_side_and_their_positions_one_by_one() -> None:
    names = [f"dim_{letter}" for letter in "abcdef"]
    scripts = [*(script(name, "nothing") for name in names), script("fact", "gold.dim_b, gold.dim_f")]
    server = Server()
    report = SparkEngine(server, CompiledModel("spark", {}, tuple(scripts), "the_run", "positions"), threads=3).run()
    report.raise_for_failures()
    assert server.all.most == 3
    assert server.of_positions.most == 1
    for read in ("dim_b", "dim_f"):
        assert server.place(f"end {read} positions") < server.place("begin fact positions")
    # As if one had come after the other.
    order = ["create", "begin", "refresh", "end"]
    assert [(one.table, one.statement) for one in report.results] == [(name, of) for name in [*names, "fact"] for of in order]


def test_no_thread_is_too_few() -> None:
    with pytest.raises(SparkRunError, match="`threads` is 0"):
        SparkEngine(Server(), CompiledModel("spark", {}, (), "the_run", "positions"), threads=0)


PROGRAM = """
import logging, sys
from pathlib import Path

import goldsmith
from pyspark.sql import SparkSession

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(name)s %(message)s", force=True)
spark = SparkSession.builder.remote(sys.argv[3]).getOrCreate()
for log in sorted(Path(sys.argv[1]).glob("*/*/_delta_log")):
    schema, table = log.parent.parent.name, log.parent.name
    spark.sql(f"create schema if not exists `{schema}`")
    spark.sql(f"create table `{schema}`.`{table}` using delta location '{log.parent}'")
engine = goldsmith.Engine(target=sys.argv[2], engine="spark", spark=spark, names=goldsmith.Names(source_catalog=""), threads=2)
try:
    engine.run(select=["billing"])
except KeyboardInterrupt:
    print("INTERRUPTED", flush=True)
    engine.run(select=["billing"]).raise_for_failures()
    print("FINISHED", flush=True)
"""


def test_an_interrupt_ends_the_run_and_the_next_one_does_the_rest(server: str, source: Source, tmp_path: Path) -> None:
    source.show(1)
    # The server is not in the process of the run: it would take the signal for itself.
    arguments = [str(source.root), str(tmp_path / "lake"), server]
    child = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    lines: list[str] = []
    for line in child.stdout:
        lines.append(line)
        if ": changed" in line:
            os.kill(child.pid, signal.SIGINT)
            break
    lines += child.stdout.readlines()
    child.wait(timeout=120)
    text = "".join(lines)
    assert "INTERRUPTED" in text and "FINISHED" in text, text
    told = [line for line in text[: text.index("INTERRUPTED")].splitlines() if ": changed" in line]
    assert len(told) < 20, "of 30 tables, those that had not begun were left"
    assert "failed" not in text, text
