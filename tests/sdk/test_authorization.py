"""Who may do what from the public listener: identity and queue policies through real clients."""

from collections.abc import Callable
from typing import Any

import pytest

from support.clients import refusal
from support.policies import (
    DENIED_BY_QUEUE,
    NO_IDENTITY,
    ROOT,
    allow,
    denied,
    deny,
    policy,
    send,
    sending_refused,
)
from support.server import ACCOUNT, Key
from support.things import MadeQueue, MadeUser, MakeUser


class TestIdentityPolicies:
    def test_a_user_without_policies(self, queue: MadeQueue, make_user: MakeUser) -> None:
        user = make_user()
        assert sending_refused(user, queue) == denied(user.arn, queue, NO_IDENTITY)

    def test_the_path_is_part_of_the_arn(self, queue: MadeQueue, make_user: MakeUser) -> None:
        user = make_user(path="/team/")
        assert user.arn == f"arn:aws:iam::{ACCOUNT}:user/team/{user.name}"
        assert sending_refused(user, queue) == denied(user.arn, queue, NO_IDENTITY)

    @pytest.mark.parametrize("action", ["sqs:SendMessage", "SQS:sendmessage", "sqs:Send*", "sqs:*", "*"])
    def test_allow(self, queue: MadeQueue, make_user: MakeUser, action: str) -> None:
        send(make_user(policy(allow(action, queue.arn))), queue)

    def test_another_queue_and_another_action_stay_denied(
        self, queue: MadeQueue, make_user: MakeUser
    ) -> None:
        user = make_user(
            policy(allow("sqs:SendMessage", queue.arn + "x"), allow("sqs:ReceiveMessage", queue.arn))
        )
        assert sending_refused(user, queue) == denied(user.arn, queue, NO_IDENTITY)

    def test_a_batch_is_judged_as_its_single_action(self, queue: MadeQueue, make_user: MakeUser) -> None:
        may = make_user(policy(allow("sqs:SendMessage")))
        may.sqs().send_message_batch(QueueUrl=queue.url, Entries=[{"Id": "a", "MessageBody": "x"}])
        may_not = make_user(policy(allow("sqs:SendMessageBatch")))
        assert refusal(may_not.sqs().send_message_batch, QueueUrl=queue.url, Entries=[]) == denied(
            may_not.arn, queue, NO_IDENTITY
        )

    def test_an_explicit_deny_wins(self, queue: MadeQueue, make_user: MakeUser) -> None:
        user = make_user(policy(allow("sqs:*"), deny("sqs:SendMessage")))
        assert sending_refused(user, queue) == denied(
            user.arn, queue, "with an explicit deny in an identity-based policy"
        )

    def test_who_may_not_ask_is_not_told_whether_a_queue_exists(
        self, make_user: MakeUser, queue: MadeQueue
    ) -> None:
        user = make_user()
        none = MadeQueue("none", f"{queue.url}-none", f"{queue.arn}-none")
        for one in (queue, none):
            assert sending_refused(user, one) == denied(user.arn, one, NO_IDENTITY)

    def test_account_operations(self, make_user: MakeUser, name: str) -> None:
        user = make_user()
        assert refusal(user.sqs().list_queues).message == (
            f"User: {user.arn} is not authorized to perform: sqs:listqueues on resource: * "
            "because no identity-based policy allows the sqs:listqueues action"
        )
        assert refusal(user.sqs().create_queue, QueueName=name).message == (
            f"User: {user.arn} is not authorized to perform: sqs:createqueue on resource: "
            f"arn:aws:sqs:us-east-2:{ACCOUNT}:{name} "
            "because no identity-based policy allows the sqs:createqueue action"
        )

    def test_a_changed_policy_counts_from_the_next_request_on(
        self, queue: MadeQueue, make_user: MakeUser, iam: Any
    ) -> None:
        user = make_user()
        for _ in range(2):
            for _ in range(2):
                assert sending_refused(user, queue).status == 403
            iam.put_user_policy(
                UserName=user.name, PolicyName="only", PolicyDocument=policy(allow("sqs:SendMessage"))
            )
            for _ in range(2):
                send(user, queue)
            iam.delete_user_policy(UserName=user.name, PolicyName="only")

    def test_variables(self, make_user: MakeUser, admin: Any) -> None:
        user = make_user(policy(allow("sqs:*", f"arn:aws:sqs:*:{ACCOUNT}:${{aws:username}}-*")))
        other = make_user(policy(allow("sqs:*", f"arn:aws:sqs:*:{ACCOUNT}:${{aws:username}}-*")))
        url = user.sqs().create_queue(QueueName=f"{user.name}-own")["QueueUrl"]
        user.sqs().send_message(QueueUrl=url, MessageBody="x")
        assert refusal(other.sqs().send_message, QueueUrl=url, MessageBody="x").status == 403
        admin.delete_queue(QueueUrl=url)


