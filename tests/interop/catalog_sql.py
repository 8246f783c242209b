"""Has other engines read the SQL for Unity Catalog.

Usage: catalog_sql.py execute STATEMENTS SCHEMA   (Sail executes statements and counts the rows of the tables of a schema)
       catalog_sql.py spark DOCUMENT              (Spark parses statements and runs the check)
"""

import json
import os
import sys


def execute(path, schema):
    """Executes statements one after the other, and prints the rows of each table of `schema`."""
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer()
    server.start(background=True)
    spark = SparkSession.builder.remote(f"sc://localhost:{server.listening_address[1]}").getOrCreate()
    for statement in json.load(open(path)):
        spark.sql(statement).collect()
    tables = [row.tableName for row in spark.sql(f"show tables in {schema}").collect()]
    print(json.dumps({table: spark.table(f"{schema}.{table}").count() for table in tables}))
    spark.stop()
    server.stop()


def parses(parser, statement):
    from pyspark.errors.exceptions.captured import ParseException

    try:
        parser.parsePlan(statement)
        return True
    except ParseException:
        return False


def check(spark, query, tables, keys):
    """The answer of the check over a catalog with these tables and keys."""
    spark.createDataFrame(tables, "table_schema string, table_name string, comment string").createOrReplaceTempView("t")
    columns = "table_schema string, table_name string, constraint_name string, constraint_type string"
    spark.createDataFrame(keys, columns).createOrReplaceTempView("k")
    query = query.replace("IDENTIFIER(:catalog || '.information_schema.tables')", "t")
    query = query.replace("IDENTIFIER(:catalog || '.information_schema.table_constraints')", "k")
    try:
        rows = spark.sql(query, args={"gold_schema": "gold"}).collect()
        return f"{rows[0].tables} tables"
    except Exception as error:
        return str(error)


def spark(path):
    """Prints what Spark's own parser refuses, and what the check says of a complete and of a broken catalog."""
    os.environ.pop("SPARK_REMOTE", None)
    from pyspark.sql import SparkSession

    document = json.load(open(path))
    session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = session.config("spark.sql.shuffle.partitions", "1").getOrCreate()
    parser = session._jsparkSession.sessionState().sqlParser()
    refused = [statement for statement in document["statements"] if not parses(parser, statement)]
    is_read = parses(parser, "ALTER TABLE t ADD CONSTRAINT c PRIMARY KEI (a)")

    tables = [("gold", table, "A comment.") for table in document["tables"]] + [("other", "dim_user", None)]
    keys = [("gold", *key) for key in document["keys"]] + [("other", "dim_user", "fk_x", "FOREIGN KEY")]
    complete = check(session, document["check"], tables, keys)
    less_tables = [("gold", name, None if name == "dim_sku" else comment) for schema, name, comment in tables
                   if schema == "gold" and name != "fact_audit_logs"]
    less_keys = [key for key in keys if key[2] not in ("pk_dim_user", "fk_fact_usage_user_key")]
    incomplete = check(session, document["check"], less_tables, less_keys)
    session.stop()
    print(json.dumps({
        "refused": refused,
        "broken": "read" if is_read else "refused",
        "complete": complete,
        "incomplete": incomplete,
    }))


if __name__ == "__main__":
    {"execute": execute, "spark": spark}[sys.argv[1]](*sys.argv[2:])
