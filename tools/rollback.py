"""Restores the previous deployment: run `make keep` before a deployment, and `make rollback` if the
deployment does not work.

    rollback.py keep --config-env ENV FILE          saves the template, parameters and tags of the stack
    rollback.py keep --config-env ENV FILE --first  also accepts that nothing is deployed yet
    rollback.py restore --config-env ENV FILE       updates the stack to them

CloudFormation itself rolls back a deployment that fails. This script is for a deployment that
succeeds but does not work. Nothing is built again: the template names the artefacts that were
deployed, and sam leaves them in its bucket. The restore sets GradualDeployment=AllAtOnce, because
with any other value CodeDeploy checks the alarms, and the alarm that fires for the bad version
stops the restore.
"""

import hashlib
import json
import sys

from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from target import Failed, parser, target

# The stack with the bucket of sam's artefacts.
SAM_STACK = "aws-sam-cli-managed-default"
GRADUAL, AT_ONCE = "GradualDeployment", "AllAtOnce"


def main(arguments):
    made = parser(__doc__)
    made.add_argument("action", choices=["keep", "restore"])
    made.add_argument("file", metavar="FILE")
    made.add_argument("--first", action="store_true", help="accept that nothing is deployed yet")
    given = made.parse_args(arguments)
    try:
        where = target(given)
        if where is None:
            raise Failed("name an environment with --config-env, or a stack with --stack-name")
        return keep(where, given.file, given.first) if given.action == "keep" else restore(where, given.file)
    except (BotoCoreError, ClientError, WaiterError, Failed) as error:
        return f"rollback: {error}"
    except FileNotFoundError as error:
        return f"rollback: {error.filename} does not exist: `make keep` writes it before a deployment; deploy the earlier commit instead"


def keep(where, file, first):
    client, stack = where.client("cloudformation"), where.stack
    found = describe(client, stack)
    saved = {"stack": stack}
    # A stack with only a change set for its first deployment has no template yet.
    if found.get("StackStatus", "REVIEW_IN_PROGRESS") != "REVIEW_IN_PROGRESS":
        template = client.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
        saved["update"] = {
            "TemplateBody": template if isinstance(template, str) else json.dumps(template),
            "Parameters": [
                {name: parameter[name] for name in ("ParameterKey", "ParameterValue")}
                for parameter in found.get("Parameters", [])
            ],
            "Tags": found.get("Tags", []),
            # The template is the input of a macro, SAM's transform.
            "Capabilities": sorted({*found.get("Capabilities", []), "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"}),
        }
    elif not first:
        raise Failed(f"{stack} is not deployed in {client.meta.region_name}: check stack_name and region, or say --first if this is its first deployment")
    with open(file, "w") as out:
        json.dump(saved, out)
    print(f"{stack}: {'saved what is deployed' if 'update' in saved else 'nothing is deployed yet'}")


def restore(where, file):
    with open(file) as saved:
        saved = json.load(saved)
    stack, update = saved["stack"], saved.get("update")
    if update is None:
        print(f"{stack}: nothing was deployed before, so there is nothing to restore; the stack stays as it is")
        return
    if stack != where.stack:
        raise Failed(f"{file} is of {stack}, not of {where.stack}: run make keep and make rollback with the same stack")
    before = all_at_once(update.get("Parameters", []))
    client = where.client("cloudformation")
    update["TemplateURL"] = store(where, update.pop("TemplateBody"))
    try:
        client.update_stack(StackName=stack, **update)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
        print(f"{stack}: is the same as before")
    else:
        client.get_waiter("stack_update_complete").wait(StackName=stack)
        print(f"{stack}: restored the previous deployment")
    if before not in (None, AT_ONCE):
        print(f"{stack}: keeps {GRADUAL}={AT_ONCE} until a deployment sets {GRADUAL}={before} again")


def all_at_once(parameters):
    """Sets GradualDeployment, if the template has it, and returns its previous value."""
    for parameter in parameters:
        if parameter["ParameterKey"] == GRADUAL:
            before, parameter["ParameterValue"] = parameter["ParameterValue"], AT_ONCE
            return before


def store(where, template):
    """Stores the template in sam's bucket and returns its URL. CloudFormation accepts templates
    over 51,200 bytes only from a bucket.
    """
    outputs = {of["OutputKey"]: of["OutputValue"] for of in describe(where.client("cloudformation"), SAM_STACK).get("Outputs", [])}
    if "SourceBucket" not in outputs:
        raise Failed(f"the stack {SAM_STACK} with a bucket for the template does not exist; deploy the earlier commit instead")
    template = template.encode()
    place = {"Bucket": outputs["SourceBucket"], "Key": f"{where.stack}/{hashlib.sha256(template).hexdigest()}.template"}
    bucket = where.client("s3")
    bucket.put_object(Body=template, **place)
    return f"{bucket.meta.endpoint_url}/{place['Bucket']}/{place['Key']}"


def describe(client, stack):
    """The description of a stack, empty if the stack does not exist."""
    try:
        return client.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return {}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
