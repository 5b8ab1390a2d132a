"""Security groups: create, describe, rules, delete.

Invariant: a group that an interface, an endpoint or another group's rule names is not removed.
"""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from qanat.core.network.commands import (
    AuthorizeRules,
    CreateSecurityGroup,
    DeleteSecurityGroup,
    DescribeSecurityGroups,
    RevokeRules,
)
from qanat.core.network.errors import (
    CannotDelete,
    DependencyViolation,
    RuleDuplicate,
    RuleIdNotFound,
    RuleNotFound,
    RulesExceeded,
    SecurityGroupDuplicate,
    SecurityGroupNotFound,
)
from qanat.core.network.filters import Reader, describe
from qanat.core.network.model import SecurityGroup, SecurityGroupRule
from qanat.core.network.records import SecurityGroupCreated, SecurityGroupDeleted, SecurityGroupModified
from qanat.core.network.rules import allow_all, meaning
from qanat.core.network.store import NetworkStore
from qanat.core.page import Page
from qanat.core.part import Emit, Handlers

# VPC User Guide, amazon-vpc-limits: inbound or outbound rules of one group.
RULES_MAX: Final = 60

Rules = tuple[SecurityGroupRule, ...]


def _rule_readers(
    prefix: str, rules: Callable[[SecurityGroup], Rules]
) -> Mapping[str, Reader[SecurityGroup]]:
    return {
        f"{prefix}.cidr": lambda group: [rule.cidr for rule in rules(group) if rule.cidr],
        f"{prefix}.group-id": lambda group: [r.source_group_id for r in rules(group) if r.source_group_id],
        f"{prefix}.protocol": lambda group: [rule.protocol for rule in rules(group)],
        f"{prefix}.from-port": lambda group: [str(rule.from_port) for rule in rules(group)],
        f"{prefix}.to-port": lambda group: [str(rule.to_port) for rule in rules(group)],
    }


_READERS: Final[Mapping[str, Reader[SecurityGroup]]] = {
    "group-id": lambda group: (group.group_id,),
    "group-name": lambda group: (group.name,),
    "description": lambda group: (group.description,),
    "vpc-id": lambda group: (group.vpc_id,),
    "owner-id": lambda group: (group.home.account,),
    **_rule_readers("ip-permission", lambda group: group.ingress),
    **_rule_readers("egress.ip-permission", lambda group: group.egress),
}


class SecurityGroups:
    def __init__(self, store: NetworkStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {
            CreateSecurityGroup: self._create,
            DescribeSecurityGroups: self._describe,
            AuthorizeRules: self._authorize,
            RevokeRules: self._revoke,
            DeleteSecurityGroup: self._delete,
        }

    def _create(self, command: CreateSecurityGroup, now_ms: int) -> SecurityGroup:
        vpc = self._store.vpc(command.home, command.vpc_id)
        if any(group.name == command.name for group in self._store.groups.where("vpc", vpc.vpc_id)):
            raise SecurityGroupDuplicate(
                f"The security group '{command.name}' already exists for VPC '{vpc.vpc_id}'"
            )
        group = SecurityGroup(
            command.group_id,
            vpc.vpc_id,
            vpc.home,
            command.name,
            command.description,
            egress=(allow_all(command.egress_rule_id),),
            tags=command.tags,
        )
        self._emit(SecurityGroupCreated(group))
        return group

    def _describe(self, command: DescribeSecurityGroups, now_ms: int) -> Page[SecurityGroup]:
        owned = self._store.groups.where("home", str(command.home))
        return describe(
            command,
            owned,
            self._store.group,
            lambda group: group.group_id,
            _READERS,
            lambda group: group.tags,
        )

    def _authorize(self, command: AuthorizeRules, now_ms: int) -> Rules:
        group = self._store.group(command.home, command.group_id)
        standing = _rules(group, command.egress)
        said = {meaning(rule) for rule in standing}
        for rule in command.rules:
            self._check_source(group, rule)
            if meaning(rule) in said:
                raise RuleDuplicate(f'the specified rule "{meaning(rule)}" already exists')
            said.add(meaning(rule))
        if len(said) > RULES_MAX:
            raise RulesExceeded
        self._emit(SecurityGroupModified(_with_rules(group, command.egress, standing + command.rules)))
        return command.rules

    def _check_source(self, group: SecurityGroup, rule: SecurityGroupRule) -> None:
        if rule.source_group_id is None:
            return
        source = self._store.group(group.home, rule.source_group_id)
        if source.vpc_id != group.vpc_id:
            raise SecurityGroupNotFound(source.group_id)

    def _revoke(self, command: RevokeRules, now_ms: int) -> Rules:
        group = self._store.group(command.home, command.group_id)
        standing = _rules(group, command.egress)
        by_id = {rule.rule_id: rule for rule in standing}
        by_meaning = {meaning(rule): rule for rule in standing}
        revoked: dict[str, SecurityGroupRule] = {}
        for rule_id in command.rule_ids:
            if rule_id not in by_id:
                raise RuleIdNotFound(rule_id)
            revoked[rule_id] = by_id[rule_id]
        for rule in command.rules:
            found = by_meaning.get(meaning(rule))
            if found is None:
                raise RuleNotFound
            revoked[found.rule_id] = found
        rest = tuple(rule for rule in standing if rule.rule_id not in revoked)
        self._emit(SecurityGroupModified(_with_rules(group, command.egress, rest)))
        return tuple(revoked.values())

    def _delete(self, command: DeleteSecurityGroup, now_ms: int) -> None:
        store, group = self._store, self._store.group(command.home, command.group_id)
        if store.vpc(group.home, group.vpc_id).default_security_group_id == group.group_id:
            raise CannotDelete(
                f'the specified group: "{group.group_id}" name: "{group.name}" cannot be deleted by a user'
            )
        used = store.interfaces.count("group", group.group_id) or store.endpoints.count(
            "group", group.group_id
        )
        others = (other for other in store.groups.where("vpc", group.vpc_id) if other is not group)
        if used or any(_names(other, group.group_id) for other in others):
            raise DependencyViolation(f"resource {group.group_id} has a dependent object")
        self._emit(SecurityGroupDeleted(group.group_id))


def _rules(group: SecurityGroup, egress: bool) -> Rules:
    return group.egress if egress else group.ingress


def _with_rules(group: SecurityGroup, egress: bool, rules: Rules) -> SecurityGroup:
    return replace(group, egress=rules) if egress else replace(group, ingress=rules)


def _names(group: SecurityGroup, group_id: str) -> bool:
    return any(rule.source_group_id == group_id for rule in group.ingress + group.egress)
