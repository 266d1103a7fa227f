"""The stack in moto, with few settings and with all settings."""

import unittest

import boto3

from stack import ACCOUNT, ALL, FEW, REGION, Created, Stack

SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:voicemint/"
OWN = {
    "Cartesia": SECRET + "cartesia-??????",
    "Cartesia2": SECRET + "cartesia-eu-AbCdEf",
    "ElevenLabs": SECRET + "elevenlabs-??????",
    "ElevenLabs2": SECRET + "elevenlabs-eu-??????",
    "AssemblyAi": SECRET + "assemblyai-??????",
    "AssemblyAi2": SECRET + "assemblyai-eu-??????",
}


class WithFewSettings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.created = cls.enterClassContext(Created(Stack(FEW)))

    def test_it_is_created(self):
        self.assertEqual(self.created.status, "CREATE_COMPLETE")
        self.assertEqual(set(self.created.stack.resources) - set(self.created.resources), set())

    def test_there_is_one_function_with_its_settings(self):
        functions = boto3.client("lambda").list_functions()["Functions"]
        self.assertEqual(len(functions), 1)
        variables = functions[0]["Environment"]["Variables"]
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
            "/aws/vendedlogs/voicemint/access": 30,
        })


class WithoutLimits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.created = cls.enterClassContext(Created(Stack(FEW | {"RateLimit": "off"})))

    def test_it_is_created_and_counts_nothing(self):
        self.assertEqual(self.created.status, "CREATE_COMPLETE")
        (function,) = boto3.client("lambda").list_functions()["Functions"]
        variables = function["Environment"]["Variables"]
        self.assertEqual([variables[name] for name in ("RATE_LIMIT", "DAILY_LIMIT", "LIMIT_TABLE")], ["", "", ""])

    def test_it_may_read_only_its_secret(self):
        self.assertEqual(self.created.statements("CartesiaFunctionRole"), [
            {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": OWN["Cartesia"]},
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
        for name, secret in OWN.items():
            self.assertEqual(self.created.statements(f"{name}FunctionRole"), [
                {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret},
                {
                    "Effect": "Allow", "Action": "dynamodb:UpdateItem", "Resource": table["TableArn"],
                    "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{name.removesuffix('2').lower()}#*"]}},
                },
            ])

    def test_all_functions_may_read_the_secrets_of_sessions(self):
        self.assertEqual(self.created.statements("MorePolicy"), [
            {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET + "session-??????"},
            {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET + "introspection-??????"},
            {
                "Effect": "Allow", "Action": "kms:Decrypt", "Resource": ALL["SecretsKeyArn"],
                "Condition": {"StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}},
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
        variables = [of["Environment"]["Variables"] for of in boto3.client("lambda").list_functions()["Functions"]]
        self.assertEqual([of["LIMIT_TABLE"] for of in variables], [table] * len(OWN))

    def test_a_provider_may_run_twice_with_different_keys_roles_and_routes(self):
        functions = {of["FunctionName"]: of for of in boto3.client("lambda").list_functions()["Functions"]}
        first, second = (functions[self.created.resources[name]] for name in ("CartesiaFunction", "Cartesia2Function"))
        variables = {name: (of["Environment"]["Variables"]) for name, of in (("first", first), ("second", second))}
        differing = {name for name in variables["first"] if variables["first"][name] != variables["second"][name]}
        self.assertEqual(differing, {"API_KEY_SECRET_ID", "PROVIDER_BASE_URL"})
        self.assertNotEqual(first["Role"], second["Role"])
        outputs = self.created.stack.outputs
        self.assertEqual(outputs["CartesiaUrl"], "https://voice.example.com/cartesia/token")
        self.assertEqual(outputs["Cartesia2Url"], "https://voice.example.com/cartesia-2/token")

    def test_the_hosted_zone_has_a_record_of_the_domain(self):
        client = boto3.client("route53")
        zone = client.list_hosted_zones()["HostedZones"][0]["Id"]
        records = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        self.assertIn(("voice.example.com", "A"), {(of["Name"].rstrip("."), of["Type"]) for of in records})


if __name__ == "__main__":
    unittest.main()
