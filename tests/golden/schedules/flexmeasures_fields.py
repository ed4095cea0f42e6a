"""Lists the fields that FlexMeasures' schemas of scheduling know, from the source of the package; nothing of it is run.

    pip download --no-deps flexmeasures==1.0.1 && python flexmeasures_fields.py flexmeasures-1.0.1-*.whl > flexmeasures_fields.json
"""

import ast
import json
import re
import sys
import zipfile

FOLDER = "flexmeasures/data/schemas/scheduling/"
# Our name of each list, and the schema; abstract bases are followed.
SCHEMAS = {"trigger": "AssetTriggerSchema", "device-entry": "MultiSensorFlexModelSchema", "flex-model": "StorageFlexModelSchema",
           "process-flex-model": "ProcessSchedulerFlexModelSchema", "operation-mode": "OperationModeSchema",
           "flex-context": "FlexContextSchema"}


def fields_of(name, classes):
    """Names that documents use, of a schema and of those it extends."""
    found = set()
    for base in classes[name].bases:
        if isinstance(base, ast.Name) and base.id in classes:
            found |= fields_of(base.id, classes)
    for line in classes[name].body:
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Call):
            called = ast.unparse(line.value.func)
            if called.startswith("fields.") or called.endswith("Field"):
                keys = [k.value.value for k in line.value.keywords if k.arg == "data_key" and isinstance(k.value, ast.Constant)]
                found.add(keys[0] if keys else line.targets[0].id)
    return found


def main(wheel):
    with zipfile.ZipFile(wheel) as package:
        sources = [name for name in package.namelist() if name.startswith(FOLDER) and name.endswith(".py")]
        classes = {}
        for name in sorted(sources):
            for node in ast.walk(ast.parse(package.read(name))):
                if isinstance(node, ast.ClassDef):
                    classes[node.name] = node
    version = re.search(r"flexmeasures-([0-9.]+)-", wheel).group(1)
    lists = {ours: sorted(fields_of(schema, classes)) for ours, schema in SCHEMAS.items()}
    print(json.dumps({"package": "flexmeasures", "version": version, "fields": lists}, indent=1))


main(sys.argv[1])
