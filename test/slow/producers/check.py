"""Reads a job on each line, and writes what the Python client makes of it, or which fields it refuses."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "clients" / "python"))

from fetchonce_producer import InvalidJob, check_job  # noqa: E402



def number(text):
    """JavaScript writes a float without a point, too. Above 2**53, Python's client refuses whole numbers."""
    whole = int(text)
    return whole if abs(whole) < 2**53 else float(text)


for line in sys.stdin:
    try:
        checked = check_job(json.loads(line, parse_int=number))
    except InvalidJob as error:
        said = {"refused": [field for field, _ in error.problems], "why": str(error)}
    else:
        said = {"job_id": checked.job_id, "group": checked.group, "body": checked.body}
    sys.stdout.write(json.dumps(said) + "\n")
