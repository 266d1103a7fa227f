"""The resources of the stack, including types that moto does not support."""

import json
import re
import unittest
from graphlib import TopologicalSorter

from stack import ALL, FEW, PROVIDERS, ROOT, Stack, source, written_out

STACKS = {"few": Stack(FEW), "all": Stack(ALL)}
NAMES = {prefix: of.name for prefix, of in PROVIDERS.items()}
ALARM = "AWS::CloudWatch::Alarm"


def deployed(stack):
    return {name: path for name, path in NAMES.items() if stack.parameters[f"{name}SecretId"]}


def counts(pattern, line):
    """Whether a metric filter counts a log line. All conditions of the filter must hold."""
    operators = {">=": lambda left, right: left >= int(right), "=": lambda left, right: left == right, "!=": lambda left, right: left != right}
    conditions = re.findall(r'\$\.(\w+) (>=|!=|=) "?(\w+)"?', pattern)
    rest = re.sub(r'\(?\$\.\w+ (>=|!=|=) "?\w+"?\)?', "", pattern).replace("&&", "")
    if not conditions or rest.replace(" ", "") != "{}":
        raise AssertionError(f"cannot read {pattern}")
    return all(operators[operator](line[field], value) for field, operator, value in conditions)


def statements(role):
    return [one for of in role["Policies"] for one in of["PolicyDocument"]["Statement"]]


