"""The stack in moto, with few settings and with all settings."""

import unittest

import boto3

from stack import ACCOUNT, ALL, FEW, PROVIDERS, REGION, Created, Stack

SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:voicemint/"


LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/voicemint/voicemint/"


def readable(stack, prefix):
    """The ARNs, or patterns of ARNs, of the secrets that a provider's function may read."""
    secrets = [of.parameter for of in PROVIDERS[prefix].settings if of.data["type"] == "secret"]
    given = [stack.parameters[name] for name in (f"{prefix}SecretId", *secrets)]
    return [of if of.startswith("arn:") else SECRET.removesuffix("voicemint/") + f"{of}-??????" for of in given]


def functions_of_providers():
    """All functions but the one that checks new versions."""
    return [of for of in boto3.client("lambda").list_functions()["Functions"] if of["Runtime"] == "provided.al2023"]


class WithFewSettings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.created = cls.enterClassContext(Created(Stack(FEW)))

    def test_it_is_created(self):
        self.assertEqual(self.created.status, "CREATE_COMPLETE")
        self.assertEqual(set(self.created.stack.resources) - set(self.created.resources), set())

    def test_there_is_one_function_with_its_settings(self):
        (function,) = functions_of_providers()
        variables = function["Environment"]["Variables"]
        self.assertEqual(variables["API_KEY_SECRET_ID"], "voicemint/cartesia")
        self.assertEqual(variables["ALLOWED_ORIGINS"], "https://app.example.com")
        self.assertEqual((variables["ALLOWED_GRANTS"], variables["MAX_EXPIRES_IN"]), ("tts,stt", 3600))
        self.assertEqual(variables["RATE_LIMIT"], "60/minute")
        self.assertEqual([variables["LIMIT_TABLE"]], boto3.client("dynamodb").list_tables()["TableNames"])

    def test_there_is_no_domain(self):
        self.assertEqual(boto3.client("route53").list_hosted_zones()["HostedZones"], [])

    def test_logs_are_kept_for_30_days(self):
        groups = boto3.client("logs").describe_log_groups()["logGroups"]
        self.assertEqual({of["logGroupName"]: of["retentionInDays"] for of in groups}, {
            "/voicemint/voicemint/cartesia": 30,
            "/voicemint/voicemint/check": 30,
            "/aws/vendedlogs/voicemint/access": 30,
        })


class WithoutLimits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.created = cls.enterClassContext(Created(Stack(FEW | {"RateLimit": "off"})))

    def test_it_is_created_and_counts_nothing(self):
        self.assertEqual(self.created.status, "CREATE_COMPLETE")
        (function,) = functions_of_providers()
        variables = function["Environment"]["Variables"]
        self.assertEqual([variables[name] for name in ("RATE_LIMIT", "DAILY_LIMIT", "LIMIT_TABLE")], ["", "", ""])

    def test_it_may_read_only_its_secret(self):
        self.assertEqual(self.created.statements("CartesiaFunctionRole"), [
            {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET + "cartesia-??????"},
            {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": LOGS + "cartesia:*"},
        ])

    def test_there_is_neither_table_nor_policy(self):
        self.assertEqual(boto3.client("dynamodb").list_tables()["TableNames"], [])
        self.assertEqual(boto3.client("iam").list_policies(Scope="Local")["Policies"], [])


class WithEverything(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.created = cls.enterClassContext(Created(Stack(ALL)))

    def test_it_is_created(self):
        self.assertEqual(self.created.status, "CREATE_COMPLETE")
        self.assertEqual(set(self.created.stack.resources) - set(self.created.resources), set())

    def test_each_function_may_read_its_own_secret_and_update_its_own_items(self):
        table = boto3.client("dynamodb").describe_table(TableName=self.created.resources["LimitTable"])["Table"]
        for prefix, provider in PROVIDERS.items():
            secrets = readable(self.created.stack, prefix)
            found = self.created.statements(f"{prefix}FunctionRole")
            others = ("logs:", "xray:", "ec2:")
            self.assertEqual([one for one in found if not any(of in str(one["Action"]) for of in others)], [
                *({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": of} for of in secrets),
                {
                    "Effect": "Allow", "Action": "dynamodb:UpdateItem", "Resource": table["TableArn"],
                    "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{provider.name}#*"]}},
                },
            ])
        self.assertEqual(readable(self.created.stack, "Cartesia"), [SECRET + "cartesia-AbCdEf"])

    def test_all_functions_may_read_the_secrets_of_sessions(self):
        self.assertEqual(self.created.statements("MorePolicy"), [
            {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET + "session-??????"},
            {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET + "introspection-??????"},
            {
                "Effect": "Allow", "Action": "kms:Decrypt", "Resource": ALL["SecretsKeyArn"],
                "Condition": {"StringLike": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com*"}},
            },
        ])

    def test_the_table_has_the_key_and_the_expiry_that_the_functions_use(self):
        table = self.created.resources["LimitTable"]
        of = boto3.client("dynamodb").describe_table(TableName=table)["Table"]
        self.assertEqual(of["KeySchema"], [{"AttributeName": "pk", "KeyType": "HASH"}])
        self.assertEqual(of["AttributeDefinitions"], [{"AttributeName": "pk", "AttributeType": "S"}])
        self.assertEqual(of["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
        expiry = self.created.stack.resources["LimitTable"]["Properties"]["TimeToLiveSpecification"]
        self.assertEqual(expiry, {"AttributeName": "exp", "Enabled": True})
        variables = [of["Environment"]["Variables"] for of in functions_of_providers()]
        self.assertEqual([of["LIMIT_TABLE"] for of in variables], [table] * len(PROVIDERS))

    def test_each_provider_has_a_function_with_its_own_settings_role_and_url(self):
        functions = {of["FunctionName"]: of for of in functions_of_providers()}
        roles = set()
        for prefix, provider in PROVIDERS.items():
            function = functions[self.created.resources[f"{prefix}Function"]]
            roles.add(function["Role"])
            variables = function["Environment"]["Variables"]
            self.assertEqual(variables["API_KEY_SECRET_ID"], ALL[f"{prefix}SecretId"])
            self.assertLessEqual({of.variable for of in provider.settings}, set(variables))
            self.assertEqual(self.created.stack.outputs[f"{prefix}Url"], f"https://voice.example.com/{provider.name}/token")
        self.assertEqual(len(roles), len(PROVIDERS))

    def test_the_hosted_zone_has_a_record_of_the_domain(self):
        client = boto3.client("route53")
        zone = client.list_hosted_zones()["HostedZones"][0]["Id"]
        records = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        self.assertIn(("voice.example.com", "A"), {(of["Name"].rstrip("."), of["Type"]) for of in records})


if __name__ == "__main__":
    unittest.main()
