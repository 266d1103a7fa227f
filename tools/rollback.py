"""Goes back to what was deployed before: `make keep` before a deployment, `make rollback` where it turned out bad.

    rollback.py keep STACK FILE     writes down a stack's template, parameters and tags
    rollback.py restore FILE        updates the stack to them

A deployment that fails CloudFormation takes back by itself; this is for one that succeeded and does not work. The template
names the very artefacts that were deployed, which sam leaves in its bucket, so nothing is built anew. It goes back with
GradualDeployment=AllAtOnce: of any other way CodeDeploy asks the alarms, and the one that rings for the bad version stops it.
"""

import hashlib
import json
import sys

from aws import client as aws
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

# Where sam has the bucket that it puts the artefacts into.
SAMS_STACK = "aws-sam-cli-managed-default"
GRADUAL, AT_ONCE = "GradualDeployment", "AllAtOnce"


class Failed(Exception):
    """What is wrong and what to do, in a sentence."""


def main(arguments):
    try:
        match arguments:
            case ["keep", stack, file]:
                return keep(stack, file)
            case ["restore", file]:
                return restore(file)
    except (BotoCoreError, ClientError, WaiterError, Failed) as error:
        return f"rollback: {error}"
    except FileNotFoundError as error:
        return f"rollback: there is no {error.filename}: `make keep` writes it before a deployment; deploy the earlier commit instead"
    return __doc__


def keep(stack, file):
    client = aws("cloudformation")
    found = described(client, stack)
    kept = {"stack": stack}
    # A stack whose first deployment was only prepared has no template yet.
    if found.get("StackStatus", "REVIEW_IN_PROGRESS") != "REVIEW_IN_PROGRESS":
        template = client.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
        kept["update"] = {
            "TemplateBody": template if isinstance(template, str) else json.dumps(template),
            "Parameters": [
                {name: parameter[name] for name in ("ParameterKey", "ParameterValue")}
                for parameter in found.get("Parameters", [])
            ],
            "Tags": found.get("Tags", []),
            # The template is a macro's input: sam's.
            "Capabilities": sorted({*found.get("Capabilities", []), "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"}),
        }
    with open(file, "w") as out:
        json.dump(kept, out)
    print(f"{stack}: {'kept what is deployed' if 'update' in kept else 'nothing is deployed yet'}")


def restore(file):
    with open(file) as kept:
        kept = json.load(kept)
    stack, update = kept["stack"], kept.get("update")
    if update is None:
        print(f"{stack}: nothing was deployed before, so there is nothing to go back to; it stays as it is")
        return
    before = all_at_once(update.get("Parameters", []))
    client = aws("cloudformation")
    update["TemplateURL"] = stored(client, stack, update.pop("TemplateBody"))
    try:
        client.update_stack(StackName=stack, **update)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
        print(f"{stack}: is as it was before")
    else:
        client.get_waiter("stack_update_complete").wait(StackName=stack)
        print(f"{stack}: went back to what was deployed before")
    if before not in (None, AT_ONCE):
        print(f"{stack}: stays with {GRADUAL}={AT_ONCE} until a deployment names {GRADUAL}={before} again")


def all_at_once(parameters):
    """Sets how the stack is updated, where its template leaves a choice, and tells how it was before."""
    for parameter in parameters:
        if parameter["ParameterKey"] == GRADUAL:
            before, parameter["ParameterValue"] = parameter["ParameterValue"], AT_ONCE
            return before


def stored(client, stack, template):
    """Where a template is to be had: CloudFormation takes one over 51,200 bytes, as ours is, from a bucket alone."""
    outputs = {of["OutputKey"]: of["OutputValue"] for of in described(client, SAMS_STACK).get("Outputs", [])}
    if "SourceBucket" not in outputs:
        raise Failed(f"there is no stack {SAMS_STACK} with a bucket for the template; deploy the earlier commit instead")
    template = template.encode()
    place = {"Bucket": outputs["SourceBucket"], "Key": f"{stack}/{hashlib.sha256(template).hexdigest()}.template"}
    bucket = aws("s3")
    bucket.put_object(Body=template, **place)
    return f"{bucket.meta.endpoint_url}/{place['Bucket']}/{place['Key']}"


def described(client, stack):
    """What CloudFormation says of a stack: nothing, where there is none."""
    try:
        return client.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return {}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
