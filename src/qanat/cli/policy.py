"""Read policies before they are attached. No server is needed."""

import argparse
from typing import Final

from qanat.cli import policy_validate
from qanat.cli.actions import Action, add_actions

ACTIONS: Final = {
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
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    group = commands.add_parser("policy", help="read and test policies", description=__doc__)
    add_actions(group, ACTIONS)
