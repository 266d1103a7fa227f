"""The stack that CloudFormation creates from template.yaml: translated by SAM's translator, created
in moto, and resolved here.

moto supports only some types. In moto, placeholders replace the others, and the tests read those
resolved: conditions are evaluated, parameters are inserted, and references stay as <LogicalId> or
<LogicalId.Attribute>.
"""

import ast
import io
import json
import os
import re
import sys
import zipfile
from functools import cache
from pathlib import Path
from unittest import mock

os.environ.update(AWS_DEFAULT_REGION="eu-central-1", AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing")

import boto3
from moto import mock_aws
from moto.cloudformation import parsing
from samcli.yamlhelper import yaml_dump, yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))
from providers import providers  # noqa: E402

REGION, ACCOUNT = "eu-central-1", "123456789012"
PSEUDO = {
    "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "voicemint",
}
NOTHING = object()  # AWS::NoValue
# By the prefix of their resources.
PROVIDERS = {of.prefix: of for of in providers()}

# One provider with its required parameters.
FEW = {
    "CartesiaSecretId": "voicemint/cartesia",
    "SessionIssuer": "https://issuer.example.com",
    "SessionAudience": "my-app",
    "AllowedOrigins": "https://app.example.com",
}
# All providers, with what is required of each.
REQUIRED = {f"{prefix}SecretId": f"voicemint/{of.name}" for prefix, of in PROVIDERS.items()}
REQUIRED |= {
    setting.parameter: "https://acme.example.com" if setting.data["type"] == "url" else f"voicemint/{of.name}-profiles"
    for of in PROVIDERS.values()
    for setting in of.settings
    if setting.data.get("required")
}
# All optional resources. The secret of one provider is an ARN, those of the others are names.
ALL = FEW | REQUIRED | {
    "CartesiaSecretId": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:voicemint/cartesia-AbCdEf",
    "SessionSecretId": "voicemint/session",
    "SessionIntrospectionUrl": "https://issuer.example.com/introspect",
    "SessionIntrospectionSecretId": "voicemint/introspection",
    "RateLimit": "10/minute",
    "DailyLimit": "200",
    "SecretsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0123-4567",
    "DomainName": "voice.example.com",
    "HostedZoneId": "Z0123456789",
    "DefaultEndpoint": "disabled",
    "AlarmTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms",
    "ReservedConcurrency": "20",
    "PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "SubnetIds": "subnet-0a,subnet-0b",
    "SecurityGroupIds": "sg-0a",
    "Tracing": "Active",
    "LogRetentionDays": "90",
}


@cache
def written_out():
    """template.yaml as `sam build` writes it, without aliases."""
    return yaml_dump(yaml_parse((ROOT / "template.yaml").read_text()))


@cache
def parsed():
    return json.dumps(yaml_parse(written_out()))


def source():
    return json.loads(parsed())


