"""deploy/github-role.yaml: which workflows may assume the role, and that it may create the stack."""

import fnmatch
import json
import re
import unittest

import boto3
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from moto import mock_aws
from samcli.yamlhelper import yaml_parse
from stack import ACCOUNT, ALL, FEW, REGION, ROOT, Stack

FILE = ROOT / "deploy/github-role.yaml"
GIVEN = {
    "Owner": "octo-org", "OwnerId": "123456", "Repository": "voicemint", "RepositoryId": "456789", "Environment": "staging",
    "StackName": "voicemint",
}
SUBJECT = "token.actions.githubusercontent.com:sub"
# Permissions of the handlers of CloudFormation for properties that template.yaml does not use.
UNUSED = r"""(?x)
    s3:.* | s3files:.* | kms:.* | kinesis:.* | firehose:.* | acm-pca:.* | elasticfilesystem:.* | ec2:(?!Describe).*
    | dynamodb:(.*(Item|Replica|ReplicaTable|Kinesis.*|ContributorInsights)|ImportTable|Query|Scan|(Put|Delete)ResourcePolicy|DescribeImport)
    | iam:(CreateServiceLinkedRole|DeleteRolePermissionsBoundary|(Attach|Detach)(Group|User)Policy)
    | lambda:PassCapacityProvider | lambda:GetLayerVersion | codedeploy:RegisterOnPremisesInstance
    | logs:(.*KmsKey|(Put|Delete).*(Data|Index|Resource)(Protection)?Polic.*|PutBearerTokenAuthentication|PutLogGroupDeletionProtection)
    # API Gateway's permissions for tags are PUT and DELETE of /tags.
    | apigateway:(Tag|Untag)Resource
    | logs:(CreateLogStream|DescribeLogStreams|PutLogEvents)
"""


class Role(Stack):
    """The template with its parameters; it needs no translation by SAM."""

    def __init__(self, given):
        self.template = json.loads(json.dumps(yaml_parse(FILE.read_text())))
        self.pseudo = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws"}
        self.parameters = {name: str(of.get("Default", "")) for name, of in self.template["Parameters"].items()} | given
        self.resources = {
            name: self.resolve(of)
            for name, of in self.template["Resources"].items()
            if "Condition" not in of or self.holds(of["Condition"])
        }
        self.role = self.resources["Role"]["Properties"]
        self.statements = [one for of in self.role["Policies"] for one in of["PolicyDocument"]["Statement"]]

    def trusted(self):
        (statement,) = self.role["AssumeRolePolicyDocument"]["Statement"]
        return statement["Principal"]["Federated"], statement["Condition"]["StringEquals"]

    def broken(self):
        return [
            one["AssertDescription"]
            for rule in self.template["Rules"].values()
            if self.resolve(rule["RuleCondition"])
            for one in rule["Assertions"]
            if not self.resolve(one["Assert"])
        ]


def listed(value):
    return value if isinstance(value, list) else [value]


def allows(statements, action):
    return any(fnmatch.fnmatchcase(action.lower(), of.lower()) for one in statements for of in listed(one["Action"]))


def resources_for(statements, action):
    return [of for one in statements if allows([one], action) for of in listed(one["Resource"])]


