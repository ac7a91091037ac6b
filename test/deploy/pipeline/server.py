"""`server.py`: ministack's server, plus placeholders for the resource types of our stacks that it lacks.

ministack's own variables (GATEWAY_PORT, BIND_HOST) say where it listens. It stops when its standard input ends.
"""

import os
import signal
import sys
import threading

from ministack import app
from ministack.core import iam_actions
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

# Types that are not created, and why. A resource of such a type has a name and an ARN for references, and no effect.
PLACEHOLDERS = {
    "AWS::CloudWatch::CompositeAlarm": "ministack has them, but its CloudFormation does not create them",
    "AWS::CloudWatch::InsightRule": "ministack has no Contributor Insights",
    "AWS::CodeDeploy::Application": "ministack has no CodeDeploy",
    "AWS::CodeDeploy::DeploymentConfig": "ministack has no CodeDeploy",
    "AWS::CodeDeploy::DeploymentGroup": "ministack has no CodeDeploy",
    "AWS::Logs::QueryDefinition": "ministack has no saved queries",
}


def create_placeholder(logical_id, _properties, stack_name):
    name = f"placeholder-{stack_name}-{logical_id}"
    return name, {"Arn": f"arn:aws:placeholder:::{name}"}


def update_placeholder(physical_id, _old, _new, _stack_name):
    return physical_id, {"Arn": f"arn:aws:placeholder:::{physical_id}"}


for kind in PLACEHOLDERS:
    if kind in _RESOURCE_HANDLERS:
        raise SystemExit(f"ministack supports {kind} now. Remove it from PLACEHOLDERS in {__file__}.")
    _RESOURCE_HANDLERS[kind] = {
        "create": create_placeholder,
        "update": update_placeholder,
        "delete": lambda _physical_id, _properties: None,
    }

# Alarms over metric math are placeholders too: ministack's CloudFormation accepts alarms over a single metric only.
metric_alarm = dict(_RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"])


def create_alarm(logical_id, properties, stack_name):
    create = create_placeholder if properties.get("Metrics") else metric_alarm["create"]
    return create(logical_id, properties, stack_name)


def update_alarm(physical_id, old, new, stack_name, logical_id=None):
    if new.get("Metrics"):
        return update_placeholder(physical_id, old, new, stack_name)
    return metric_alarm["update"](physical_id, old, new, stack_name, logical_id)


def delete_alarm(physical_id, properties):
    if not properties.get("Metrics"):
        metric_alarm["delete"](physical_id, properties)


_RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"] = {
    **metric_alarm,
    "create": create_alarm,
    "update": update_alarm,
    "delete": delete_alarm,
}

# Our bucket and queue policies refuse requests without TLS. Plain HTTP on loopback counts as TLS here, so that these
# policies can be enforced without a certificate.
pin_request_origin = app.pin_request_origin
app.pin_request_origin = lambda source_ip, _is_tls: pin_request_origin(source_ip, True)

# IAM has no batch actions for SQS: sqs:SendMessage permits SendMessageBatch as well. ministack asks for the latter.
extract_iam_action = iam_actions.extract_iam_action


def extract_single_action(*args):
    action = extract_iam_action(*args)
    return action.removesuffix("Batch") if action and action.startswith("sqs:") else action


iam_actions.extract_iam_action = extract_single_action


def stop_with_parent():
    """Standard input is a pipe from the test: it ends when the test ends, even if the test is killed."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=stop_with_parent, daemon=True).start()
app.main()
