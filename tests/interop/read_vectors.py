"""Reads a table with deletion vectors as Python's deltalake, Polars and Sail see it.

Usage: read_vectors.py TABLE_PATH
"""

import json
import sys

import polars
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession

QUERY = "select count(*) as n, count(distinct k) as k, sum(k) as s, sum(case when v = 'new' then 1 else 0 end) as c from t"


def with_deltalake(path):
    return pa.table(QueryBuilder().register("t", DeltaTable(path)).execute(QUERY).read_all()).to_pylist()[0]


def with_polars(path):
    # The number of rows, which the log tells, and the rows themselves, which files and vectors tell.
    table = polars.scan_delta(path)
    row = polars.SQLContext(t=table).execute(QUERY, eager=True).to_dicts()[0]
    assert table.collect().height == row["n"], "rows that are read are not those that are counted"
    return row


def with_sail(path):
    server = SparkConnectServer()
    server.start(background=True)
    spark = SparkSession.builder.remote(f"sc://localhost:{server.listening_address[1]}").getOrCreate()
    spark.read.format("delta").load(path).createOrReplaceTempView("t")
    row = spark.sql(QUERY).collect()[0].asDict()
    spark.stop()
    server.stop()
    return row


if __name__ == "__main__":
    readers = {"deltalake": with_deltalake, "polars": with_polars, "sail": with_sail}
    print(json.dumps({name: read(sys.argv[1]) for name, read in readers.items()}))
