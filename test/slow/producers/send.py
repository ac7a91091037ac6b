"""Sends the job on each line to the queue at QUEUE_URL with boto3, and writes how each ended."""

import json
import os
import pathlib
import sys

import boto3

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "clients" / "python"))

from fetchonce_producer import Producer  # noqa: E402

with Producer(boto3.client("sqs"), os.environ["QUEUE_URL"]) as producer:
    for end in producer.send_all(map(json.loads, sys.stdin)):
        refused = getattr(end.error, "refused", [])
        error = end.error and (refused[0].code if refused else type(end.error).__name__)
        sys.stdout.write(json.dumps({"index": end.index, "job_id": end.job_id, "error": error}) + "\n")
