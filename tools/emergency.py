"""Stops the functions of a deployment within seconds, and starts them again: `make stop`, `make start`.

    emergency.py stop --config-env ENV [PROVIDER …]     allows no environment of the functions
    emergency.py start --config-env ENV [PROVIDER …]    allows what the stack's parameter says

Without a provider, it stops or starts all functions of the stack. Lambda refuses requests to stopped
functions at once, and the gateway answers 5xx. The stack does not know: a deployment may start the
functions again, unless it sets ReservedConcurrency=0.
"""

import sys

from aws import errors
from providers import providers
from target import Failed, parser, target


def main(arguments):
    made = parser(__doc__)
    made.add_argument("action", choices=["stop", "start"])
    made.add_argument("providers", nargs="*", metavar="PROVIDER")
    given = made.parse_intermixed_args(arguments)
    try:
        where = target(given)
        if where is None:
            raise Failed("name an environment with --config-env, or a stack with --stack-name")
        for function in functions(where, given.providers):
            if given.action == "stop":
                stop(where, function)
            else:
                start(where, function)
    except (Failed, *errors()) as error:
        return f"{given.action}: {error}"


def functions(where, names):
    """The physical names of the providers' functions."""
    prefixes = {of.name: of.prefix for of in providers()}
    if unknown := set(names) - prefixes.keys():
        raise Failed(f"there is no provider {min(unknown)}: {', '.join(prefixes)}")
    wanted = {f"{prefixes[name]}Function" for name in names or prefixes}
    pages = where.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=where.stack)
    found = {of["LogicalResourceId"]: of.get("PhysicalResourceId") for page in pages for of in page["StackResourceSummaries"]}
    there = [found[name] for name in sorted(wanted) if found.get(name)]
    if not there:
        raise Failed(f"{where.stack} has none of these functions")
    return there


def stop(where, function):
    where.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    print(f"{function} is stopped")


def start(where, function):
    stack = where.client("cloudformation").describe_stacks(StackName=where.stack)["Stacks"][0]
    reserved = next((of["ParameterValue"] for of in stack.get("Parameters", []) if of["ParameterKey"] == "ReservedConcurrency"), "")
    if reserved == "0":
        raise Failed(f"{where.stack} has ReservedConcurrency=0: deploy it with another value")
    if reserved:
        where.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=int(reserved))
    else:
        where.client("lambda").delete_function_concurrency(FunctionName=function)
    print(f"{function} is started, with {reserved or 'no'} reserved concurrency")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
