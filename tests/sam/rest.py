"""Prints a template with a REST API instead of the HTTP API: python rest.py TEMPLATE."""

import sys
from pathlib import Path

from samcli.yamlhelper import yaml_dump, yaml_parse


def with_rest_api(template):
    """Declares the same routes as events of a REST API, which SAM creates. Paths of code become
    absolute.
    """
    parsed = yaml_parse(template.read_text())
    for of in parsed["Resources"].values():
        if of["Type"] != "AWS::Serverless::Function":
            continue
        of["Properties"]["CodeUri"] = str(template.resolve().parent / of["Properties"]["CodeUri"])
        for event in of["Properties"]["Events"].values():
            route = event["Properties"]
            event["Type"] = "Api"
            event["Properties"] = {"Path": route["Path"], "Method": route["Method"]}
    return yaml_dump(parsed)


if __name__ == "__main__":
    sys.stdout.write(with_rest_api(Path(sys.argv[1])))