def references(value):
    """The parameters and resources that a part of the template names."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "Ref":
                yield from [] if item.startswith("AWS::") else [item]
            elif name == "Fn::GetAtt":
                yield (item.split(".") if isinstance(item, str) else item)[0]
            elif name == "Fn::Sub":
                text, own = (item, {}) if isinstance(item, str) else item
                named = {of.partition(".")[0] for of in re.findall(r"\$\{([^!}]+)\}", text)}
                yield from {of for of in named - set(own) if not of.startswith("AWS::")}
                yield from references(own)
            else:
                yield from references(item)


class EachStack:
    """Properties of the stack with few settings and with all settings."""

    def test_each_provider_with_a_secret_has_a_route_to_its_alias_and_there_are_no_other_routes(self):
        stack = self.stack
        paths = stack.resources["Api"]["Properties"]["Body"]["paths"]
        self.assertEqual(set(paths), {f"/{path}/token" for path in deployed(stack).values()})
        for name, path in deployed(stack).items():
            (method, route), = paths[f"/{path}/token"].items()
            self.assertEqual(method, "x-amazon-apigateway-any-method")
            integration = route["x-amazon-apigateway-integration"]
            self.assertEqual(integration["payloadFormatVersion"], "2.0")
            self.assertIn(f"<{name}FunctionAliaslive>", integration["uri"])
            self.assertEqual(stack.resources[f"{name}FunctionAliaslive"]["Properties"]["Name"], "live")

    def test_the_gateway_has_no_cors_settings(self):
        stack = self.stack
        self.assertNotIn("cors", json.dumps(stack.resources["Api"]).lower())

    def test_the_gateway_logs_no_header_no_query_and_no_body(self):
        stack = self.stack
        settings = stack.resources["ApiApiGatewayDefaultStage"]["Properties"]["AccessLogSettings"]
        self.assertEqual(settings["DestinationArn"], "<AccessLogs.Arn>")
        self.assertEqual(set(json.loads(settings["Format"]).values()), {"$context." + of for of in (
            "requestId", "integration.requestId", "requestTimeEpoch", "identity.sourceIp", "routeKey", "httpMethod",
            "domainName", "status", "integration.status", "responseLength", "responseLatency", "integrationLatency",
            "error.responseType",
        )})

    def test_the_stage_is_throttled(self):
        stack = self.stack
        settings = stack.resources["ApiApiGatewayDefaultStage"]["Properties"]["DefaultRouteSettings"]
        self.assertEqual(settings, {"ThrottlingRateLimit": "100", "ThrottlingBurstLimit": "200"})

    def test_new_versions_are_checked_before_they_receive_traffic(self):
        stack = self.stack
        check = stack.resources["CheckFunction"]["Properties"]
        versions = {re.sub(r"\W", "", one) for one in check["Environment"]["Variables"]["VERSIONS"].split()}
        self.assertEqual(versions, set(stack.of_type("AWS::Lambda::Version")))
        for name in deployed(stack):
            update = stack.resources[f"{name}FunctionAliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
            self.assertEqual(update["BeforeAllowTrafficHook"], "<CheckFunction>")
        role = stack.resources["CheckRole"]["Properties"]
        self.assertEqual(check["Role"], "<CheckRole.Arn>")
        invoke, report, logs = statements(role)
        self.assertEqual(invoke["Action"], "lambda:InvokeFunction")
        self.assertEqual(set(invoke["Resource"]), {f"<{name}Function.Arn>:*" for name in deployed(stack)})
        self.assertEqual(report, {
            "Effect": "Allow", "Action": "codedeploy:PutLifecycleEventHookExecutionStatus",
            "Resource": "arn:aws:codedeploy:eu-central-1:123456789012:deploymentgroup:voicemint-*/*",
        })
        self.assertTrue(logs["Resource"].endswith(":log-group:/voicemint/voicemint/check:*"))
        # Its name does not begin with CodeDeployHook_, as CodeDeploy's managed policies require.
        self.assertEqual(statements(stack.resources["DeploymentRole"]["Properties"])[2], {
            "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "<CheckFunction.Arn>",
        })

    def test_each_log_group_expires_and_each_function_writes_to_its_own(self):
        stack = self.stack
        groups = stack.of_type("AWS::Logs::LogGroup")
        self.assertEqual({of["RetentionInDays"] for of in groups.values()}, {stack.parameters["LogRetentionDays"]})
        self.assertEqual(set(groups), {"AccessLogs", "CheckLogs"} | {f"{name}Logs" for name in deployed(stack)})
        for name in deployed(stack):
            function = stack.resources[f"{name}Function"]["Properties"]
            self.assertEqual(function["LoggingConfig"], {"LogGroup": f"<{name}Logs>"})

    def test_functions_have_the_runtime_that_they_are_built_for(self):
        stack = self.stack
        for name in deployed(stack):
            function = stack.resources[f"{name}Function"]["Properties"]
            self.assertEqual((function["Runtime"], function["Handler"], function["Architectures"]), ("provided.al2023", "bootstrap", ["arm64"]))

    def test_traffic_shifts_gradually_and_the_alarm_of_the_function_rolls_it_back(self):
        stack = self.stack
        for name in deployed(stack):
            update = stack.resources[f"{name}FunctionAliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
            self.assertEqual(update["DeploymentGroupName"], f"<{name}FunctionDeploymentGroup>")
            group = stack.resources[f"{name}FunctionDeploymentGroup"]["Properties"]
            self.assertEqual(group["DeploymentConfigName"], "CodeDeployDefault.LambdaCanary10Percent15Minutes")
            alarms = [{"Name": f"<{name}FailedAlarm>"}, {"Name": f"<{name}NewVersionFailedAlarm>"}]
            self.assertEqual(group["AlarmConfiguration"], {"Enabled": True, "Alarms": alarms})
            self.assertIn("DEPLOYMENT_STOP_ON_ALARM", group["AutoRollbackConfiguration"]["Events"])

    def test_each_alarm_notifies_the_topic_links_to_the_documentation_and_does_not_fire_without_requests(self):
        operations = (ROOT / "docs/operations.md").read_text()
        stack = self.stack
        topic = stack.parameters["AlarmTopicArn"]
        for name, of in stack.of_type(ALARM).items():
            self.assertEqual((of.get("AlarmActions"), of.get("OKActions")), ([topic], [topic]) if topic else (None, None), name)
            self.assertEqual(of["TreatMissingData"], "notBreaching", name)
            anchor = re.search(r"docs/operations\.md#([a-z-]+)$", of["AlarmDescription"])[1]
            self.assertIn(f'<a id="{anchor}"></a>', operations)

    def test_an_alarm_sees_only_the_requests_of_the_new_version(self):
        for name, path in deployed(self.stack).items():
            (version,) = (of for of in self.stack.of_type("AWS::Lambda::Version") if of.startswith(f"{name}FunctionVersion"))
            counted = self.stack.resources[f"{name}FailedByVersion"]["Properties"]
            (metric,) = counted["MetricTransformations"]
            self.assertEqual(counted["FilterPattern"], self.stack.resources[f"{name}Failed"]["Properties"]["FilterPattern"])
            # CloudWatch Logs accepts no default value for a metric with dimensions.
            self.assertEqual((metric["Dimensions"], "DefaultValue" in metric), ([{"Key": "FunctionVersion", "Value": "$.function_version"}], False))
            alarm = self.stack.resources[f"{name}NewVersionFailedAlarm"]["Properties"]
            metrics = {of["Id"]: of["MetricStat"]["Metric"] for of in alarm["Metrics"] if "MetricStat" in of}
            failed = metrics.pop("failed")
            self.assertEqual((failed["Namespace"], failed["MetricName"]), (metric["MetricNamespace"], metric["MetricName"]))
            self.assertEqual(failed["MetricName"], f"{path} failed by version")
            self.assertEqual(failed["Dimensions"], [{"Name": "FunctionVersion", "Value": f"<{version}.Version>"}])
            self.assertEqual({id: of["MetricName"] for id, of in metrics.items()}, {"unanswered": "Errors", "requests": "Invocations"})
            for of in metrics.values():
                values = {dimension["Name"]: dimension["Value"] for dimension in of["Dimensions"]}
                self.assertEqual(values, {
                    "FunctionName": f"<{name}Function>", "Resource": f"<{name}Function>:live", "ExecutedVersion": f"<{version}.Version>",
                })

    def test_there_are_alarms_for_the_api_and_four_for_each_function(self):
        stack = self.stack
        expected = {"ServerErrorsAlarm", "LatencyAlarm"} | ({"LimitUnavailableAlarm"} if stack.holds("UsesLimits") else set())
        expected |= {f"{name}{what}Alarm" for name in deployed(stack) for what in ("Failed", "NewVersionFailed", "SessionUnavailable", "Rejected")}
        self.assertEqual(set(stack.of_type(ALARM)), expected)

    def test_the_alarms_of_each_function_read_its_own_log_and_alias(self):
        stack = self.stack
        for name, path in deployed(stack).items():
            counted = {}
            for what, called in (("Failed", "failed"), ("SessionUnavailable", "session unavailable"), ("Rejected", "rejected")):
                of = stack.resources[f"{name}{what}"]["Properties"]
                self.assertEqual(of["LogGroupName"], f"<{name}Logs>")
                (metric,) = of["MetricTransformations"]
                counted[what] = (metric["MetricNamespace"], metric["MetricName"])
                self.assertEqual(counted[what], ("Voicemint/voicemint", f"{path} {called}"))
            rejected = stack.resources[f"{name}RejectedAlarm"]["Properties"]
            self.assertEqual((rejected["Namespace"], rejected["MetricName"]), counted["Rejected"])
            for what, lambdas in (
                ("Failed", {"unanswered": "Errors", "requests": "Invocations"}),
                ("SessionUnavailable", {"requests": "Invocations"}),
            ):
                metrics = {of["Id"]: of for of in stack.resources[f"{name}{what}Alarm"]["Properties"]["Metrics"]}
                self.assertEqual(set(re.findall(r"[a-z]+", metrics["percent"]["Expression"])), set(metrics) - {"percent"})
                own = metrics["failed" if what == "Failed" else "unavailable"]["MetricStat"]["Metric"]
                self.assertEqual((own["Namespace"], own["MetricName"]), counted[what])
                for id, metric in lambdas.items():
                    of = metrics[id]["MetricStat"]["Metric"]
                    self.assertEqual((of["Namespace"], of["MetricName"]), ("AWS/Lambda", metric))
                    self.assertEqual([dimension["Value"] for dimension in of["Dimensions"]], [f"<{name}Function>", f"<{name}Function>:live"])

    def test_every_5xx_that_callers_without_a_session_cannot_cause_rolls_a_deployment_back(self):
        stack = self.stack
        table = (ROOT / "README.md").read_text().split("\n## Errors\n")[1].split("\n## ")[0]
        codes = {code: int(status) for status, code in re.findall(r'(?m)^\| (\d{3}) \| <a id="\w+"></a>`(\w+)`', table)}
        self.assertEqual(len(codes), 18)
        # Without a valid session, only the verification of the session can end as 5xx.
        without_session = {"session_unavailable"}
        for name in deployed(stack):
            patterns = {what: stack.resources[f"{name}{what}"]["Properties"]["FilterPattern"] for what in ("Failed", "SessionUnavailable", "Rejected")}
            seen = {
                what: {code for code, status in codes.items() if counts(pattern, {"status": status, "outcome": code})}
                for what, pattern in patterns.items()
            }
            self.assertEqual(seen["Failed"], {code for code, status in codes.items() if status >= 500} - without_session)
            self.assertEqual(seen["SessionUnavailable"], without_session)
            self.assertEqual(seen["Rejected"], {"provider_rejected"})
            self.assertFalse(counts(patterns["Failed"], {"status": 200, "outcome": "minted"}))
            description = stack.resources[f"{name}FailedAlarm"]["Properties"]["AlarmDescription"]
            self.assertIn("does not count session_unavailable", description)

    def test_the_dashboard_shows_each_metric_of_the_functions(self):
        stack = self.stack
        text = json.dumps(json.loads(stack.resources["Dashboard"]["Properties"]["DashboardBody"]))
        shown = set(re.findall(r"{(Voicemint,[\w,]+)} MetricName=\W+(\w+)", text))
        self.assertEqual(shown, {
            ("Voicemint,Provider", "Minted"), ("Voicemint,Provider", "Resumed"), ("Voicemint,Provider,Code", "Refused"),
            ("Voicemint,Provider", "ProviderLatency"), ("Voicemint,Provider", "LimitUnavailable"),
        })
        self.assertIn("${PROP('Dim.Code')}", text)
        for name in deployed(stack):
            self.assertIn(f'"<{name}Function>"', text)

    def test_each_function_counts_only_under_the_name_of_its_provider(self):
        stack = self.stack
        for name in deployed(stack):
            provider = source()["Resources"][f"{name}Function"]["Properties"]["CodeUri"].removeprefix("functions/")
            role = stack.resources[f"{name}FunctionRole"]["Properties"]
            counting = [one for one in statements(role) if "dynamodb" in json.dumps(one)]
            # shared/src/limit names items `<provider>#<subject>`.
            self.assertEqual(counting, [{
                "Effect": "Allow", "Action": "dynamodb:UpdateItem", "Resource": "<LimitTable.Arn>",
                "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{provider}#*"]}},
            }], name)
        shared = [of for name, of in stack.resources.items() if not name.endswith("FunctionRole") and of["Type"].startswith("AWS::IAM")]
        self.assertNotIn("dynamodb", json.dumps(shared))

    def test_resources_do_not_depend_on_each_other_in_a_cycle(self):
        stack = self.stack
        TopologicalSorter(stack.references()).prepare()  # raises on a cycle

    def test_no_rule_of_the_template_is_violated(self):
        stack = self.stack
        self.assertEqual(stack.violations(), [])

    def test_each_function_has_a_role_that_may_write_only_to_its_own_log_group(self):
        stack = self.stack
        for name, provider in deployed(stack).items():
            group = f"arn:aws:logs:eu-central-1:123456789012:log-group:/voicemint/voicemint/{provider}:*"
            self.assertEqual(stack.resources[f"{name}Function"]["Properties"]["Role"], f"<{name}FunctionRole.Arn>")
            role = stack.resources[f"{name}FunctionRole"]["Properties"]
            self.assertEqual(role.get("ManagedPolicyArns", []), ["<MorePolicy>"] if stack.holds("NeedsMore") else [], name)
            logs = [one for one in statements(role) if "logs:" in json.dumps(one)]
            # Without CreateLogGroup: a function that ends late would create its deleted group again.
            self.assertEqual(logs, [{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": group}])
            traces = [one for one in statements(role) if "xray:" in json.dumps(one)]
            self.assertEqual(len(traces), 1 if stack.parameters["Tracing"] == "Active" else 0)

    def test_each_role_has_the_permissions_boundary_if_there_is_one(self):
        boundary = self.stack.parameters["PermissionsBoundary"]
        roles = self.stack.of_type("AWS::IAM::Role")
        self.assertGreaterEqual(len(roles), 1 + len(deployed(self.stack)))
        for name, role in roles.items():
            self.assertEqual(role.get("PermissionsBoundary", ""), boundary, name)

    def test_codedeploy_may_shift_only_the_aliases_of_this_stack(self):
        role = self.stack.resources["DeploymentRole"]["Properties"]
        self.assertNotIn("ManagedPolicyArns", role)
        self.assertNotIn("CodeDeployServiceRole", self.stack.resources)
        for name in deployed(self.stack):
            group = self.stack.resources[f"{name}FunctionDeploymentGroup"]["Properties"]
            self.assertEqual(group["ServiceRoleArn"], "<DeploymentRole.Arn>")
        shift, alarms = statements(role)[:2]
        self.assertEqual(set(shift["Action"]), {"lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"})
        self.assertEqual(set(shift["Resource"]), {
            arn for name in deployed(self.stack) for arn in (f"<{name}Function.Arn>", f"<{name}Function.Arn>:*")
        })
        self.assertEqual(alarms, {"Effect": "Allow", "Action": "cloudwatch:DescribeAlarms", "Resource": "*"})


class WithFewSettings(EachStack, unittest.TestCase):
    stack = STACKS["few"]


class WithEverything(EachStack, unittest.TestCase):
    stack = STACKS["all"]


class Choices(unittest.TestCase):
    """The effects of single parameters."""

    def test_users_are_limited_unless_that_is_turned_off_and_either_limit_creates_a_table(self):
        for given, rate, tables in (
            ({}, "60/minute", 1),
            ({"RateLimit": ""}, "60/minute", 1),  # sam keeps the empty value of old stacks
            ({"RateLimit": "10/minute"}, "10/minute", 1),
            ({"RateLimit": "off"}, "", 0),
            ({"RateLimit": "off", "DailyLimit": "200"}, "", 1),
            ({"DailyLimit": "200"}, "60/minute", 1),
        ):
            with self.subTest(given):
                stack = Stack(FEW | given)
                variables = stack.resources["CartesiaFunction"]["Properties"]["Environment"]["Variables"]
                self.assertEqual((variables["RATE_LIMIT"], variables["DAILY_LIMIT"]), (rate, given.get("DailyLimit", "")))
                self.assertEqual(variables["LIMIT_TABLE"], "<LimitTable>" if tables else "")
                self.assertEqual(len(stack.of_type("AWS::DynamoDB::Table")), tables)
                self.assertEqual("LimitUnavailableAlarm" in stack.resources, bool(tables))

    def test_smoke_tests_have_their_own_issuer_and_secret(self):
        users = {"SessionKind": "secret", "SessionSecretId": "voicemint/session"}
        for given, issuer, secrets in (
            (users, "https://issuer.example.com", ["voicemint/session"]),
            (
                users | {"SmokeSecretId": "voicemint/smoke"},
                "https://issuer.example.com,voicemint-smoke", ["voicemint/session", "voicemint/smoke"],
            ),
        ):
            stack = Stack(FEW | given)
            self.assertEqual(stack.violations(), [])
            variables = stack.resources["CartesiaFunction"]["Properties"]["Environment"]["Variables"]
            self.assertEqual((variables["SESSION_ISSUER"], variables["SESSION_SECRET_ID"]), (issuer, ",".join(secrets)))
            readable = re.findall(r"secret:([\w/]+)-\?{6}", json.dumps(stack.resources["MorePolicy"]))
            self.assertEqual(readable, secrets)

    def test_references_exist_even_if_conditions_exclude_them(self):
        # CloudFormation refuses a template with any other.
        for shift in source()["Parameters"]["GradualDeployment"]["AllowedValues"]:
            template = Stack(FEW | {"GradualDeployment": shift}).template
            known = set(template["Resources"]) | set(template["Parameters"])
            found = set(references([template["Resources"], template["Outputs"]]))
            self.assertGreater(len(found), 50)
            self.assertEqual(found - known, set(), shift)

    def test_all_at_once_does_not_use_codedeploy(self):
        stack = Stack(FEW | {"GradualDeployment": "AllAtOnce"})
        self.assertNotIn("CodeDeploy", json.dumps(stack.resources))
        self.assertEqual(len(stack.of_type("AWS::Lambda::Alias")), 1)

    def test_functions_are_in_a_vpc_only_on_request_and_only_then_manage_network_interfaces(self):
        vpc = {"SubnetIds": "subnet-0a,subnet-0b", "SecurityGroupIds": "sg-0a"}
        for given, interfaces in ((FEW, 0), (FEW | vpc, 2)):
            stack = Stack(given)
            function = stack.resources["CartesiaFunction"]["Properties"]
            expected = {"SubnetIds": ["subnet-0a", "subnet-0b"], "SecurityGroupIds": ["sg-0a"]} if interfaces else None
            self.assertEqual(function.get("VpcConfig"), expected)
            role = stack.resources["CartesiaFunctionRole"]["Properties"]
            found = [one for one in statements(role) if "ec2:" in json.dumps(one)]
            self.assertEqual([one["Effect"] for one in found], ["Allow", "Deny"][:interfaces])
            self.assertEqual("ec2:" in json.dumps(stack.resources), bool(interfaces))
        # Lambda manages the interfaces; the function's own code must not.
        self.assertEqual(list(found[1]["Condition"]["ArnLike"]), ["lambda:SourceFunctionArn"])

    def test_the_latency_alarm_changes_its_state_with_few_requests(self):
        alarm = STACKS["few"].resources["LatencyAlarm"]["Properties"]
        self.assertEqual((alarm["EvaluateLowSampleCountPercentile"], alarm["Period"]), ("evaluate", 300))

    def test_mints_that_were_not_counted_fire_the_alarm_of_their_own_stack(self):
        for stack in STACKS.values():
            alarm = stack.resources["LimitUnavailableAlarm"]["Properties"]
            for name in deployed(stack):
                of = stack.resources[f"{name}LimitUnavailable"]["Properties"]
                self.assertEqual((of["LogGroupName"], of["FilterPattern"]), (f"<{name}Logs>", "{ $.LimitUnavailable = 1 }"))
                (metric,) = of["MetricTransformations"]
                self.assertEqual((metric["MetricNamespace"], metric["MetricName"]), (alarm["Namespace"], alarm["MetricName"]))
            self.assertEqual(alarm["Namespace"], "Voicemint/voicemint")

    def test_names_are_short_enough_for_any_stack(self):
        long = Stack(FEW, {"AWS::StackName": "v" * 128}).resources["SettingsOwner"]["Properties"]
        self.assertLessEqual(len(long["Name"]), 64)
        self.assertLessEqual(len(long["Description"]), 1024)

    def test_the_link_to_the_dashboard_is_that_of_the_partition(self):
        for partition, host in (
            ("aws", "console.aws.amazon.com"), ("aws-us-gov", "console.amazonaws-us-gov.com"), ("aws-cn", "console.amazonaws.cn"),
        ):
            url = Stack(FEW, {"AWS::Partition": partition}).outputs["DashboardUrl"]
            self.assertTrue(url.startswith(f"https://{host}/cloudwatch/home?region=eu-central-1#"), url)

    def test_endpoints_of_aws_are_fips_or_dual_stack_on_request(self):
        for given, values in (({}, ("false", "false")), ({"UseFipsEndpoint": "true", "UseDualstackEndpoint": "true"}, ("true", "true"))):
            variables = Stack(FEW | given).resources["CartesiaFunction"]["Properties"]["Environment"]["Variables"]
            self.assertEqual((variables["AWS_USE_FIPS_ENDPOINT"], variables["AWS_USE_DUALSTACK_ENDPOINT"]), values)

    def test_a_second_stack_has_other_names(self):
        first, second = STACKS["all"].resources, Stack(ALL, {"AWS::StackName": "voicemint-eu"}).resources
        self.assertEqual(set(first), set(second))
        # CloudFormation chooses unique names for all resources without these properties.
        fixed = {"AWS::Logs::LogGroup": "LogGroupName", "AWS::CloudWatch::Dashboard": "DashboardName"}
        names = [[of["Properties"][fixed[of["Type"]]] for of in one.values() if of["Type"] in fixed] for one in (first, second)]
        self.assertEqual(len(names[0]), len(PROVIDERS) + 3)
        self.assertFalse(set(names[0]) & set(names[1]))

    def test_there_is_no_reserved_concurrency_unless_set_and_it_may_be_0(self):
        self.assertNotIn("ReservedConcurrentExecutions", STACKS["few"].resources["CartesiaFunction"]["Properties"])
        for given in ("0", "20"):
            of = Stack(FEW | {"ReservedConcurrency": given}).resources["CartesiaFunction"]["Properties"]
            self.assertEqual(of["ReservedConcurrentExecutions"], given)

    def test_traces_are_sent_only_on_request(self):
        self.assertNotIn("xray", json.dumps(STACKS["few"].resources).lower())
        self.assertEqual(STACKS["all"].resources["ElevenLabsFunction"]["Properties"]["TracingConfig"], {"Mode": "Active"})

    def test_a_domain_has_a_given_certificate_or_the_stack_creates_one(self):
        given = {"DomainName": "voice.example.com", "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/0a"}
        stack = Stack(FEW | given)
        (domain,) = stack.of_type("AWS::ApiGatewayV2::DomainName").values()
        self.assertEqual(domain["DomainNameConfigurations"][0]["CertificateArn"], given["CertificateArn"])
        self.assertEqual(stack.of_type("AWS::CertificateManager::Certificate"), {})
        self.assertEqual(stack.of_type("AWS::Route53::RecordSet"), {})
        self.assertEqual(stack.outputs["DomainTarget"], "<Domain.RegionalDomainName>")
        (mapping,) = stack.of_type("AWS::ApiGatewayV2::ApiMapping").values()
        self.assertEqual(mapping, {"ApiId": "<Api>", "DomainName": "<Domain>", "Stage": "<ApiApiGatewayDefaultStage>"})
        (domain,) = STACKS["all"].of_type("AWS::ApiGatewayV2::DomainName").values()
        self.assertEqual(domain["DomainNameConfigurations"][0]["CertificateArn"], "<Certificate>")
        self.assertEqual(STACKS["few"].of_type("AWS::ApiGatewayV2::DomainName"), {})

    def test_the_default_endpoint_is_disabled_only_on_request(self):
        for name, closed in (("few", False), ("all", True)):
            (server,) = STACKS[name].resources["Api"]["Properties"]["Body"]["servers"]
            self.assertEqual(server["x-amazon-apigateway-endpoint-configuration"], {"disableExecuteApiEndpoint": closed})

    def test_parameters_that_contradict_each_other_are_refused(self):
        for given, violation in (
            ({"CartesiaSecretId": ""}, "Set the secret of at least one provider"),
            ({"CartesiaSecretId": "", "ElevenLabsSecretId": "x"}, None),
            ({"SubnetIds": "subnet-0a"}, "SubnetIds needs SecurityGroupIds"),
            ({"SecurityGroupIds": "sg-0a"}, "SecurityGroupIds needs SubnetIds"),
            ({"DomainName": "voice.example.com"}, "DomainName needs CertificateArn, or HostedZoneId to create a certificate"),
            ({"DefaultEndpoint": "disabled"}, "DefaultEndpoint disabled needs DomainName, because API Gateway's host is then the only one"),
            ({"SessionIssuer": ""}, "Set SessionIssuer, the issuer of sessions"),
            ({"SessionAudience": ""}, "Set SessionAudience, the audience of sessions; * accepts any"),
            ({"SessionKind": "forward"}, "SessionKind forward needs SessionForwardUrl"),
            ({"SessionKind": "authjs"}, "SessionKind secret and SessionKind authjs need SessionSecretId"),
            ({"SessionKind": "introspection"}, "SessionKind introspection needs SessionIntrospectionUrl and SessionIntrospectionSecretId"),
            (
                {"SessionKind": "introspection", "SessionIntrospectionUrl": "https://a.example", "SessionIntrospectionSecretId": "x", "SessionAudience": ""},
                "SessionKind introspection needs SessionAudience (* accepts any) or SessionRequiredClaims",
            ),
            ({"SessionKind": "secret", "SessionSecretId": "x", "SessionIssuer": ""}, None),
            ({"SmokeSecretId": "x"}, "SmokeSecretId needs SessionKind secret"),
            ({"SessionKind": "secret", "SessionSecretId": "x", "SmokeSecretId": "y", "SessionIssuer": ""}, "SmokeSecretId needs SessionIssuer"),
            ({"SessionKind": "secret", "SessionSecretId": "x", "SmokeSecretId": "x"}, "SmokeSecretId must differ from SessionSecretId"),
            ({"SessionKind": "clerk", "AllowedOrigins": ""}, "SessionKind clerk needs AllowedOrigins or SessionAuthorizedParties"),
        ):
            self.assertEqual(Stack(FEW | given).violations(), [violation] if violation else [], given)


class Settings(unittest.TestCase):
    """Parameters that become settings of the functions."""

    def functions(self):
        return {name: of["Properties"] for name, of in source()["Resources"].items() if of["Type"] == "AWS::Serverless::Function"}

    def test_every_documented_setting_is_a_variable_of_a_function(self):
        table = (ROOT / "docs/settings.md").read_text()
        documented = {name for row in re.findall(r"^\| (`[A-Z].*?) \|", table, re.M) for name in re.findall(r"`([A-Z_]+)`", row)}
        given = set(source()["Globals"]["Function"]["Environment"]["Variables"])
        for function in self.functions().values():
            given |= set(function["Environment"]["Variables"])
        for_sam_local, for_lambda = {"AWS_ENDPOINT_URL_SECRETS_MANAGER"}, {"RELEASE"}
        for_sdk = {"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"}
        self.assertEqual(given - for_sam_local - for_lambda - for_sdk, documented)

    def test_a_change_of_any_parameter_that_reaches_a_function_publishes_a_version(self):
        template = source()
        shared = template["Globals"]["Function"]
        seen = json.dumps([shared[of] for of in ("Environment", "MemorySize", "Tracing", "VpcConfig")])
        seen += json.dumps([of["Environment"] for of in self.functions().values()])
        parameters = set(template["Parameters"])
        reaching = {name for name in re.findall(r'"Ref": "(\w+)"|\$\{(\w+)\}', seen) for name in name if name in parameters}
        # Each deployment has another Release: alone, it publishes nothing.
        self.assertIn("Release", reaching)
        reaching.remove("Release")
        content = template["Resources"]["Settings"]["Properties"]["Content"]["Fn::Sub"]
        self.assertEqual(set(re.findall(r"(\w+)=\$\{\1\}", content)), reaching)
        for stack in STACKS.values():
            for name, version in stack.of_type("AWS::Lambda::Version").items():
                self.assertRegex(version["Description"], r"^Settings <Settings\.VersionNumber>, template [0-9a-f]{8}$", name)
            for name in deployed(stack):
                function = stack.resources[f"{name}Function"]["Properties"]
                self.assertIn("<Settings.VersionNumber>", function["Description"], name)

    def test_every_attempt_to_deploy_differs_to_lambda(self):
        # Otherwise Lambda publishes no version after a canary that was rolled back, because the
        # same version exists already, and CloudFormation fails.
        for release in ("4e1c598-1", "4e1c598-2"):
            for function in Stack(FEW | {"Release": release}).of_type("AWS::Lambda::Function").values():
                if function["Runtime"] == "provided.al2023":
                    self.assertEqual(function["Environment"]["Variables"]["RELEASE"], release)
        first, second = (Stack(FEW | {"Release": release}).resources for release in ("a", "b"))
        self.assertEqual(set(first), set(second), "a release alone publishes no version")

    def test_replaced_versions_are_kept(self):
        for stack in STACKS.values():
            versions = {name: of for name, of in stack.resources.items() if of["Type"] == "AWS::Lambda::Version"}
            self.assertTrue(versions)
            for name, of in versions.items():
                # DeletionPolicy does not apply to a resource that an update replaces.
                self.assertEqual((of.get("DeletionPolicy"), of.get("UpdateReplacePolicy")), ("Retain", "Retain"), name)

    def test_descriptions_change_with_what_sam_does_not_hash(self):
        for function in self.functions().values():
            shared = source()["Globals"]["Function"]
            (number,) = re.findall(r", template ([0-9a-f]{8})", function["VersionDescription"]["Fn::Sub"])
            # Without a change of the function itself, Lambda publishes no version.
            self.assertIn(f", template {number} of ", shared["Description"]["Fn::Sub"])

    def test_every_parameter_has_a_description_and_a_valid_default(self):
        for name, of in source()["Parameters"].items():
            with self.subTest(name):
                self.assertTrue(of["Description"])
                if of["Type"] == "Number" and "AllowedValues" not in of:
                    self.assertLessEqual(of["MinValue"], of["Default"])
                    self.assertLessEqual(of["Default"], of["MaxValue"])
                elif "AllowedValues" in of:
                    self.assertIn(of["Default"], of["AllowedValues"])
                else:
                    self.assertRegex(of["Default"], of["AllowedPattern"])

    def test_long_parameters_have_a_maximum_because_an_environment_has_4_kb(self):
        longest = {name: of["MaxLength"] for name, of in source()["Parameters"].items() if "MaxLength" in of}
        self.assertLessEqual({
            "AllowedOrigins", "SessionIssuer", "SessionAudience", "SessionJwksUrl", "SessionAuthorizedParties", "SessionRequiredClaims", "NoProxy",
        }, set(longest))
        self.assertLessEqual(sum(longest.values()), 4096)

    def test_patterns_accept_valid_values_and_refuse_mistakes(self):
        for name, good, bad in (
            ("AlarmTopicArn", ["arn:aws:sns:eu-central-1:123456789012:alarms"], ["alarms", "arn:aws:sqs:eu-central-1:123456789012:alarms"]),
            ("AllowedOrigins", ["https://app.example.com", "http://localhost:3000,https://a.example", "https://*.preview.example.com,https://*.a.b.c.example:8443"], ["*", "https://a.example/", "http://a.example", "https://*.example.com", "https://a.*.preview.example.com", "http://*.preview.example.com"]),
            ("CartesiaSecretId", ["voicemint/cartesia-eu"], ["my key", "sk_car_secret value"]),
            ("CertificateArn", ["arn:aws:acm:eu-central-1:123456789012:certificate/0a-1b"], ["0a-1b"]),
            ("DomainName", ["voice.example.com"], ["https://voice.example.com", "voice.example.com/", "Voice.example.com", "localhost"]),
            ("GrantsClaim", ["grants", "/app_metadata/voice", "https://example.com/grants"], [" grants"]),
            ("HostedZoneId", ["Z0123456789ABCDEFGHIJ"], ["/hostedzone/Z0123456789ABCDEFGHIJ", "example.com"]),
            ("PermissionsBoundary", ["arn:aws:iam::123456789012:policy/team/boundary", "arn:aws:iam::aws:policy/PowerUserAccess"], ["boundary", "arn:aws:iam::123456789012:role/x"]),
            ("SubnetIds", ["subnet-0a1b", "subnet-0a,subnet-0b"], ["0a1b", "subnet-0a, subnet-0b", "sg-0a"]),
            ("SecurityGroupIds", ["sg-0a1b"], ["default"]),
            ("RateLimit", ["10/minute", "off", ""], ["10", "10/week", "0/minute", "Off", "off/minute", "none"]),
            ("ReservedConcurrency", ["0", "20"], ["-1", "many"]),
            ("SecretsKeyArn", ["arn:aws:kms:eu-central-1:123456789012:key/0123-ab"], ["alias/voicemint", "arn:aws:kms:eu-central-1:123456789012:alias/x"]),
            ("SessionAudience", ["my-app", "*", "https://api.example.com,other"], [",my-app", " my-app"]),
            ("SessionAuthorizedParties", ["https://app.example.com,client"], ["a b", ",a"]),
            ("SessionIssuer", ["https://issuer.example.com/", "https://a.example,https://b.example"], ["https://a.example https://b.example", ","]),
        ):
            pattern = source()["Parameters"][name]["AllowedPattern"]
            for value in good:
                self.assertRegex(value, pattern, name)
            for value in bad:
                self.assertNotRegex(value, pattern, name)

    def test_the_template_has_no_anchors_or_aliases_which_cloudformation_refuses(self):
        for text in ((ROOT / "template.yaml").read_text(), written_out()):
            self.assertNotRegex(text, r"(?m)(: |- |\[|, )[&*]\w|<<:")


if __name__ == "__main__":
    unittest.main()
