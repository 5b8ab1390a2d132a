"""Read and test policies, and explain decisions. Only `explain` needs a server."""

import argparse
from typing import Final

from qanat.cli import policy_explain, policy_simulate, policy_validate
from qanat.cli.actions import Action, add_actions

ACTIONS: Final = {
    "explain": Action(
        policy_explain.add,
        "say why a request was denied, and what would have to change",
        """Takes a decision of the running server apart: every layer, the statements that
matched, those that nearly did with the condition that failed and the value it saw, and
what would have to change. Of the last denied request; with --principal, --action and
--queue of a request that nobody has made. With some of the three, of the last denied
request that they fit. Exit code 0 when it is allowed, 1 when it is denied, 2 when there
is no server or no such thing.""",
        (
            "qanat policy explain",
            "qanat policy explain --last 5 --queue jobs",
            "qanat policy explain --principal anonymous --action SendMessage --queue jobs --http",
        ),
    ),
    "validate": Action(
        policy_validate.add,
        "find what is wrong in a policy",
        """Reads a policy and says what is wrong with it, and where: errors, security
warnings, warnings and suggestions. Exit code 1 when there is a finding as severe as
--fail-on, 2 when there is nothing to read.""",
        (
            "qanat policy validate policy.json",
            "qanat policy validate --type endpoint --json - <policy.json",
            "qanat policy validate --fail-on warning --account 123456789012 policy.json",
        ),
    ),
    "simulate": Action(
        policy_simulate.add,
        "decide cases, so that a CI can test its policies",
        """Reads cases, one a line of JSON, and answers each with one line: the decision, the
reason and the statements that it rests on. The members of a case: id, principal (an
ARN, "anonymous" or a service), action, resource, resource_account, context,
identity_policies, resource_policy, endpoint_policies, permissions_boundaries,
session_policy, service_control_policies and resource_control_policies (lists of levels),
expect (allowed, implicit_deny or explicit_deny). Exit code 1 when a decision is not what
its case expects, 2 when a case could not be understood; the others are decided.""",
        (
            "qanat policy simulate cases.jsonl",
            "generate-cases | qanat policy simulate - | jq 'select(.ok == false)'",
        ),
    ),
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    group = commands.add_parser(
        "policy", help="read and test policies, explain decisions", description=__doc__
    )
    add_actions(group, ACTIONS)
