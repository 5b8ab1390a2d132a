"""Accounts, users and keys in memory, with what finds them.

Invariants: every key, user and group belongs to an account that exists; two users (or groups) of an account never
differ by case alone; a user is not removed while it has keys, policies, groups or MFA devices, nor a group while it has
policies or members.
"""

from qanat.core.identity.access_keys import AccessKeys
from qanat.core.identity.account_summary import AccountSummary
from qanat.core.identity.attachments import Attachments
from qanat.core.identity.authorization_details import AuthorizationDetails
from qanat.core.identity.commands import CreateAccount, GetCallerIdentity, IssueSession, MakeSessionKey
from qanat.core.identity.control_policies import ControlPolicies
from qanat.core.identity.credential_report import CredentialReports
from qanat.core.identity.errors import EntityAlreadyExists
from qanat.core.identity.groups import Groups
from qanat.core.identity.inline_policies import InlinePolicies
from qanat.core.identity.instance_profiles import InstanceProfiles
from qanat.core.identity.managed_policies import ManagedPolicies
from qanat.core.identity.mfa_devices import MfaDevices
from qanat.core.identity.model import (
    AccessKey,
    Caller,
    Group,
    InstanceProfile,
    ManagedPolicy,
    MfaDevice,
    Role,
    Texts,
    User,
)
from qanat.core.identity.records import (
    AccessKeyDeleted,
    AccessKeyPut,
    AccountCreated,
    ControlPoliciesSet,
    GroupDeleted,
    GroupPut,
    GroupRenamed,
    IdentityKept,
    InstanceProfileDeleted,
    InstanceProfilePut,
    KeysUsed,
    ManagedPolicyDeleted,
    ManagedPolicyPut,
    MfaCodeJudged,
    MfaDeviceDeleted,
    MfaDevicePut,
    RoleDeleted,
    RolePut,
    RolesUsed,
    SessionKeyMade,
    UserDeleted,
    UserPut,
    UserRenamed,
)
from qanat.core.identity.roles import Roles
from qanat.core.identity.simulations import Simulations
from qanat.core.identity.store import IdentityStore
from qanat.core.identity.users import Users
from qanat.core.part import Appliers, Emit, Handlers


class IdentityState:
    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._store = store = IdentityStore()
        self.handlers: Handlers = {
            CreateAccount: self._create_account,
            GetCallerIdentity: self._get_caller_identity,
            IssueSession: self._issue_session,
            MakeSessionKey: self._make_session_key,
            **ControlPolicies(store, emit).handlers,
            **Users(store, emit).handlers,
            **AccessKeys(store, emit).handlers,
            **Groups(store, emit).handlers,
            **InlinePolicies(store, emit).handlers,
            **AccountSummary(store).handlers,
            **Roles(store, emit).handlers,
            **ManagedPolicies(store, emit).handlers,
            **Attachments(store, emit).handlers,
            **InstanceProfiles(store, emit).handlers,
            **MfaDevices(store, emit).handlers,
            **Simulations(store).handlers,
            **AuthorizationDetails(store).handlers,
            **CredentialReports(store).handlers,
        }
        self.appliers: Appliers = {
            AccountCreated: store.put_account,
            ControlPoliciesSet: store.put_control_policies,
            UserPut: lambda record: store.users.put(record.user),
            UserDeleted: lambda record: store.users.remove((record.account, record.name)),
            UserRenamed: store.rename_user,
            GroupPut: lambda record: store.groups.put(record.group),
            GroupDeleted: lambda record: store.groups.remove((record.account, record.name)),
            GroupRenamed: store.rename_group,
            RolePut: lambda record: store.roles.put(record.role),
            RoleDeleted: store.remove_role,
            ManagedPolicyPut: lambda record: store.managed_policies.put(record.policy),
            ManagedPolicyDeleted: lambda record: store.managed_policies.remove(record.arn),
            InstanceProfilePut: lambda record: store.instance_profiles.put(record.profile),
            InstanceProfileDeleted: lambda record: store.instance_profiles.remove(
                (record.account, record.name)
            ),
            AccessKeyPut: lambda record: store.keys.put(record.key),
            AccessKeyDeleted: lambda record: store.remove_key(record.access_key_id),
            KeysUsed: store.note_uses,
            MfaDevicePut: lambda record: store.mfa_devices.put(record.device),
            MfaDeviceDeleted: lambda record: store.mfa_devices.remove(record.serial),
            MfaCodeJudged: store.note_code,
            RolesUsed: store.note_role_uses,
            SessionKeyMade: store.put_session_key,
            IdentityKept: store.restore,
        }

    def key(self, access_key_id: str) -> AccessKey | None:
        return self._store.keys.get(access_key_id)

    def user(self, account: str, name: str) -> User | None:
        return self._store.users.get((account, name))

    def user_of_id(self, user_id: str) -> User | None:
        """By AIDA..., whatever its name is now."""
        found = self._store.users.where("id", user_id)
        return found[0] if found else None

    def role_of_id(self, role_id: str) -> Role | None:
        found = self._store.roles.where("id", role_id)
        return found[0] if found else None

    def role(self, account: str, name: str) -> Role | None:
        return self._store.roles.get((account, name))

    def group(self, account: str, name: str) -> Group | None:
        return self._store.groups.get((account, name))

    def managed_policy(self, arn: str) -> ManagedPolicy | None:
        """Of an account or of AWS."""
        return self._store.managed_policy(arn)

    def instance_profile(self, account: str, name: str) -> InstanceProfile | None:
        return self._store.instance_profiles.get((account, name))

    def mfa_device(self, serial: str) -> MfaDevice | None:
        return self._store.mfa_devices.get(serial)

    def control_policies(self, account: str) -> ControlPoliciesSet | None:
        """None: nothing restricts the account."""
        return self._store.control_policies.get(account)

    def unique_id_of(self, arn: str) -> str | None:
        """The unique id (AIDA..., AROA...) of the user or role that has this ARN now."""
        return self._store.unique_id_of(arn)

    def arn_of(self, unique_id: str) -> str | None:
        """The ARN that the user or role of this unique id has now."""
        return self._store.arn_of(unique_id)

    def tags_of(self, arn: str) -> Texts:
        """Of the user, role, managed policy, instance profile or MFA device that has this ARN now."""
        return self._store.tags_of(arn)

    def session_key(self) -> bytes | None:
        """What seals session tokens; None before the first start has made it."""
        kept = self._store.session_key
        return None if kept is None else kept.key

    def has_account(self, account: str) -> bool:
        return account in self._store.accounts

    def accounts(self) -> list[AccountCreated]:
        """In the order of their numbers."""
        return [self._store.accounts[account] for account in sorted(self._store.accounts)]

    def snapshot(self) -> IdentityKept:
        return self._store.snapshot()

    def next_deadline_ms(self) -> None:
        return None

    def _create_account(self, command: CreateAccount, now_ms: int) -> None:
        if self.has_account(command.account):
            raise EntityAlreadyExists(f"Account {command.account} already exists.")
        self._emit(AccountCreated(command.account, now_ms))

    def _issue_session(self, command: IssueSession, now_ms: int) -> IssueSession:
        return command

    def _make_session_key(self, command: MakeSessionKey, now_ms: int) -> None:
        """Once and for all: another key would end every session."""
        if self._store.session_key is None:
            self._emit(SessionKeyMade(command.key))

    def _get_caller_identity(self, command: GetCallerIdentity, now_ms: int) -> Caller:
        return command.caller
