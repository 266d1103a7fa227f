"""CodeDeploy calls this before it shifts an alias, and shifts nothing if it reports a failure.

Each new version must refuse a caller without a session. A version with a wrong setting ends at its
start instead, so it receives no request of a user.
"""

import json
import os

import boto3

HTTP = {"method": "POST", "path": "/check", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "check"}
EVENT = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/check",
    "rawQueryString": "",
    "headers": {"content-type": "application/json"},
    "requestContext": {
        "accountId": "anonymous", "apiId": "check", "domainName": "check", "domainPrefix": "check", "http": HTTP,
        "requestId": "check", "routeKey": "$default", "stage": "$default", "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 0,
    },
    "body": "{}",
    "isBase64Encoded": False,
}


def handler(event, _):
    try:
        errors = [error for version in os.environ["VERSIONS"].split() if (error := check(version))]
    except Exception as error:
        errors = [str(error)]
    print("\n".join(errors) or "each new version refuses a caller without a session")
    # Without a report, CodeDeploy waits for an hour.
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="Failed" if errors else "Succeeded",
    )


def check(version):
    functions = boto3.client("lambda")
    try:
        response = functions.invoke(FunctionName=version, Payload=json.dumps(EVENT))
    except functions.exceptions.TooManyRequestsException:
        # Functions that were stopped in an emergency: their fix must be deployable.
        print(f"{version} was not checked, because it is throttled")
        return None
    text = response["Payload"].read().decode()
    if "FunctionError" in response:
        return f"{version} does not start or does not answer; its log names each wrong setting: {text}"
    answer = json.loads(text)
    if answer.get("statusCode") != 401:
        return f"{version} answers a caller without a session with {answer.get('statusCode')} instead of 401: {answer.get('body')}"
    return None