class GithubRole(unittest.TestCase):
    def test_only_the_environment_of_the_repository_may_assume_it(self):
        audience = {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}
        arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
        for given, provider, subject in (
            ({}, "<Provider>", "repo:octo-org@123456/voicemint@456789:environment:staging"),
            ({"SubjectFormat": "names", "ProviderArn": arn}, arn, "repo:octo-org/voicemint:environment:staging"),
        ):
            role = Role(GIVEN | given)
            self.assertEqual(role.trusted(), (provider, audience | {SUBJECT: subject}))
            self.assertEqual("Provider" in role.resources, not given)
        self.assertEqual(Role(GIVEN | {"OwnerId": ""}).broken(), ["SubjectFormat ids needs OwnerId and RepositoryId"])
        self.assertEqual(Role(GIVEN | {"OwnerId": "", "SubjectFormat": "names"}).broken(), [])

    def test_it_may_create_update_and_delete_each_resource_of_the_stack(self):
        role = Role(GIVEN | {"HostedZoneId": "Z1"})
        types = {of["Type"] for settings in (FEW, ALL) for of in Stack(settings).resources.values()}
        self.assertGreater(len(types), 20)
        for kind in sorted(types):
            handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["handlers"]
            needed = {one for name, of in handlers.items() if name != "list" for one in of.get("permissions", [])}
            self.assertTrue(needed, kind)
            missing = {one for one in needed if not re.fullmatch(UNUSED, one) and not allows(role.statements, one)}
            self.assertEqual(missing, set(), kind)
        for action in ("iam:CreateServiceLinkedRole", "logs:CreateLogDelivery", "logs:UpdateLogDelivery", "s3:PutObject", "cloudformation:UpdateStack"):
            self.assertTrue(allows(role.statements, action), action)

    def test_only_the_hosted_zone_and_the_smoke_secret_that_are_named_are_accessible(self):
        role = Role(GIVEN)
        self.assertFalse(allows(role.statements, "route53:ChangeResourceRecordSets") or allows(role.statements, "secretsmanager:GetSecretValue"))
        role = Role(GIVEN | {"HostedZoneId": "Z1", "SmokeSecretName": "voicemint/staging/smoke"})
        self.assertEqual(resources_for(role.statements, "route53:ChangeResourceRecordSets"), ["arn:aws:route53:::hostedzone/Z1"])
        secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:voicemint/staging/smoke-??????"
        self.assertEqual(resources_for(role.statements, "secretsmanager:GetSecretValue"), [secret])

    def test_it_gives_permissions_only_to_roles_with_the_boundary_and_never_to_itself(self):
        own = f"arn:aws:iam::{ACCOUNT}:policy/own"
        for given, boundary in (({}, "<Boundary>"), ({"PermissionsBoundary": own}, own)):
            role = Role(GIVEN | given)
            self.assertEqual("Boundary" in role.resources, not given)
            for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"):
                (statement,) = (one for one in role.statements if allows([one], action))
                self.assertEqual(statement["Condition"], {"StringEquals": {"iam:PermissionsBoundary": boundary}})
            self.assertFalse(allows(role.statements, "iam:DeleteRolePermissionsBoundary"))
            (passes,) = (one for one in role.statements if allows([one], "iam:PassRole"))
            self.assertEqual(passes["Condition"]["StringEquals"]["iam:PassedToService"], ["lambda.amazonaws.com", "codedeploy.amazonaws.com"])
            # Whatever the name of this template's own stack is.
            for kind, action in (("role", "iam:UpdateAssumeRolePolicy"), ("policy", "iam:CreatePolicyVersion")):
                for pattern in resources_for(role.statements, action):
                    self.assertFalse(fnmatch.fnmatchcase(f"arn:aws:iam::{ACCOUNT}:{kind}/github/voicemint-github-1", pattern), pattern)
                    self.assertTrue(fnmatch.fnmatchcase(f"arn:aws:iam::{ACCOUNT}:{kind}/voicemint-any-1", pattern), pattern)

    def test_the_boundary_permits_what_the_roles_of_the_stack_need(self):
        boundary = Role(GIVEN).resources["Boundary"]["Properties"]["PolicyDocument"]["Statement"]
        stack = Stack(ALL)
        documents = [of["PolicyDocument"] for role in stack.of_type("AWS::IAM::Role").values() for of in role["Policies"]]
        documents += [of["PolicyDocument"] for of in stack.of_type("AWS::IAM::ManagedPolicy").values()]
        needed = {action for of in documents for one in of["Statement"] if one["Effect"] == "Allow" for action in listed(one["Action"])}
        self.assertGreater(len(needed), 15)
        self.assertEqual({action for action in needed if not allows(boundary, action)}, set())
        self.assertEqual({action for one in boundary for action in listed(one["Action"])}, needed)

    def test_its_policies_are_short_enough(self):
        role = Role(GIVEN | {"HostedZoneId": "Z" * 32, "SmokeSecretName": "s" * 100, "StackName": "v" * 41})
        self.assertLessEqual(len("".join(json.dumps(of["PolicyDocument"], separators=(",", ":")) for of in role.role["Policies"])), 10_240)
        boundary = role.resources["Boundary"]["Properties"]["PolicyDocument"]
        self.assertLessEqual(len(json.dumps(boundary, separators=(",", ":"))), 6_144)

    def test_it_is_created(self):
        with mock_aws():
            cloudformation = boto3.client("cloudformation")
            cloudformation.create_stack(
                StackName="voicemint-github-staging", TemplateBody=FILE.read_text(), Capabilities=["CAPABILITY_IAM"],
                Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in (GIVEN | {
                    "ProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
                }).items()],
            )
            (stack,) = cloudformation.describe_stacks()["Stacks"]
            self.assertEqual(stack["StackStatus"], "CREATE_COMPLETE")
            (role,) = (of for of in boto3.client("iam").list_roles()["Roles"])
            self.assertIn(role["Arn"], [of["OutputValue"] for of in stack["Outputs"]])


if __name__ == "__main__":
    unittest.main()
