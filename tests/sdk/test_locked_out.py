"""A queue policy that shuts everyone out: stored as AWS stores it, told of, and mended by root."""

import json
from typing import Any

from support.clients import refusal
from support.policies import allow, deny, policy
from support.server import ACCOUNT, Key, Server, run_command
from support.things import MadeQueue, MakeUser

NOBODY = policy(
    deny("sqs:*", Principal="*", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}})
)
FINDING = (
    "Statement 0 of the policy: it refuses sqs:SetQueueAttributes to everyone in the queue's account but those who "
    "come through vpce-1a2b3c4d; root can always mend it"
)


def qanat(server: Server, *words: str, **more: Any) -> Any:
    return run_command(server.directory, *words, "--data", str(server.data), **more)


def root_key(server: Server) -> Key:
    done = qanat(server, "env", "--root", "--json")
    assert done.returncode == 0, done.stderr
    variables = json.loads(done.stdout)
    return Key(
        variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], variables["AWS_SESSION_TOKEN"]
    )


def test_the_answer_and_the_log_say_so_and_root_mends_it(
    server: Server, admin: Any, queue: MadeQueue, clients: Any
) -> None:
    answer = admin.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": NOBODY})
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-qanat-finding"] == FINDING
    assert FINDING in server.log
    assert refusal(admin.get_queue_attributes, QueueUrl=queue.url).code == "AccessDenied"
    assert (
        refusal(admin.set_queue_attributes, QueueUrl=queue.url, Attributes={"Policy": ""}).code
        == "AccessDenied"
    )

    root = clients.of("sqs", root_key(server))
    kept = root.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    assert kept == NOBODY
    refused = refusal(root.send_message, QueueUrl=queue.url, MessageBody="m")
    assert refused.code == "AccessDenied", "root mends the policy, and the policy goes for all else"
    root.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": ""})
    admin.send_message(QueueUrl=queue.url, MessageBody="m")


def test_a_queue_for_an_organization_that_nobody_here_is_of(
    server: Server, admin: Any, queue: MadeQueue, clients: Any
) -> None:
    members = policy(
        deny("sqs:*", Principal="*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}})
    )
    answer = admin.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": members})
    finding = answer["ResponseMetadata"]["HTTPHeaders"]["x-qanat-finding"]
    assert "to everyone in the queue's account, wherever they call from" in finding
    assert refusal(admin.get_queue_attributes, QueueUrl=queue.url).code == "AccessDenied"
    told = qanat(server, "policy", "explain", "--queue", queue.name).stdout
    assert "there are no organizations here" in " ".join(told.split())
    clients.of("sqs", root_key(server)).set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": ""})


def test_by_the_command_line(server: Server, admin: Any, queue: MadeQueue) -> None:
    done = qanat(server, "queue", "policy", queue.name, "--set", "-", stdin=NOBODY)
    assert (done.returncode, done.stderr) == (0, f"warning: {FINDING}\n")
    refused = qanat(server, "queue", "policy", queue.name)
    assert refused.returncode == 1
    assert "with an explicit deny in a resource-based policy" in refused.stderr
    shown = qanat(server, "queue", "policy", queue.name, "--root", "--json")
    assert json.loads(shown.stdout) == {"QueueName": queue.name, "Policy": NOBODY}
    mended = qanat(server, "queue", "policy", queue.name, "--remove", "--root", "--json")
    assert json.loads(mended.stdout) == {"QueueName": queue.name, "Policy": None, "Findings": []}
    assert qanat(server, "queue", "policy", queue.name).stdout == f"{queue.name} has no policy\n"


def test_a_policy_that_lets_administrators_in_is_set_without_a_word(
    server: Server, admin: Any, queue: MadeQueue
) -> None:
    harmless = policy(allow("sqs:SendMessage", queue.arn, Principal={"AWS": ACCOUNT}))
    answer = admin.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": harmless})
    assert "x-qanat-finding" not in answer["ResponseMetadata"]["HTTPHeaders"]


def test_root_of_another_account_mends_nothing(
    server: Server, admin: Any, queue: MadeQueue, clients: Any
) -> None:
    other = "444455556666"
    assert qanat(server, "account", "create", other).returncode == 0
    found = json.loads(qanat(server, "env", "--root", "--account", other, "--json").stdout)
    key = Key(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], found["AWS_SESSION_TOKEN"])
    stranger = clients.of("sqs", key)
    refused = refusal(stranger.set_queue_attributes, QueueUrl=queue.url, Attributes={"Policy": ""})
    assert refused.code == "AccessDenied"


def test_root_is_who_it_says(server: Server, clients: Any) -> None:
    who = clients.of("sts", root_key(server)).get_caller_identity()
    assert (who["Arn"], who["UserId"]) == (f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
    too_long = qanat(server, "env", "--root", "--duration", "3601")
    assert (too_long.returncode, too_long.stderr) == (
        1,
        "qanat: root's credentials last 900 to 3600 seconds\n",
    )


def test_a_namesake_is_not_meant(
    admin: Any, iam: Any, clients: Any, queue: MadeQueue, make_user: MakeUser
) -> None:
    """IAM User Guide, reference_policies_elements_principal: names become unique ids when a policy is saved."""
    user = make_user()
    granting = policy(allow("sqs:SendMessage", queue.arn, Principal={"AWS": user.arn}))
    admin.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": granting})
    user.sqs().send_message(QueueUrl=queue.url, MessageBody="m")

    def kept() -> str:
        found = admin.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["Policy"])
        return str(found["Attributes"]["Policy"])

    assert kept() == granting
    iam.delete_access_key(UserName=user.name, AccessKeyId=user.key.access_key_id)
    iam.delete_user(UserName=user.name)
    assert json.loads(kept())["Statement"][0]["Principal"] == {"AWS": user.user_id}
    made = iam.create_user(UserName=user.name)["User"]
    assert made["Arn"] == user.arn
    key = iam.create_access_key(UserName=user.name)["AccessKey"]
    namesake = clients.of("sqs", Key(key["AccessKeyId"], key["SecretAccessKey"]))
    assert refusal(namesake.send_message, QueueUrl=queue.url, MessageBody="m").code == "AccessDenied"
    assert json.loads(kept())["Statement"][0]["Principal"] == {"AWS": user.user_id}
    admin.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": granting})
    namesake.send_message(QueueUrl=queue.url, MessageBody="m")