class Stack:
    def __init__(self, given, pseudo=None):
        template = source()
        self.pseudo = PSEUDO | (pseudo or {})
        self.parameters = {name: str(of.get("Default", "")) for name, of in template["Parameters"].items()} | given
        for of in template["Resources"].values():
            if of["Type"] == "AWS::Serverless::Function":
                of["Properties"]["CodeUri"] = "s3://code/function.zip"  # as after `sam deploy`
        translator = Translator({}, Parser())
        self.template = translator.translate(template, self.parameters | self.pseudo)
        translator.metrics.publish()  # without an endpoint; otherwise it warns
        self.resources = {
            name: self.resolve(of)
            for name, of in self.template["Resources"].items()
            if "Condition" not in of or self.holds(of["Condition"])
        }
        self.outputs = {
            name: self.resolve(of["Value"])
            for name, of in self.template["Outputs"].items()
            if "Condition" not in of or self.holds(of["Condition"])
        }

    def of_type(self, kind):
        return {name: of["Properties"] for name, of in self.resources.items() if of["Type"] == kind}

    def violations(self):
        """The descriptions of the rules that these parameters violate."""
        return [
            assertion["AssertDescription"]
            for rule in source()["Rules"].values()
            if "RuleCondition" not in rule or self.resolve(rule["RuleCondition"])
            for assertion in rule["Assertions"]
            if not self.resolve(assertion["Assert"])
        ]

    def holds(self, condition):
        return self.resolve(self.template["Conditions"][condition])

    def resolve(self, value):
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), = value.items()
            if name == "Ref":
                return self.ref(argument)
            if name == "Condition" and isinstance(argument, str):
                return self.holds(argument)
            if name.startswith("Fn::"):
                return getattr(self, name[4:].lower())(argument)
        return {key: item for key, item in ((key, self.resolve(item)) for key, item in value.items()) if item is not NOTHING}

    def ref(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        return {**self.pseudo, **self.parameters}.get(name, f"<{name}>")

    def getatt(self, path):
        return f"<{'.'.join([path] if isinstance(path, str) else path)}>"

    def sub(self, argument):
        text, names = (argument, {}) if isinstance(argument, str) else argument
        names = {name: self.resolve(value) for name, value in names.items()}
        text = re.sub(r"\$\{([^!}][^}]*)\}", lambda hit: str(names.get(hit[1], self.ref(hit[1]))), text)
        return text.replace("${!", "${")

    def join(self, argument):
        return argument[0].join(self.resolve(argument[1]))

    def split(self, argument):
        return self.resolve(argument[1]).split(argument[0])

    def select(self, argument):
        return self.resolve(argument[1])[int(argument[0])]

    def findinmap(self, argument):
        name, first, second = map(self.resolve, argument)
        return self.template["Mappings"][name][first][second]

    def contains(self, argument):
        among, value = map(self.resolve, argument)
        return value in among

    def equals(self, argument):
        first, second = map(self.resolve, argument)
        return first == second

    def __getattr__(self, name):
        # The intrinsic functions whose names are keywords in Python.
        logic = {
            "if": lambda of: self.resolve(of[1] if self.holds(of[0]) else of[2]),
            "not": lambda of: not self.resolve(of[0]),
            "and": lambda of: all(map(self.resolve, of)),
            "or": lambda of: any(map(self.resolve, of)),
        }
        if name not in logic:
            raise AttributeError(name)
        return logic[name]

    def pruned(self, value):
        """A part of the template without list items that conditions remove; moto would leave a
        null.
        """
        if isinstance(value, list):
            removed = [isinstance(item, dict) and set(item) == {"Fn::If"} and self.resolve(item) is NOTHING for item in value]
            return [self.pruned(item) for item, is_removed in zip(value, removed, strict=True) if not is_removed]
        if isinstance(value, dict):
            # The positions of Fn::If's three members matter.
            return {
                key: list(map(self.pruned, item)) if key == "Fn::If" else self.pruned(item)
                for key, item in value.items()
            }
        return value

    def references(self):
        """The resources that each resource depends on, including those in update policies."""
        names = set(self.resources)
        return {
            name: {hit for hit in re.findall(r"<(\w+)(?:\.[\w.]+)?>", json.dumps(of)) if hit in names and hit != name}
            for name, of in self.resources.items()
        }


# The types that moto creates as AWS does.
SUPPORTED = {
    "AWS::CloudWatch::Dashboard", "AWS::DynamoDB::Table", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role",
    "AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::Route53::RecordSet",
}


class Placeholder:
    """A resource of a type that moto does not support."""

    def __init__(self, name):
        self.physical_resource_id = name

    @staticmethod
    def has_cfn_attr(_):
        return True

    @staticmethod
    def is_created():
        return True

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, *_, **__):
        return cls(resource_name)

    def get_cfn_attribute(self, name):
        return f"{self.physical_resource_id}.{name}"


class Created:
    """A stack in moto, whose services run while this context is open."""

    def __init__(self, stack):
        self.stack = stack
        self.aws = mock_aws()
        of = parsing.resource_class_from_type
        self.placeholders = mock.patch.object(parsing, "resource_class_from_type", lambda kind: of(kind) if kind in SUPPORTED else Placeholder)

    def __enter__(self):
        self.aws.start()
        self.placeholders.start()
        boto3.client("s3").create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("bootstrap", "")
        boto3.client("s3").put_object(Bucket="code", Key="function.zip", Body=archive.getvalue())
        parameters = dict(self.stack.parameters)
        if parameters["HostedZoneId"]:
            zone = boto3.client("route53").create_hosted_zone(Name="example.com", CallerReference="zone")
            parameters["HostedZoneId"] = zone["HostedZone"]["Id"].removeprefix("/hostedzone/")
        cloudformation = boto3.client("cloudformation")
        cloudformation.create_stack(
            StackName="voicemint",
            TemplateBody=json.dumps(self.stack.pruned(self.stack.template)),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        self.status = cloudformation.describe_stacks(StackName="voicemint")["Stacks"][0]["StackStatus"]
        self.resources = {}
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName="voicemint"):
            for of in page["StackResourceSummaries"]:
                self.resources[of["LogicalResourceId"]] = of["PhysicalResourceId"]
        return self

    def __exit__(self, *_):
        self.placeholders.stop()
        self.aws.stop()

    def statements(self, name):
        """The statements of a role's inline policies, or of a managed policy."""
        iam, resource = boto3.client("iam"), self.resources[name]
        if resource.startswith("arn:"):
            version = iam.get_policy(PolicyArn=resource)["Policy"]["DefaultVersionId"]
            documents = [iam.get_policy_version(PolicyArn=resource, VersionId=version)["PolicyVersion"]["Document"]]
        else:
            names = iam.list_role_policies(RoleName=resource)["PolicyNames"]
            documents = [iam.get_role_policy(RoleName=resource, PolicyName=of)["PolicyDocument"] for of in names]
        documents = [ast.literal_eval(of) if isinstance(of, str) else of for of in documents]  # moto stores some as the text of a Python literal
        return [statement for document in documents for statement in document["Statement"]]
