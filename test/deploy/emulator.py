"""`emulator.py PORT`: moto's server, and in few words what its CloudFormation lacks of what our stacks need."""

import sys

from moto.cloudformation import parsing
from moto.cloudformation.models import CloudFormationBackend
from moto.core.common_models import CloudFormationModel
from moto.server import main


class Placeholder(CloudFormationModel):
    """Has a name and an ARN for those that refer to it, and does nothing."""

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


moto_class = parsing.resource_class_from_type
moto_update = parsing.parse_and_update_resource
moto_update_stack = CloudFormationBackend.update_stack


def class_or_placeholder(kind):
    return moto_class(kind) or Placeholder


def update_or_keep(logical_id, resource_json, resources_map, account_id, region_name):
    """A type that moto cannot update stays as it was, where moto itself would lose it."""
    updated = moto_update(logical_id, resource_json, resources_map, account_id, region_name)
    return updated or resources_map[logical_id]


def update_stack_and_exports(backend, *args, **kwargs):
    """What a stack exports since an update can be imported as well."""
    stack = moto_update_stack(backend, *args, **kwargs)
    backend.exports.update({export.name: export for export in stack.exports})
    return stack


parsing.resource_class_from_type = class_or_placeholder
parsing.parse_and_update_resource = update_or_keep
CloudFormationBackend.update_stack = update_stack_and_exports
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
