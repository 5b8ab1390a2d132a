"""The permissions of SQS, and which of them one account can grant to another (Service Authorization Reference).

Invariant: every permission of SQS is in exactly one of the two sets. Batch calls are authorised as their single action.
"""

from typing import Final

# SQS Developer Guide, sqs-limitations-of-custom-policies.
SHAREABLE: Final = frozenset(
    {
        "sqs:changemessagevisibility",
        "sqs:deletemessage",
        "sqs:getqueueattributes",
        "sqs:getqueueurl",
        "sqs:listdeadlettersourcequeues",
        "sqs:purgequeue",
        "sqs:receivemessage",
        "sqs:sendmessage",
    }
)
NOT_SHAREABLE: Final = frozenset(
    {
        "sqs:addpermission",
        "sqs:cancelmessagemovetask",
        "sqs:createqueue",
        "sqs:deletequeue",
        "sqs:listmessagemovetasks",
        "sqs:listqueues",
        "sqs:listqueuetags",
        "sqs:removepermission",
        "sqs:setqueueattributes",
        "sqs:startmessagemovetask",
        "sqs:tagqueue",
        "sqs:untagqueue",
    }
)
SQS_ACTIONS: Final = SHAREABLE | NOT_SHAREABLE
OWN_ACTIONS: Final = frozenset({"qanat:peekmessages"})
"""Of operations on queues that AWS does not have. A queue policy may name them; to other accounts it grants none."""
QUEUE_ACTIONS: Final = SQS_ACTIONS | OWN_ACTIONS

BATCHES: Final = {
    "sqs:changemessagevisibilitybatch": "sqs:ChangeMessageVisibility",
    "sqs:deletemessagebatch": "sqs:DeleteMessage",
    "sqs:sendmessagebatch": "sqs:SendMessage",
}
"""Calls that are judged as another action, which no policy can name by their own."""


def permission_of(action: str) -> str:
    """The permission that `action` takes: of a batch call that of its single action, else its own."""
    return BATCHES.get(action.lower(), action)
