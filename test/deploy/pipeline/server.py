"""`server.py`: ministack on 127.0.0.1, with placeholders for what its CloudFormation lacks of what our stacks need.

It is told where to listen by ministack's own variables (GATEWAY_PORT, BIND_HOST), and stops when its standard input ends.
"""

import os
import signal
import sys
import threading

from ministack import app
from ministack.core import iam_actions
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

# Types that are not made, and why. Each resource of them has a name and an ARN for those that refer to it.
PLACEHOLDERS = {
    "AWS::CloudWatch::CompositeAlarm": "ministack's CloudWatch has composite alarms, but its CloudFormation makes none",
    "AWS::CloudWatch::InsightRule": "ministack has no Contributor Insights",
    "AWS::CodeDeploy::Application": "ministack has no CodeDeploy",
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
        raise SystemExit(f"ministack makes {kind} by now: remove it from PLACEHOLDERS in {__file__}.")
    _RESOURCE_HANDLERS[kind] = {
        "create": create_placeholder,
        "update": update_placeholder,
        "delete": lambda _physical_id, _properties: None,
    }

# Alarms over metric math are placeholders as well: ministack evaluates and accepts alarms over one metric only.
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

# Our bucket and queue policies refuse requests without TLS. Plain HTTP on loopback counts as TLS, so that they can be
# enforced without a certificate.
pin_request_origin = app.pin_request_origin
app.pin_request_origin = lambda source_ip, _is_tls: pin_request_origin(source_ip, True)

# IAM has no actions for SQS's batches: who may SendMessage may SendMessageBatch.
extract_iam_action = iam_actions.extract_iam_action


def extract_single_action(*args):
    action = extract_iam_action(*args)
    return action.removesuffix("Batch") if action and action.startswith("sqs:") else action


iam_actions.extract_iam_action = extract_single_action


def stop_with_parent():
    """The pipe from the test ends with the test, however that ends."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=stop_with_parent, daemon=True).start()
app.main()
