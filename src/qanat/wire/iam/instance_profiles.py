"""The rows of instance profiles."""

from typing import Annotated

from msgspec import Meta

from qanat.core.identity import role_commands as commands
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.instance_profiles import ProfileShown
from qanat.core.names import instance_profile_arn
from qanat.core.page import Page
from qanat.wire.iam.common import (
    IamInput,
    Marker,
    MaxItems,
    Path,
    PathPrefix,
    RoleName,
    holder_arn,
    instant,
    page_fields,
)
from qanat.wire.iam.roles import shown_role
from qanat.wire.iam.tags import TagInput, read_tag_keys, read_tags, shown_tags, tags_set, tags_taken
from qanat.wire.service import Call, Operation, Output, Permission, permission, table

ProfileName = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"[\w+=,.@-]+")]


class CreateProfileInput(IamInput, frozen=True):
    instance_profile_name: ProfileName
    path: Path = "/"
    tags: tuple[TagInput, ...] = ()


class ProfileInput(IamInput, frozen=True):
    """Of GetInstanceProfile and DeleteInstanceProfile."""

    instance_profile_name: ProfileName


class ListProfilesInput(IamInput, frozen=True):
    path_prefix: PathPrefix = "/"
    marker: Marker | None = None
    max_items: MaxItems = 100


class ListProfilesForRoleInput(IamInput, frozen=True):
    role_name: RoleName
    marker: Marker | None = None
    max_items: MaxItems = 100


class RoleOfProfileInput(IamInput, frozen=True):
    instance_profile_name: ProfileName
    role_name: RoleName


class TagProfileInput(IamInput, frozen=True):
    instance_profile_name: ProfileName
    tags: tuple[TagInput, ...]


class UntagProfileInput(IamInput, frozen=True):
    instance_profile_name: ProfileName
    tag_keys: tuple[str, ...]


class ListProfileTagsInput(IamInput, frozen=True):
    instance_profile_name: ProfileName
    marker: Marker | None = None
    max_items: MaxItems = 100


OfProfile = ProfileInput | RoleOfProfileInput | TagProfileInput | UntagProfileInput | ListProfileTagsInput


def _create(given: CreateProfileInput, call: Call) -> object:
    return commands.CreateInstanceProfile(
        call.account, given.instance_profile_name, given.path, call.ids.iam("AIPA"), read_tags(given.tags)
    )


def _new_arn(given: CreateProfileInput, call: Call) -> str:
    return instance_profile_arn(call.account, given.instance_profile_name, given.path)


def _create_permissions(given: CreateProfileInput, call: Call) -> tuple[Permission, ...]:
    """IAM User Guide, id_tags_instance-profiles: to make a profile with tags is to tag it, too."""
    own = "iam:CreateInstanceProfile"
    actions = (own, "iam:TagInstanceProfile") if given.tags else (own,)
    arn, tags = _new_arn(given, call), tags_set(given)
    return tuple(permission(action, arn, call, request_tags=tags) for action in actions)


def _list(given: ListProfilesInput, call: Call) -> object:
    return commands.ListInstanceProfiles(call.account, given.path_prefix, given.marker, given.max_items)


def _list_for_role(given: ListProfilesForRoleInput, call: Call) -> object:
    return commands.ListInstanceProfilesForRole(call.account, given.role_name, given.marker, given.max_items)


def _add_role(given: RoleOfProfileInput, call: Call) -> object:
    return commands.AddRoleToInstanceProfile(call.account, given.instance_profile_name, given.role_name)


def _add_permissions(given: RoleOfProfileInput, call: Call) -> tuple[Permission, ...]:
    """IAM API reference, AddRoleToInstanceProfile: whoever hands a role to instances must be allowed to pass it on."""
    role = holder_arn(HolderKind.ROLE, given.role_name, call)
    return (
        permission("iam:AddRoleToInstanceProfile", _resource(given, call), call),
        permission("iam:PassRole", role, call, {"iam:passedtoservice": "ec2.amazonaws.com"}),
    )


def _remove_role(given: RoleOfProfileInput, call: Call) -> object:
    return commands.RemoveRoleFromInstanceProfile(call.account, given.instance_profile_name, given.role_name)


