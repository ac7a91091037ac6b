"""`emulator.py PORT`: moto's server, plus the features that our stacks need and moto's CloudFormation lacks."""

import contextlib
import sys

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaVersion
from moto.awslambda.utils import get_backend
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.core.common_models import CloudFormationModel
from moto.dynamodb.models.table import Table
from moto.events.models import EventBus
from moto.server import main


class Placeholder(CloudFormationModel):
    """A resource that moto does not implement: it has a name and an ARN for references, and does nothing."""

    __module__ = "moto.placeholder"

    def __init__(self, name, region, account, kind):
        self.physical_resource_id = f"placeholder-{name}"
        self.arn = f"arn:aws:{kind.lower().replace('::', '-')}:{region}:{account}:{self.physical_resource_id}"

    def get_cfn_attribute(self, attribute):
        return self.arn if attribute == "Arn" else self.physical_resource_id

    def delete(self, account_id, region_name):
        pass

    @staticmethod
    def cloudformation_name_type():
        return ""

    @staticmethod
    def cloudformation_type():
        return "placeholder"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        return cls(resource_name, region_name, account_id, cloudformation_json["Type"])

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, **kwargs):
        return original_resource


class Alias(CloudFormationModel):
    """moto's Lambda has aliases, but its CloudFormation does not create them."""

    __module__ = "moto.alias"

    def __init__(self, alias, function_name):
        self.alias = alias
        self.function_name = function_name
        self.physical_resource_id = alias.arn

    def delete(self, account_id, region_name):
        # moto deletes resources in any order: the function may be gone already, together with its aliases.
        with contextlib.suppress(UnknownFunctionException):
            get_backend(account_id, region_name).delete_alias(self.alias.name, self.function_name)

    @staticmethod
    def cloudformation_name_type():
        return ""

    @staticmethod
    def cloudformation_type():
        return "AWS::Lambda::Alias"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        wanted = cloudformation_json["Properties"]
        make = get_backend(account_id, region_name).create_alias
        alias = make(wanted["Name"], wanted["FunctionName"], wanted["FunctionVersion"], "", None)
        return cls(alias, wanted["FunctionName"])

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, cloudformation_json, account_id, region_name, **kwargs):
        wanted = cloudformation_json["Properties"]
        change = get_backend(account_id, region_name).update_alias
        change(wanted["Name"], wanted["FunctionName"], wanted["FunctionVersion"], "", None)
        return original_resource


moto_class = parsing.resource_class_from_type
moto_update = parsing.parse_and_update_resource
moto_delete_stack = Stack.delete
moto_update_stack = CloudFormationBackend.update_stack


def class_or_placeholder(kind):
    return moto_class(kind) or Placeholder


def update_or_keep(logical_id, resource_json, resources_map, account_id, region_name):
    """A resource of a type that moto cannot update stays as it was; moto alone would drop it from the stack."""
    updated = moto_update(logical_id, resource_json, resources_map, account_id, region_name)
    return updated or resources_map[logical_id]


def update_stack_and_exports(backend, name, template, **kwargs):
    """Refuses to take away an export in use, as AWS does, and makes added exports importable by other stacks."""
    stack = backend.get_stack(name)
    others = [other for other in backend.stacks.values() if other is not stack and other.status != "DELETE_COMPLETE"]
    for export in stack.exports:
        for other in others:
            if export.name not in template and export.name in other.template:
                in_use = f"Cannot delete export {export.name} as it is in use by {other.name}"
                raise ValidationError(message=in_use)
    stack = moto_update_stack(backend, name, template, **kwargs)
    backend.exports.update({export.name: export for export in stack.exports})
    return stack


def delete_stack_and_outputs(stack):
    """Empties the outputs of a deleted stack: to resolve them, moto would create its resources again."""
    moto_delete_stack(stack)
    stack.output_map = parsing.OutputMap(stack.resource_map, {"Outputs": {}}, stack.stack_id)


def update_table(original_resource, cloudformation_json, **kwargs):
    """Adds a stream to a table in place: the only in-place change of a table that other resources refer to."""
    stream = cloudformation_json["Properties"].get("StreamSpecification")
    if stream and not original_resource.latest_stream_label:
        original_resource.set_stream_specification(stream)
    return original_resource


Table.update_from_cloudformation_json = staticmethod(update_table)
EventBus.physical_resource_id = property(lambda bus: bus.name)
LambdaVersion.get_cfn_attribute = lambda version, _attribute: str(version.version)
LambdaVersion.physical_resource_id = property(lambda version: str(version.version))
parsing.resource_class_from_type = class_or_placeholder
parsing.parse_and_update_resource = update_or_keep
Stack.delete = delete_stack_and_outputs
CloudFormationBackend.update_stack = update_stack_and_exports
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
