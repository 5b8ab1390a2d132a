"""Roles and their sessions, as a client makes them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from support.clients import Clients
from support.policies import policy
from support.server import Key
from support.things import MadeQueue


@dataclass(frozen=True)
class MadeRole:
    name: str
    arn: str
    role_id: str

    def session_arn(self, name: str) -> str:
        account = self.arn.split(":")[4]
        return f"arn:aws:sts::{account}:assumed-role/{self.name}/{name}"


MakeRole = Callable[..., MadeRole]


def trust(principal: str, action: str | list[str] = "sts:AssumeRole", **more: Any) -> dict[str, Any]:
    """A statement of a trust policy."""
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, **more}


def new_role(iam: Any, name: str, *trusted: dict[str, Any], may: str | None = None, **more: Any) -> MadeRole:
    """`may` is the document of its one policy; `more` is CreateRole's own."""
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(*trusted), **more)["Role"]
    if may is not None:
        iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=may)
    return MadeRole(name, made["Arn"], made["RoleId"])


def remove_role(iam: Any, role: MadeRole) -> None:
    """One that `new_role` made."""
    for name in iam.list_role_policies(RoleName=role.name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role.name, PolicyName=name)
    iam.delete_role(RoleName=role.name)


def key_of(answer: dict[str, Any]) -> Key:
    """The temporary credentials of an answer of STS."""
    given = answer["Credentials"]
    return Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def assumed(sts: Any, role: MadeRole, session: str = "work", **more: Any) -> Key:
    return key_of(sts.assume_role(RoleArn=role.arn, RoleSessionName=session, **more))


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def sent(clients: Clients, key: Key, queue: MadeQueue) -> str:
    """How a send on the public listener ends: `` for well, else the reason of its denial."""
    try:
        clients.of("sqs", key).send_message(QueueUrl=queue.url, MessageBody="x")
    except ClientError as error:
        told: str = error.response["Error"]["Message"]
        _, denied, reason = told.partition(f" on resource: {queue.arn} ")
        return reason if denied else told
    return ""
