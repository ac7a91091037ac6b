"""Reads `["service", "operation", {input}]` lines and answers each with boto3's response, or with `{"error": ...}`."""

import functools
import json
import sys

import boto3
from botocore.exceptions import ClientError

client = functools.cache(boto3.client)


def text_of(value):
    """A streaming body as its text; anything else that is not JSON, such as a date, as a string."""
    return value.read().decode() if hasattr(value, "read") else str(value)



for line in sys.stdin:
    service, operation, arguments = json.loads(line)
    try:
        answer = getattr(client(service), operation)(**arguments)
    except ClientError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer, default=text_of), flush=True)
