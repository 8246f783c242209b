"""An S3 server on a free port of this machine, until standard input is closed.

It checks signatures, and like S3 it lets one of several conditional writes of one object win. Prints one JSON line with the
endpoint and the keys of a user who may do everything in S3.

Usage: s3_server.py BUCKET...
"""

import json
import logging
import sys
import threading

import boto3
from moto import settings
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

EVERYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}

logging.getLogger("werkzeug").setLevel(logging.ERROR)
service = DomainDispatcherApplication(create_backend_app)
conditional = threading.Lock()


def serve(environ, start_response):
    # The library looks for the object first and writes it then; between the two another request could do the same.
    if environ["REQUEST_METHOD"] == "PUT" and "HTTP_IF_NONE_MATCH" in environ:
        with conditional:
            return service(environ, start_response)
    return service(environ, start_response)


server = make_server("127.0.0.1", 0, serve, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
endpoint = f"http://127.0.0.1:{server.server_port}"


def client(name):
    keys = {"aws_access_key_id": "setup", "aws_secret_access_key": "setup"}
    return boto3.client(name, endpoint_url=endpoint, region_name="us-east-1", **keys)


for bucket in sys.argv[1:]:
    client("s3").create_bucket(Bucket=bucket)
iam = client("iam")
iam.create_user(UserName="writer")
iam.put_user_policy(UserName="writer", PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING))
key = iam.create_access_key(UserName="writer")["AccessKey"]
settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
print(json.dumps({"endpoint": endpoint, "access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}), flush=True)
sys.stdin.read()
