"""Writes the part of the AWS provider's schema that deploy/terraform uses, for its test:

    npm pack @cdktf/provider-aws@21.22.1
    terraform_schema.py cdktf-provider-aws-21.22.1.tgz > tests/packaging/terraform-aws.json

The package has the provider's schema as TypeScript classes: names with their comments in *.d.ts, and
which of them are blocks in *.js. Its license is MPL-2.0, and the JSON file says so.
"""

import json
import re
import sys
import tarfile

# Each type that the example uses, and its folder in the package.
TYPES = {
    "aws_apigatewayv2_api": "apigatewayv2-api",
    "aws_apigatewayv2_integration": "apigatewayv2-integration",
    "aws_apigatewayv2_route": "apigatewayv2-route",
    "aws_apigatewayv2_stage": "apigatewayv2-stage",
    "aws_cloudwatch_log_group": "cloudwatch-log-group",
    "aws_dynamodb_table": "dynamodb-table",
    "aws_iam_role": "iam-role",
    "aws_iam_role_policy": "iam-role-policy",
    "aws_lambda_function": "lambda-function",
    "aws_lambda_permission": "lambda-permission",
    "data.aws_secretsmanager_secret": "data-aws-secretsmanager-secret",
}
INTERFACE = re.compile(r"(?ms)^export interface (\w+)(?: extends [\w.]+)? \{\n(.*?)^\}")
MEMBER = re.compile(r"(?ms)/\*\*(.*?)\*/\s*readonly \w+(\??): ([^;{]+|\{.*?\});")
LINK = re.compile(r"providers/hashicorp/aws/([\d.]+)/docs/[\w-]+/\w+#(\w+)")


def main(path):
    schema, versions = {}, set()
    with tarfile.open(path) as package:

        def read(name):
            return package.extractfile(f"package/{name}").read().decode()

        source = json.loads(read("package.json"))
        for kind, folder in TYPES.items():
            schema[kind] = resource(read(f"lib/{folder}/index.d.ts"), read(f"lib/{folder}/index.js"), versions)
    (version,) = versions
    header = {
        "provider": f"hashicorp/aws {version}",
        "source": f"{source['name']} {source['version']}, by tools/terraform_schema.py",
        "license": source["license"],
        "copyright": "HashiCorp, Inc.",
    }
    print(json.dumps(header | {"types": schema}, indent=1))


def resource(types, code, versions):
    interfaces = dict(INTERFACE.findall(types))
    (config,) = (name for name in interfaces if f"interface {name} extends" in types)
    of = members(interfaces, config, versions)
    # The attributes that a resource has after it is created, of simple types.
    own = code[code.index(f"class {config.removesuffix('Config')} extends") :]
    of["computed"] = sorted(set(re.findall(r"return this\.get\w+Attribute\('(\w+)'\)", own)) - set(of["required"]) - set(of["optional"]))
    return of


def members(interfaces, name, versions):
    """What an interface requires and permits; a member whose type is another interface is a block."""
    of = {"required": [], "optional": [], "blocks": {}}
    for comment, optional, kind in MEMBER.findall(interfaces[name]):
        (version, attribute), *_ = LINK.findall(comment)
        versions.add(version)
        of["optional" if optional else "required"].append(attribute)
        if inner := next((word for word in re.findall(r"\w+", kind) if word in interfaces), None):
            of["blocks"][attribute] = members(interfaces, inner, versions)
    return {key: sorted(value) if isinstance(value, list) else value for key, value in of.items()}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
