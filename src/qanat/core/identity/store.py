"""The identity state itself and its indexes; changed by records alone."""

from msgspec.structs import replace

from qanat.core.identity.aws_managed import AWS, AWS_MANAGED
from qanat.core.identity.errors import NoSuchEntity, NoSuchUser
from qanat.core.identity.model import (
    AccessKey,
    Group,
    InstanceProfile,
    KeyUse,
    ManagedPolicy,
    MfaDevice,
    Role,
    RoleUse,
    Texts,
    User,
)
from qanat.core.identity.records import (
    AccountCreated,
    ControlPoliciesSet,
    GroupRenamed,
    IdentityKept,
    KeysUsed,
    MfaCodeJudged,
    RoleDeleted,
    RolesUsed,
    SessionKeyMade,
    UserRenamed,
)
from qanat.core.table import Table

Holder = User | Group | Role
"""What inline policies are written in and managed policies are attached to."""


def entry(account: str, name: str) -> str:
    """An index entry for a name that is unique in its account."""
    return f"{account}/{name}"


class IdentityStore:
    def __init__(self) -> None:
        self.accounts: dict[str, AccountCreated] = {}
        self.control_policies: dict[str, ControlPoliciesSet] = {}
        self.users: Table[tuple[str, str], User] = Table(
            lambda user: (user.account, user.name),
            account=lambda user: (user.account,),
            folded=lambda user: (entry(user.account, user.name.lower()),),
            group=lambda user: (entry(user.account, group) for group in user.groups),
            policy=lambda user: user.attached,
            boundary=lambda user: _optional(user.boundary),
            arn=lambda user: (user.arn,),
            id=lambda user: (user.user_id,),
        )
        self.groups: Table[tuple[str, str], Group] = Table(
            lambda group: (group.account, group.name),
            account=lambda group: (group.account,),
            folded=lambda group: (entry(group.account, group.name.lower()),),
            policy=lambda group: group.attached,
        )
        self.roles: Table[tuple[str, str], Role] = Table(
            lambda role: (role.account, role.name),
            account=lambda role: (role.account,),
            folded=lambda role: (entry(role.account, role.name.lower()),),
            policy=lambda role: role.attached,
            boundary=lambda role: _optional(role.boundary),
            arn=lambda role: (role.arn,),
            id=lambda role: (role.role_id,),
        )
        self.managed_policies: Table[str, ManagedPolicy] = Table(
            lambda policy: policy.arn,
            account=lambda policy: (policy.account,),
            folded=lambda policy: (entry(policy.account, policy.name.lower()),),
        )
        self.instance_profiles: Table[tuple[str, str], InstanceProfile] = Table(
            lambda profile: (profile.account, profile.name),
            arn=lambda profile: (profile.arn,),
            account=lambda profile: (profile.account,),
            folded=lambda profile: (entry(profile.account, profile.name.lower()),),
            role=lambda profile: () if profile.role is None else (entry(profile.account, profile.role),),
        )
        self.keys: Table[str, AccessKey] = Table(
            lambda key: key.access_key_id,
            user=lambda key: (entry(key.account, key.user_name),),
        )
        self.key_uses: dict[str, KeyUse] = {}
        self.mfa_devices: Table[str, MfaDevice] = Table(
            lambda device: device.serial,
            account=lambda device: (device.account,),
            # For those that somebody has: whose, and in which account.
            user=lambda device: _optional(device.user_id),
            in_use=lambda device: () if device.user_id is None else (device.account,),
        )
        self.role_uses: dict[str, RoleUse] = {}
        """By the role's unique id."""
        self.session_key: SessionKeyMade | None = None

    def account(self, account: str) -> AccountCreated:
        """Raises NoSuchEntity."""
        if account not in self.accounts:
            raise NoSuchEntity(f"Account {account} cannot be found.")
        return self.accounts[account]

    def existing_user(self, account: str, name: str) -> User:
        """Raises NoSuchEntity."""
        user = self.users.get((account, name))
        if user is None:
            raise NoSuchUser(name)
        return user

    def existing_group(self, account: str, name: str) -> Group:
        """Raises NoSuchEntity."""
        group = self.groups.get((account, name))
        if group is None:
            raise NoSuchEntity(f"The group with name {name} cannot be found.")
        return group

    def existing_role(self, account: str, name: str) -> Role:
        """Raises NoSuchEntity."""
        role = self.roles.get((account, name))
        if role is None:
            raise NoSuchEntity(f"The role with name {name} cannot be found.")
        return role

    def managed_policy(self, arn: str) -> ManagedPolicy | None:
        """Of an account or of AWS."""
        return self.managed_policies.get(arn) or AWS_MANAGED.get(arn)

    def policy_seen_by(self, account: str, arn: str) -> ManagedPolicy | None:
        """An account sees its own managed policies and those of AWS."""
        policy = self.managed_policy(arn)
        return policy if policy is not None and policy.account in (account, AWS) else None

    def check_boundary(self, account: str, arn: str) -> None:
        """Raises NoSuchEntity where the account has no policy that it could set as a permissions boundary."""
        if self.policy_seen_by(account, arn) is None:
            raise NoSuchEntity(f"Scope ARN: {arn} does not exist or is not attachable.")

    def unique_id_of(self, arn: str) -> str | None:
        """The unique id (AIDA..., AROA...) of the user or role that has this ARN now."""
        found = self.users.where("arn", arn) or self.roles.where("arn", arn)
        return found[0].unique_id if found else None

    def arn_of(self, unique_id: str) -> str | None:
        """The ARN that the user or role of this unique id has now."""
        found = self.users.where("id", unique_id) or self.roles.where("id", unique_id)
        return found[0].arn if found else None

    def tags_of(self, arn: str) -> Texts:
        """Of the user, role, managed policy, instance profile or MFA device that has this ARN now."""
        for table in (self.users, self.roles, self.instance_profiles):
            if found := table.where("arn", arn):
                return found[0].tags
        named = self.managed_policies.get(arn) or self.mfa_devices.get(arn)
        return () if named is None else named.tags

    def name_taken(self, account: str, name: str) -> bool:
        """IAM tells names apart by case when it looks them up, but not when it makes them."""
        return self.users.count("folded", entry(account, name.lower())) > 0

    def keys_of(self, user: User) -> list[AccessKey]:
        return self.keys.where("user", entry(user.account, user.name))

    def devices_of(self, user: User) -> list[MfaDevice]:
        return self.mfa_devices.where("user", user.user_id)

    def user_of(self, device: MfaDevice) -> User | None:
        """Who has it."""
        found = [] if device.user_id is None else self.users.where("id", device.user_id)
        return found[0] if found else None

    def members_of(self, group: Group) -> list[User]:
        return self.users.where("group", entry(group.account, group.name))

    def rename_user(self, record: UserRenamed) -> None:
        before = self.users.remove((record.user.account, record.old_name))
        for key in self.keys_of(before):
            self.keys.put(replace(key, user_name=record.user.name))
        self.users.put(record.user)

    def rename_group(self, record: GroupRenamed) -> None:
        before = self.groups.remove((record.group.account, record.old_name))
        for user in self.members_of(before):
            groups = {record.group.name, *user.groups} - {before.name}
            self.users.put(replace(user, groups=tuple(sorted(groups))))
        self.groups.put(record.group)

    def remove_key(self, access_key_id: str) -> None:
        self.keys.remove(access_key_id)
        self.key_uses.pop(access_key_id, None)

    def note_uses(self, record: KeysUsed) -> None:
        for use in record.uses:
            # The key may have been deleted before this was written.
            if self.keys.get(use.access_key_id) is not None:
                self.key_uses[use.access_key_id] = use

    def note_code(self, record: MfaCodeJudged) -> None:
        device = self.mfa_devices.get(record.serial)
        assert device is not None, "what is judged is there"
        self.mfa_devices.put(
            replace(
                device,
                last_step=record.last_step,
                wrong_codes=record.wrong_codes,
                refused_until_ms=record.refused_until_ms,
            )
        )

    def remove_role(self, record: RoleDeleted) -> None:
        role = self.roles.remove((record.account, record.name))
        self.role_uses.pop(role.role_id, None)

    def note_role_uses(self, record: RolesUsed) -> None:
        for use in record.uses:
            if self.roles.count("id", use.role_id):
                self.role_uses[use.role_id] = use

    def put_account(self, record: AccountCreated) -> None:
        self.accounts[record.account] = record

    def put_control_policies(self, record: ControlPoliciesSet) -> None:
        self.control_policies[record.account] = record

    def put_session_key(self, record: SessionKeyMade) -> None:
        self.session_key = record

    def snapshot(self) -> IdentityKept:
        return IdentityKept(
            accounts=tuple(self.accounts[account] for account in sorted(self.accounts)),
            control_policies=tuple(self.control_policies[one] for one in sorted(self.control_policies)),
            users=tuple(self.users),
            groups=tuple(self.groups),
            roles=tuple(self.roles),
            managed_policies=tuple(self.managed_policies),
            instance_profiles=tuple(self.instance_profiles),
            keys=tuple(self.keys),
            key_uses=tuple(self.key_uses[key_id] for key_id in sorted(self.key_uses)),
            mfa_devices=tuple(self.mfa_devices),
            role_uses=tuple(self.role_uses[role_id] for role_id in sorted(self.role_uses)),
            session_key=self.session_key,
        )

    def restore(self, kept: IdentityKept) -> None:
        self.accounts = {record.account: record for record in kept.accounts}
        self.control_policies = {record.account: record for record in kept.control_policies}
        self.users.fill(kept.users)
        self.groups.fill(kept.groups)
        self.roles.fill(kept.roles)
        self.managed_policies.fill(kept.managed_policies)
        self.instance_profiles.fill(kept.instance_profiles)
        self.keys.fill(kept.keys)
        self.key_uses = {use.access_key_id: use for use in kept.key_uses}
        self.mfa_devices.fill(kept.mfa_devices)
        self.role_uses = {use.role_id: use for use in kept.role_uses}
        self.session_key = kept.session_key


def _optional(text: str | None) -> tuple[str, ...]:
    return () if text is None else (text,)