def _tag(given: TagProfileInput, call: Call) -> object:
    return commands.TagInstanceProfile(call.account, given.instance_profile_name, read_tags(given.tags))


def _untag(given: UntagProfileInput, call: Call) -> object:
    keys = read_tag_keys(given.tag_keys)
    return commands.UntagInstanceProfile(call.account, given.instance_profile_name, keys)


def _list_tags(given: ListProfileTagsInput, call: Call) -> object:
    return commands.ListInstanceProfileTags(
        call.account, given.instance_profile_name, given.marker, given.max_items
    )


def _listed_tags(page: Page[tuple[str, str]], given: object, call: Call) -> Output:
    return {"Tags": shown_tags(page.items), **page_fields(page)}


def _listed(page: Page[ProfileShown], given: object, call: Call) -> Output:
    return {"InstanceProfiles": [shown_profile(found, call) for found in page.items], **page_fields(page)}


def _got(found: ProfileShown, given: object, call: Call) -> Output:
    return {"InstanceProfile": {**shown_profile(found, call), "Tags": shown_tags(found.profile.tags)}}


def shown_profile(found: ProfileShown, call: Call) -> dict[str, object]:
    profile = found.profile
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.profile_id,
        "Arn": profile.arn,
        "CreateDate": instant(profile.created_at_ms),
        "Roles": [] if found.role is None else [shown_role(found.role, call)],
    }


def _done(reply: object, given: object, call: Call) -> Output:
    return None


def _resource(given: OfProfile, call: Call) -> str:
    """With the path that the profile has."""
    name = given.instance_profile_name
    profile = call.directory.instance_profile(call.account, name)
    return instance_profile_arn(call.account, name) if profile is None else profile.arn


INSTANCE_PROFILE_OPERATIONS = table(
    Operation(
        "CreateInstanceProfile",
        CreateProfileInput,
        "iam:CreateInstanceProfile",
        _new_arn,
        _create,
        _got,
        _create_permissions,
    ),
    Operation(
        "GetInstanceProfile",
        ProfileInput,
        "iam:GetInstanceProfile",
        _resource,
        lambda given, call: commands.GetInstanceProfile(call.account, given.instance_profile_name),
        _got,
    ),
    Operation(
        "ListInstanceProfiles",
        ListProfilesInput,
        "iam:ListInstanceProfiles",
        lambda given, call: instance_profile_arn(call.account, "", given.path_prefix),
        _list,
        _listed,
    ),
    Operation(
        "ListInstanceProfilesForRole",
        ListProfilesForRoleInput,
        "iam:ListInstanceProfilesForRole",
        lambda given, call: holder_arn(HolderKind.ROLE, given.role_name, call),
        _list_for_role,
        _listed,
    ),
    Operation(
        "DeleteInstanceProfile",
        ProfileInput,
        "iam:DeleteInstanceProfile",
        _resource,
        lambda given, call: commands.DeleteInstanceProfile(call.account, given.instance_profile_name),
        _done,
    ),
    Operation(
        "AddRoleToInstanceProfile",
        RoleOfProfileInput,
        "iam:AddRoleToInstanceProfile",
        _resource,
        _add_role,
        _done,
        _add_permissions,
    ),
    Operation(
        "RemoveRoleFromInstanceProfile",
        RoleOfProfileInput,
        "iam:RemoveRoleFromInstanceProfile",
        _resource,
        _remove_role,
        _done,
    ),
    Operation(
        "TagInstanceProfile",
        TagProfileInput,
        "iam:TagInstanceProfile",
        _resource,
        _tag,
        _done,
        request_tags=tags_set,
    ),
    Operation(
        "UntagInstanceProfile",
        UntagProfileInput,
        "iam:UntagInstanceProfile",
        _resource,
        _untag,
        _done,
        request_tags=tags_taken,
    ),
    Operation(
        "ListInstanceProfileTags",
        ListProfileTagsInput,
        "iam:ListInstanceProfileTags",
        _resource,
        _list_tags,
        _listed_tags,
    ),
)
