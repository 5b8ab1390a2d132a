"""Temporary credentials of users through boto3: GetSessionToken, GetFederationToken, and what they may do."""

from typing import Any

import pytest

from support.clients import Clients, refusal
from support.policies import allow, deny, policy
from support.roles import key_of
from support.server import ACCOUNT, Key
from support.things import MadeQueue, MadeUser, MakeUser, StartServer

ANY_SQS = policy(allow("sqs:*"), allow("sts:*"), allow("iam:*"))
INVALID = "The security token included in the request is invalid."


def session_of(user: MadeUser, **more: Any) -> Key:
    return key_of(user.of("sts").get_session_token(**more))


def federated(user: MadeUser, name: str = "fay", **more: Any) -> Key:
    return key_of(user.of("sts").get_federation_token(Name=name, **more))


class TestGetSessionToken:
    def test_a_session_is_its_user(self, queue: MadeQueue, make_user: MakeUser, clients: Any) -> None:
        user = make_user(ANY_SQS)
        key = session_of(user)
        clients.of("sqs", key).send_message(QueueUrl=queue.url, MessageBody="m")
        who = clients.of("sts", key).get_caller_identity()
        assert (who["Arn"], who["UserId"]) == (user.arn, user.user_id)
        assert refusal(clients.of("iam", key).list_users).code == "InvalidClientTokenId"
        assert refusal(clients.of("sts", key).get_session_token).code == "AccessDenied"

    def test_token_issue_time_and_mfa_are_there_for_sessions_only(
        self, queue: MadeQueue, make_user: MakeUser, clients: Any
    ) -> None:
        """IAM User Guide: the usual "deny unless MFA" statement, with BoolIfExists and with Bool."""
        if_exists = deny("sqs:*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})
        plain = deny("sqs:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})
        absent = deny("sqs:*", Condition={"Null": {"aws:TokenIssueTime": "true"}})
        for statement, long_term, temporary in (
            (if_exists, False, False),
            (plain, True, False),
            (absent, False, True),
        ):
            user = make_user(policy(allow("sqs:*"), statement))
            for key, may in ((user.key, long_term), (session_of(user), temporary)):
                sqs = clients.of("sqs", key)
                if may:
                    sqs.send_message(QueueUrl=queue.url, MessageBody="m")
                else:
                    assert (
                        refusal(sqs.send_message, QueueUrl=queue.url, MessageBody="m").code == "AccessDenied"
                    )

    def test_a_user_that_is_deleted_takes_its_sessions_along(
        self, iam: Any, queue: MadeQueue, make_user: MakeUser, clients: Any
    ) -> None:
        user = make_user()
        sqs = clients.of("sqs", session_of(user))
        iam.delete_access_key(UserName=user.name, AccessKeyId=user.key.access_key_id)
        assert refusal(sqs.list_queues).code == "AccessDenied", "the key is not the session's"
        iam.delete_user(UserName=user.name)
        assert refusal(sqs.list_queues)[1:3] == ("InvalidClientTokenId", INVALID)
        iam.create_user(UserName=user.name)
        assert refusal(sqs.list_queues)[1:3] == ("InvalidClientTokenId", INVALID)


class TestTokens:
    @pytest.mark.parametrize(
        "change", ["no token", "other token", "own key with a token", "other secret", "cut"]
    )
    def test_a_token_goes_with_its_key_and_whole(
        self, make_user: MakeUser, clients: Any, change: str
    ) -> None:
        user, other = make_user(ANY_SQS), make_user(ANY_SQS)
        key, strange = session_of(user), session_of(other)
        assert key.token is not None
        broken = {
            "no token": Key(key.access_key_id, key.secret),
            "other token": Key(key.access_key_id, key.secret, strange.token),
            "own key with a token": Key(user.key.access_key_id, user.key.secret, key.token),
            "other secret": Key(key.access_key_id, strange.secret, key.token),
            "cut": Key(key.access_key_id, key.secret, key.token[:-4]),
        }[change]
        refused = refusal(clients.of("sqs", broken).list_queues)
        expected = "InvalidClientTokenId" if change != "other secret" else "SignatureDoesNotMatch"
        assert (refused.status, refused.code) == (403, expected)
        clients.of("sqs", key).list_queues()


class TestGetFederationToken:
    def test_the_session_policy_and_the_users_policies_must_both_allow(
        self, queue: MadeQueue, make_user: MakeUser, clients: Any
    ) -> None:
        user = make_user(policy(allow("sqs:SendMessage"), allow("sts:GetFederationToken")))
        narrow = federated(user, Policy=policy(allow(["sqs:SendMessage", "sqs:ReceiveMessage"], queue.arn)))
        sqs = clients.of("sqs", narrow)
        sqs.send_message(QueueUrl=queue.url, MessageBody="m")
        refused = refusal(sqs.receive_message, QueueUrl=queue.url)
        arn = f"arn:aws:sts::{ACCOUNT}:federated-user/fay"
        assert refused.message == (
            f"User: {arn} is not authorized to perform: sqs:receivemessage on resource: {queue.arn} "
            "because no identity-based policy allows the sqs:receivemessage action"
        )
        other = federated(user, Policy=policy(allow("sqs:ReceiveMessage")))
        refused = refusal(clients.of("sqs", other).send_message, QueueUrl=queue.url, MessageBody="m")
        assert refused.message.endswith("because no session policy allows the sqs:sendmessage action")

    def test_without_a_policy_only_queue_policies_grant(
        self, admin: Any, queue: MadeQueue, make_user: MakeUser, clients: Any
    ) -> None:
        user = make_user(ANY_SQS)
        key = federated(user, "gus")
        sqs = clients.of("sqs", key)
        assert refusal(sqs.send_message, QueueUrl=queue.url, MessageBody="m").code == "AccessDenied"
        arn = f"arn:aws:sts::{ACCOUNT}:federated-user/gus"
        granting = policy(allow("sqs:SendMessage", queue.arn, Principal={"AWS": arn}))
        admin.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": granting})
        sqs.send_message(QueueUrl=queue.url, MessageBody="m")
        assert refusal(clients.of("iam", key).list_users).code == "InvalidClientTokenId"
        assert clients.of("sts", key).get_caller_identity()["UserId"] == f"{ACCOUNT}:gus"

    def test_leave_is_needed_and_tags_need_their_own(
        self, queue: MadeQueue, make_user: MakeUser, clients: Any
    ) -> None:
        without = make_user(policy(allow("sqs:*"))).of("sts")
        assert refusal(without.get_federation_token, Name="fay").code == "AccessDenied"
        tags = [{"Key": "team", "Value": "blue"}]
        user = make_user(policy(allow("sts:GetFederationToken")))
        refused = refusal(user.of("sts").get_federation_token, Name="fay", Tags=tags)
        assert "sts:TagSession" in refused.message
        by_tag = allow("sqs:*", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}})
        user = make_user(policy(allow("sts:*"), by_tag))
        session_policy = policy(allow("sqs:*"))
        tagged = federated(user, Policy=session_policy, Tags=tags)
        clients.of("sqs", tagged).send_message(QueueUrl=queue.url, MessageBody="m")
        untagged = federated(user, Policy=session_policy)
        assert refusal(clients.of("sqs", untagged).list_queues).code == "AccessDenied"


def test_temporary_credentials_outlive_a_restart(start_server: StartServer) -> None:
    first = start_server()
    clients = Clients(first)
    iam = clients.of("iam")
    iam.create_user(UserName="ann")
    made = iam.create_access_key(UserName="ann")["AccessKey"]
    own = Key(made["AccessKeyId"], made["SecretAccessKey"])
    session = key_of(clients.of("sts", own).get_session_token(DurationSeconds=900))
    clients.close()
    assert first.stop() == 0
    second = Clients(start_server(directory=first.directory))
    assert second.of("sts", session).get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/ann"
    second.close()
