"""`replacements.py OLD NEW`: prints the logical ids that CloudFormation would replace, by the types' schemas."""

import json
import sys

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

REGION = "eu-central-1"
ANY_OF_THEM = ("createOnlyProperties", "conditionalCreateOnlyProperties")


def value_at(resource, pointer):
    value = {"properties": resource.get("Properties", {})}
    for name in pointer.strip("/").split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def is_replaced(old, new):
    if new is None or new["Type"] != old["Type"]:
        return True
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, old["Type"]).schema
    pointers = [pointer for kind in ANY_OF_THEM for pointer in schema.get(kind, [])]
    return any(value_at(old, pointer) != value_at(new, pointer) for pointer in pointers)


old, new = (json.load(open(file))["Resources"] for file in sys.argv[1:])
print(json.dumps([name for name, resource in old.items() if is_replaced(resource, new.get(name))]))