class TestDeletedIdentities:
    def test_a_deleted_key_and_user(self, queue: MadeQueue, make_user: MakeUser, iam: Any) -> None:
        user = make_user(policy(allow("sqs:*")))
        send(user, queue)
        iam.delete_access_key(UserName=user.name, AccessKeyId=user.key.access_key_id)
        assert sending_refused(user, queue)[:2] == (403, "InvalidClientTokenId")
        iam.delete_user_policy(UserName=user.name, PolicyName="only")
        iam.delete_user(UserName=user.name)
        assert sending_refused(user, queue)[:2] == (403, "InvalidClientTokenId")

    def test_a_namesake_has_nothing_of_the_first(
        self, queue: MadeQueue, make_user: MakeUser, iam: Any, clients: Any
    ) -> None:
        user = make_user(policy(allow("sqs:*")))
        iam.delete_access_key(UserName=user.name, AccessKeyId=user.key.access_key_id)
        iam.delete_user_policy(UserName=user.name, PolicyName="only")
        iam.delete_user(UserName=user.name)
        made = iam.create_user(UserName=user.name)["User"]
        assert made["UserId"] != user.user_id
        key = iam.create_access_key(UserName=user.name)["AccessKey"]
        again = MadeUser(
            user.name, made["Arn"], made["UserId"], Key(key["AccessKeyId"], key["SecretAccessKey"]), clients
        )
        assert sending_refused(again, queue).status == 403


class TestQueuePolicies:
    def test_a_user_by_arn(self, guard: Callable[..., MadeQueue], make_user: MakeUser) -> None:
        named, other = make_user(), make_user()
        queue = guard(allow("sqs:SendMessage", Principal={"AWS": named.arn}))
        send(named, queue)
        assert sending_refused(other, queue) == denied(other.arn, queue, NO_IDENTITY)
        assert refusal(named.sqs().receive_message, QueueUrl=queue.url).status == 403

    def test_the_arn_as_the_documentation_misprints_it(
        self, guard: Callable[..., MadeQueue], make_user: MakeUser
    ) -> None:
        named = make_user()
        queue = guard(allow("sqs:SendMessage", Principal={"AWS": f"arn:aws:iam:{ACCOUNT}:user/{named.name}"}))
        send(named, queue)

    @pytest.mark.parametrize("principal", ["*", {"AWS": "*"}])
    def test_everyone(self, guard: Callable[..., MadeQueue], make_user: MakeUser, principal: Any) -> None:
        send(make_user(), guard(allow("sqs:SendMessage", Principal=principal)))

    @pytest.mark.parametrize("principal", [ROOT, ACCOUNT])
    def test_the_account_only_delegates(
        self, guard: Callable[..., MadeQueue], make_user: MakeUser, principal: str
    ) -> None:
        queue = guard(allow("sqs:SendMessage", Principal={"AWS": principal}))
        user = make_user()
        assert sending_refused(user, queue) == denied(user.arn, queue, NO_IDENTITY)
        send(make_user(policy(allow("sqs:SendMessage"))), queue)

    def test_an_explicit_deny_wins_over_the_administrator(
        self, guard: Callable[..., MadeQueue], admin: Any, sts: Any
    ) -> None:
        queue = guard(
            allow("sqs:SendMessage", Principal="*"), deny("sqs:SendMessage", Principal="*", Sid="Nobody")
        )
        me = sts.get_caller_identity()["Arn"]
        found = refusal(admin.send_message, QueueUrl=queue.url, MessageBody="x")
        assert found == denied(me, queue, DENIED_BY_QUEUE)

    def test_actions_that_a_queue_policy_cannot_share_are_still_given_within_the_account(
        self, guard: Callable[..., MadeQueue], make_user: MakeUser
    ) -> None:
        user = make_user()
        queue = guard(allow("sqs:SetQueueAttributes", Principal={"AWS": user.arn}))
        user.sqs().set_queue_attributes(QueueUrl=queue.url, Attributes={"DelaySeconds": "0"})

    def test_a_changed_policy_counts_from_the_next_request_on(
        self, guard: Callable[..., MadeQueue], make_user: MakeUser
    ) -> None:
        user = make_user()
        for _ in range(2):
            queue = guard(allow("sqs:SendMessage", Principal={"AWS": user.arn}))
            for _ in range(2):
                send(user, queue)
            guard(deny("sqs:SendMessage", Principal={"AWS": user.arn}))
            for _ in range(2):
                assert sending_refused(user, queue) == denied(user.arn, queue, DENIED_BY_QUEUE)

    def test_a_queue_made_again_has_none_of_its_old_policy(
        self, guard: Callable[..., MadeQueue], make_user: MakeUser, admin: Any
    ) -> None:
        user = make_user()
        queue = guard(allow("sqs:SendMessage", Principal="*"))
        send(user, queue)
        admin.delete_queue(QueueUrl=queue.url)
        admin.create_queue(QueueName=queue.name)
        assert sending_refused(user, queue) == denied(user.arn, queue, NO_IDENTITY)
