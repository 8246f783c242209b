"""A lake that is filled once, generated sources, and a Spark session."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import goldsmith
import pytest
from support import DELIVERIES, Bucket, Source, command, s3_bucket


@pytest.fixture(autouse=True)
def plain_logging() -> Iterator[None]:
    """The task sets logging up; other tests want it as it was."""
    logger = logging.getLogger("goldsmith")
    before = (logger.level, logger.propagate, list(logger.handlers))
    yield
    logger.level, logger.propagate, logger.handlers = before[0], before[1], before[2]
    logging.Logger.manager._clear_cache()  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """System tables in three deliveries."""
    root = tmp_path_factory.mktemp("generated") / "system"
    made = command("goldsmith", "synth", "--out", str(root), "--rows", "3000", "--batches", str(DELIVERIES))
    assert made.returncode == 0, made.stderr
    return root


@pytest.fixture(scope="session")
def lake(deliveries: Path, tmp_path_factory: pytest.TempPathFactory) -> goldsmith.Engine:
    """An engine whose target is filled. Tests must not change it."""
    engine = goldsmith.Engine(source=deliveries, target=tmp_path_factory.mktemp("lake") / "target")
    engine.run(select=["billing"]).raise_for_failures()
    return engine


@pytest.fixture
def source(deliveries: Path, tmp_path: Path) -> Source:
    """A source in which nothing was delivered yet."""
    return Source(tmp_path / "system", deliveries)


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """An empty bucket of an S3 server."""
    with s3_bucket() as bucket:
        yield bucket


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A Spark Connect server in this process."""
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer()
    server.start(background=True)
    _, port = server.listening_address
    yield f"sc://localhost:{port}"
    server.stop()


@pytest.fixture(scope="session")
def session(server: str) -> Iterator[Any]:
    """A session of that server."""
    from pyspark.sql import SparkSession

    session = SparkSession.builder.remote(server).getOrCreate()
    yield session
    session.stop()


@pytest.fixture
def spark(session: Any) -> Any:
    """The session without any table."""
    for database in session.catalog.listDatabases():
        if database.name != "default":
            session.sql(f"drop database `{database.name}` cascade")
    return session
