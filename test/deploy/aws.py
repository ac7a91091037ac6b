"""Answers `["service", "operation", {input}]`, a line each, with what boto3 gets for it, or with `{"error": ...}`."""

import functools
import json
import sys

import boto3
from botocore.exceptions import ClientError

client = functools.cache(boto3.client)


def text_of(value):
    """A body is read, a date is written out."""
    return value.read().decode() if hasattr(value, "read") else str(value)



for line in sys.stdin:
    service, operation, arguments = json.loads(line)
    try:
        answer = getattr(client(service), operation)(**arguments)
    except ClientError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer, default=text_of), flush=True)
