"""`python producer.py QUEUE_URL < urls.txt`: sends a job for each line. To send a line again does no harm."""

import sys

import boto3
from fetchonce_producer import Producer  # clients/python/fetchonce_producer.py: copy it beside this file

failed = 0
with Producer(boto3.client("sqs"), sys.argv[1]) as producer:
    jobs = ({"url": line.strip(), "work_id": "example"} for line in sys.stdin)
    for sent in producer.send_all(jobs):
        if sent.error:
            failed += 1
            print(f"line {sent.index + 1}: {sent.error}")
        else:
            print(sent.job_id)
sys.exit(1 if failed else 0)
