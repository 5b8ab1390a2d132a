"""Look at queues and messages, send, purge, and move dead letters back."""

import argparse
from typing import Final

from qanat.cli import queue_ls, queue_peek, queue_policy, queue_purge, queue_redrive, queue_send
from qanat.cli.actions import Action, add_actions

ACTIONS: Final = {
    "ls": Action(
        queue_ls.add,
        "list queues",
        "Lists queues, with how many messages each holds.",
        ("qanat queue ls", "qanat queue ls --prefix orders --json"),
    ),
    "peek": Action(
        queue_peek.add,
        "look at messages and touch nothing",
        """Shows messages in the order of sending. Nothing is touched: no receive count, no
visibility, no record in the log. On a narrow terminal only the beginning of an id
is shown; with --json there is one line a message, whole.""",
        (
            "qanat queue peek jobs",
            "qanat queue peek jobs --state in-flight --all",
            "qanat queue peek jobs --all --json | jq -r .Body",
        ),
    ),
    "send": Action(
        queue_send.add,
        "send a message",
        "Sends one message.",
        (
            "qanat queue send jobs hello",
            "qanat queue send jobs - <order.json",
            "qanat queue send jobs.fifo hello --group a --dedup 1",
            "qanat queue send jobs hello --delay 60 --attribute kind=String:order",
        ),
    ),
    "purge": Action(
        queue_purge.add,
        "delete all messages",
        "Deletes all messages of a queue, those in flight too.",
        ("qanat queue purge jobs", "qanat queue purge jobs --yes"),
    ),
    "policy": Action(
        queue_policy.add,
        "show or change a queue's policy",
        """Shows the policy of a queue, sets it, or takes it away. A policy that shuts out
administrators is set all the same, with a warning; --root mends it.""",
        (
            "qanat queue policy jobs",
            "qanat queue policy jobs --set policy.json",
            "qanat queue policy jobs --remove --root",
        ),
    ),
    "redrive": Action(
        queue_redrive.add,
        "move dead letters back",
        """Moves the messages of a dead-letter queue back to where they came from, and shows
how far it is. Ctrl-C leaves the move running.""",
        (
            "qanat queue redrive jobs-dlq",
            "qanat queue redrive jobs-dlq --to jobs --rate 10 --no-wait",
            "qanat queue redrive jobs-dlq --cancel",
        ),
    ),
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    group = commands.add_parser("queue", help="queues and their messages", description=__doc__)
    add_actions(group, ACTIONS)
