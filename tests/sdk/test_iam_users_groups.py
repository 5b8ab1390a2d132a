"""Users, groups and keys as boto3 and the `aws` command ask about them, and as policies guard them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sdk.test_aws_command import Aws
from support.clients import Clients, refusal
from support.policies import allow, policy
from support.server import ACCOUNT, Key, Server
from support.things import MakeUser, StartServer


def test_the_aws_command(server: Server, iam: Any, name: str) -> None:
    aws = Aws(server)
    statement = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    iam.create_group(GroupName=name)
    iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": "a"}])
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=policy(statement))
    user, group = ("--user-name", name), ("--group-name", name)
    aws("iam", "add-user-to-group", *user, *group, endpoint=False)
    assert [one["UserName"] for one in aws("iam", "get-group", *group)["Users"]] == [name]
    got = aws("iam", "get-group-policy", *group, "--policy-name", "p")
    assert got["PolicyDocument"]["Statement"] == [statement]
    aws("iam", "tag-user", *user, "--tags", "Key=area,Value=b")
    tags = aws("iam", "list-user-tags", *user)["Tags"]
    assert tags == [{"Key": "area", "Value": "b"}, {"Key": "team", "Value": "a"}]
    assert aws("iam", "get-account-summary")["SummaryMap"]["Groups"] >= 1
    refused = aws.run("iam", "delete-group", *group)
    assert "(DeleteConflict)" in refused.stderr
    assert "Cannot delete entity, must remove users from group first." in refused.stderr
    iam.remove_user_from_group(UserName=name, GroupName=name)
    iam.delete_group_policy(GroupName=name, PolicyName="p")
    iam.delete_group(GroupName=name)
    iam.delete_user(UserName=name)


def test_who_may_add_users_to_which_group(make_user: MakeUser, iam: Any, name: str) -> None:
    mine, other = f"{name}-mine", f"{name}-other"
    iam.create_group(GroupName=mine, Path="/open/")
    iam.create_group(GroupName=other)
    document = policy(allow("iam:AddUserToGroup", f"arn:aws:iam::{ACCOUNT}:group/open/*"))
    clerk = make_user(document)
    clerk.of("iam").add_user_to_group(GroupName=mine, UserName=clerk.name)
    refused = refusal(clerk.of("iam").add_user_to_group, GroupName=other, UserName=clerk.name)
    assert (refused.status, refused.code) == (403, "AccessDenied")
    assert f"iam:AddUserToGroup on resource: arn:aws:iam::{ACCOUNT}:group/{other}" in refused.message


def test_a_user_may_ask_about_itself_without_its_name(make_user: MakeUser) -> None:
    document = policy(allow("iam:*", f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"))
    user = make_user(document)
    own = user.of("iam")
    assert own.list_mfa_devices()["MFADevices"] == []
    assert own.list_access_keys()["AccessKeyMetadata"][0]["AccessKeyId"] == user.key.access_key_id
    assert own.get_access_key_last_used(AccessKeyId=user.key.access_key_id)["UserName"] == user.name
    own.update_access_key(AccessKeyId=user.key.access_key_id, Status="Inactive")
    assert refusal(own.list_access_keys).code == "InvalidClientTokenId"


def test_tags_decide_who_may_be_changed(make_user: MakeUser, iam: Any, name: str) -> None:
    mine = {"StringEquals": {"aws:ResourceTag/team": "a"}}
    made_mine = {"StringEquals": {"aws:RequestTag/team": "a"}}
    clerk = make_user(
        policy(
            allow("iam:UpdateUser", Condition=mine),
            allow(["iam:CreateUser", "iam:TagUser"], Condition=made_mine),
        )
    ).of("iam")
    assert refusal(clerk.create_user, UserName=name).code == "AccessDenied"
    other = refusal(clerk.create_user, UserName=name, Tags=[{"Key": "team", "Value": "b"}])
    assert other.code == "AccessDenied"
    clerk.create_user(UserName=name, Tags=[{"Key": "team", "Value": "a"}])
    clerk.update_user(UserName=name, NewPath="/x/")
    iam.tag_user(UserName=name, Tags=[{"Key": "team", "Value": "b"}])
    assert refusal(clerk.update_user, UserName=name, NewPath="/y/").code == "AccessDenied"


def test_the_last_use_of_a_key_outlives_a_clean_stop(start_server: StartServer) -> None:
    server = start_server()
    clients = Clients(server)
    iam = clients.of("iam")
    for name in ("bob", "eve"):
        iam.create_user(UserName=name)
    made = [iam.create_access_key(UserName=name)["AccessKey"] for name in ("bob", "eve")]
    used, idle = (Key(one["AccessKeyId"], one["SecretAccessKey"]) for one in made)
    assert refusal(clients.of("sqs", used).list_queues).code.endswith("AccessDenied"), "refused, and a use"
    clients.close()
    assert server.stop() == 0

    server = start_server(directory=server.directory)
    clients = Clients(server)
    iam = clients.of("iam")
    told = iam.get_access_key_last_used(AccessKeyId=used.access_key_id)
    assert told["UserName"] == "bob"
    last = told["AccessKeyLastUsed"]
    assert (last["ServiceName"], last["Region"]) == ("sqs", "us-east-2")
    assert datetime.now(UTC) - last["LastUsedDate"] < timedelta(minutes=5)
    never = iam.get_access_key_last_used(AccessKeyId=idle.access_key_id)["AccessKeyLastUsed"]
    assert never == {"ServiceName": "N/A", "Region": "N/A"}
    clients.close()
    assert server.stop() == 0


def test_a_renamed_user_keeps_its_key_and_its_policies(make_user: MakeUser, iam: Any) -> None:
    user = make_user(policy(allow("sqs:ListQueues", "*")))
    user.sqs().list_queues()
    iam.update_user(UserName=user.name, NewUserName=f"{user.name}-renamed")
    user.sqs().list_queues()
    me = user.of("sts").get_caller_identity()
    assert (me["Arn"], me["UserId"]) == (f"{user.arn}-renamed", user.user_id)
