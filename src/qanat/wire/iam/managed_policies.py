"""The rows of managed policies and their versions."""

from typing import Annotated, Final
from urllib.parse import quote

from msgspec import Meta

from qanat.core.identity import policy_commands as commands
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.managed_policies import PolicyInUse, VersionShown
from qanat.core.identity.model import Group, Role, User
from qanat.core.names import policy_arn
from qanat.core.page import Page
from qanat.wire.iam.attachments import PolicyPath
from qanat.wire.iam.boundaries import read_policy_arn
from qanat.wire.iam.common import (
    Document,
    IamInput,
    Marker,
    MaxItems,
    Path,
    PolicyName,
    instant,
    one_of,
    page_fields,
)
from qanat.wire.iam.tags import TagInput, read_tag_keys, read_tags, shown_tags, tags_set, tags_taken
from qanat.wire.service import Call, Operation, Output, Permission, permission, table

Description = Annotated[str, Meta(max_length=1000)]
VersionId = Annotated[str, Meta(pattern=r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?")]

_ENTITIES: Final = {
    "User": (HolderKind.USER,),
    "Role": (HolderKind.ROLE,),
    "Group": (HolderKind.GROUP,),
    # The service model lists them; no policy is attached to a policy.
    "LocalManagedPolicy": (),
    "AWSManagedPolicy": (),
}


class CreatePolicyInput(IamInput, frozen=True):
    policy_name: PolicyName
    policy_document: Document
    path: PolicyPath = "/"
    description: Description | None = None
    tags: tuple[TagInput, ...] = ()


class PolicyInput(IamInput, frozen=True):
    """Of GetPolicy and DeletePolicy."""

    policy_arn: str


class ListPoliciesInput(IamInput, frozen=True):
    scope: str = "All"
    only_attached: bool = False
    path_prefix: PolicyPath = "/"
    policy_usage_filter: str | None = None
    marker: Marker | None = None
    max_items: MaxItems = 100


class CreatePolicyVersionInput(IamInput, frozen=True):
    policy_arn: str
    policy_document: Document
    set_as_default: bool = False


class VersionInput(IamInput, frozen=True):
    """Of GetPolicyVersion, SetDefaultPolicyVersion and DeletePolicyVersion."""

    policy_arn: str
    version_id: VersionId


class ListOfPolicyInput(IamInput, frozen=True):
    """Of ListPolicyVersions and ListPolicyTags."""

    policy_arn: str
    marker: Marker | None = None
    max_items: MaxItems = 100


class TagPolicyInput(IamInput, frozen=True):
    policy_arn: str
    tags: tuple[TagInput, ...]


class UntagPolicyInput(IamInput, frozen=True):
    policy_arn: str
    tag_keys: tuple[str, ...]


class ListEntitiesInput(IamInput, frozen=True):
    policy_arn: str
    entity_filter: str | None = None
    path_prefix: Path = "/"
    policy_usage_filter: str | None = None
    marker: Marker | None = None
    max_items: MaxItems = 100


OfPolicy = (
    PolicyInput
    | CreatePolicyVersionInput
    | VersionInput
    | ListOfPolicyInput
    | TagPolicyInput
    | UntagPolicyInput
    | ListEntitiesInput
)


def _create(given: CreatePolicyInput, call: Call) -> object:
    return commands.CreatePolicy(
        account=call.account,
        name=given.policy_name,
        path=given.path,
        policy_id=call.ids.iam("ANPA"),
        document=given.policy_document,
        description=given.description,
        tags=read_tags(given.tags),
    )


def _new_arn(given: CreatePolicyInput, call: Call) -> str:
    return policy_arn(call.account, given.policy_name, given.path)


def _create_permissions(given: CreatePolicyInput, call: Call) -> tuple[Permission, ...]:
    """IAM User Guide, id_tags_customer-managed-policies: to make a policy with tags is to tag it, too."""
    actions = ("iam:CreatePolicy", "iam:TagPolicy") if given.tags else ("iam:CreatePolicy",)
    arn, tags = _new_arn(given, call), tags_set(given)
    return tuple(permission(action, arn, call, request_tags=tags) for action in actions)


def _list(given: ListPoliciesInput, call: Call) -> object:
    return commands.ListPolicies(
        account=call.account,
        scope=commands.PolicyScope(one_of(given.scope, "scope", tuple(commands.PolicyScope))),
        only_attached=given.only_attached,
        path_prefix=given.path_prefix,
        usage=_usage(given.policy_usage_filter),
        marker=given.marker,
        max_items=given.max_items,
    )


def _usage(given: str | None) -> commands.PolicyUsage | None:
    if given is None:
        return None
    return commands.PolicyUsage(one_of(given, "policyUsageFilter", tuple(commands.PolicyUsage)))


def _listed(page: Page[PolicyInUse], given: object, call: Call) -> Output:
    return {"Policies": [shown_policy(found) for found in page.items], **page_fields(page)}


def shown_version(found: VersionShown) -> dict[str, object]:
    """With its document, URL-encoded as of RFC 3986 (IAM API reference, GetPolicyVersion)."""
    return {"Document": quote(found.version.document, safe=""), **_shown_version(found)}


def _create_version(given: CreatePolicyVersionInput, call: Call) -> object:
    return commands.CreatePolicyVersion(
        call.account, given.policy_arn, given.policy_document, given.set_as_default
    )


def _list_versions(given: ListOfPolicyInput, call: Call) -> object:
    return commands.ListPolicyVersions(call.account, given.policy_arn, given.marker, given.max_items)


def _listed_versions(page: Page[VersionShown], given: object, call: Call) -> Output:
    return {"Versions": [_shown_version(found) for found in page.items], **page_fields(page)}


def _got_version(found: VersionShown, given: object, call: Call) -> Output:
    return {"PolicyVersion": shown_version(found)}


def _list_tags(given: ListOfPolicyInput, call: Call) -> object:
    return commands.ListPolicyTags(call.account, given.policy_arn, given.marker, given.max_items)


def _listed_tags(page: Page[tuple[str, str]], given: object, call: Call) -> Output:
    return {"Tags": shown_tags(page.items), **page_fields(page)}


def _list_entities(given: ListEntitiesInput, call: Call) -> object:
    kinds = tuple(HolderKind)
    if given.entity_filter is not None:
        kinds = _ENTITIES[one_of(given.entity_filter, "entityFilter", tuple(_ENTITIES))]
    return commands.ListEntitiesForPolicy(
        account=call.account,
        arn=given.policy_arn,
        kinds=kinds,
        path_prefix=given.path_prefix,
        usage=_usage(given.policy_usage_filter),
        marker=given.marker,
        max_items=given.max_items,
    )


def _listed_entities(page: Page[User | Group | Role], given: object, call: Call) -> Output:
    holders = page.items
    groups = [{"GroupName": one.name, "GroupId": one.group_id} for one in holders if isinstance(one, Group)]
    users = [{"UserName": one.name, "UserId": one.user_id} for one in holders if isinstance(one, User)]
    roles = [{"RoleName": one.name, "RoleId": one.role_id} for one in holders if isinstance(one, Role)]
    return {"PolicyGroups": groups, "PolicyUsers": users, "PolicyRoles": roles, **page_fields(page)}


def shown_policy(found: PolicyInUse) -> dict[str, object]:
    """As lists have it: description and tags are told by GetPolicy alone."""
    policy = found.policy
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.policy_id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": found.attachments,
        "PermissionsBoundaryUsageCount": found.boundaries,
        "IsAttachable": True,
        "CreateDate": instant(policy.created_at_ms),
        "UpdateDate": instant(policy.updated_at_ms),
    }


def _created(found: PolicyInUse, given: object, call: Call) -> Output:
    return {"Policy": {**shown_policy(found), "Tags": shown_tags(found.policy.tags) or None}}


def _got(found: PolicyInUse, given: object, call: Call) -> Output:
    tags = shown_tags(found.policy.tags)
    return {"Policy": {**shown_policy(found), "Description": found.policy.description, "Tags": tags}}


def _shown_version(found: VersionShown) -> dict[str, object]:
    return {
        "VersionId": found.version.version_id,
        "IsDefaultVersion": found.is_default,
        "CreateDate": instant(found.version.created_at_ms),
    }


def _done(reply: object, given: object, call: Call) -> Output:
    return None


def _resource(given: OfPolicy, call: Call) -> str:
    return read_policy_arn(given.policy_arn)


POLICY_OPERATIONS = table(
    Operation(
        "CreatePolicy",
        CreatePolicyInput,
        "iam:CreatePolicy",
        _new_arn,
        _create,
        _created,
        _create_permissions,
    ),
    Operation(
        "GetPolicy",
        PolicyInput,
        "iam:GetPolicy",
        _resource,
        lambda given, call: commands.GetPolicy(call.account, given.policy_arn),
        _got,
    ),
    Operation(
        "ListPolicies",
        ListPoliciesInput,
        "iam:ListPolicies",
        # As AWS's denial calls it; a policy can allow it on `*` alone.
        lambda given, call: f"policy path {given.path_prefix}",
        _list,
        _listed,
    ),
    Operation(
        "DeletePolicy",
        PolicyInput,
        "iam:DeletePolicy",
        _resource,
        lambda given, call: commands.DeletePolicy(call.account, given.policy_arn),
        _done,
    ),
    Operation(
        "CreatePolicyVersion",
        CreatePolicyVersionInput,
        "iam:CreatePolicyVersion",
        _resource,
        _create_version,
        lambda found, given, call: {"PolicyVersion": _shown_version(found)},
    ),
    Operation(
        "GetPolicyVersion",
        VersionInput,
        "iam:GetPolicyVersion",
        _resource,
        lambda given, call: commands.GetPolicyVersion(call.account, given.policy_arn, given.version_id),
        _got_version,
    ),
    Operation(
        "ListPolicyVersions",
        ListOfPolicyInput,
        "iam:ListPolicyVersions",
        _resource,
        _list_versions,
        _listed_versions,
    ),
    Operation(
        "SetDefaultPolicyVersion",
        VersionInput,
        "iam:SetDefaultPolicyVersion",
        _resource,
        lambda given, call: commands.SetDefaultPolicyVersion(
            call.account, given.policy_arn, given.version_id
        ),
        _done,
    ),
    Operation(
        "DeletePolicyVersion",
        VersionInput,
        "iam:DeletePolicyVersion",
        _resource,
        lambda given, call: commands.DeletePolicyVersion(call.account, given.policy_arn, given.version_id),
        _done,
    ),
    Operation(
        "TagPolicy",
        TagPolicyInput,
        "iam:TagPolicy",
        _resource,
        lambda given, call: commands.TagPolicy(call.account, given.policy_arn, read_tags(given.tags)),
        _done,
        request_tags=tags_set,
    ),
    Operation(
        "UntagPolicy",
        UntagPolicyInput,
        "iam:UntagPolicy",
        _resource,
        lambda given, call: commands.UntagPolicy(
            call.account, given.policy_arn, read_tag_keys(given.tag_keys)
        ),
        _done,
        request_tags=tags_taken,
    ),
    Operation("ListPolicyTags", ListOfPolicyInput, "iam:ListPolicyTags", _resource, _list_tags, _listed_tags),
    Operation(
        "ListEntitiesForPolicy",
        ListEntitiesInput,
        "iam:ListEntitiesForPolicy",
        _resource,
        _list_entities,
        _listed_entities,
    ),
)
