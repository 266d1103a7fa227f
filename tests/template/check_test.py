"""deploy/check.py, which CodeDeploy calls before it shifts traffic, as the template contains it."""

import contextlib
import io
import json
import os
import unittest
from unittest import mock

from stack import FEW, ROOT, Stack

CODE = Stack(FEW).resources["CheckFunction"]["Properties"]["Code"]["ZipFile"]
REFUSES = {"statusCode": 401, "body": '{"code":"session_missing"}'}
CALL = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1"}


class Throttled(Exception):
    pass


class Aws:
    """Lambda with one response, and CodeDeploy."""

    def __init__(self, response, error=None):
        self.response, self.error, self.invoked, self.reports = response, error, [], []
        self.exceptions = mock.Mock(TooManyRequestsException=Throttled)

    def invoke(self, FunctionName, Payload):
        self.invoked.append((FunctionName, json.loads(Payload)))
        if isinstance(self.response, Exception):
            raise self.response
        return {"Payload": io.BytesIO(json.dumps(self.response).encode())} | (self.error or {})

    def put_lifecycle_event_hook_execution_status(self, **report):
        self.reports.append(report)


def run(aws):
    names = {}
    exec(compile(CODE, "check.py", "exec"), names)  # noqa: S102
    printed = io.StringIO()
    with (
        mock.patch.object(names["boto3"], "client", lambda _: aws),
        mock.patch.dict(os.environ, {"VERSIONS": "arn:one:3 arn:two:7"}),
        contextlib.redirect_stdout(printed),
    ):
        names["handler"](CALL, None)
    (report,) = aws.reports
    return report, printed.getvalue()


class Check(unittest.TestCase):
    def test_versions_that_refuse_callers_without_a_session_may_receive_traffic(self):
        aws = Aws(REFUSES)
        report, _ = run(aws)
        self.assertEqual(report, {"deploymentId": "d-1", "lifecycleEventHookExecutionId": "e-1", "status": "Succeeded"})
        self.assertEqual([version for version, _ in aws.invoked], ["arn:one:3", "arn:two:7"])

    def test_other_versions_may_not(self):
        for aws, reason in (
            (Aws({"errorMessage": "exit status 1"}, {"FunctionError": "Unhandled"}), "names each wrong setting"),
            (Aws({"statusCode": 200, "body": "{}"}), "with 200 instead of 401"),
            (Aws({"statusCode": 503, "body": "{}"}), "with 503 instead of 401"),
            (Aws({}), "with None instead of 401"),
            (Aws([]), "has no attribute 'get'"),
            (Aws(OSError("no network")), "no network"),
        ):
            report, printed = run(aws)
            self.assertEqual(report["status"], "Failed", reason)
            self.assertIn(reason, printed)

    def test_a_stopped_function_may_be_deployed(self):
        report, printed = run(Aws(Throttled()))
        self.assertEqual(report["status"], "Succeeded")
        self.assertIn("arn:one:3 was not checked", printed)

    def test_the_event_is_one_of_an_http_api_without_a_session_or_an_origin(self):
        aws = Aws(REFUSES)
        run(aws)
        sent = aws.invoked[0][1]
        event = json.loads((ROOT / "functions/cartesia/event.json").read_text())
        self.assertEqual(set(sent), set(event))
        self.assertEqual(set(sent["requestContext"]), set(event["requestContext"]))
        self.assertEqual(set(sent["requestContext"]["http"]), set(event["requestContext"]["http"]))
        self.assertEqual(sent["headers"], {"content-type": "application/json"})


if __name__ == "__main__":
    unittest.main()
