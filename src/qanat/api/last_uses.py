"""When each access key and each role was last used, from memory to the log (GetAccessKeyLastUsed, RoleLastUsed).

A use costs its request one entry in a dictionary. The log learns of it minutes later, or at a clean stop; a crash
forgets the last minutes.
"""

from typing import Final

from qanat.core.identity.commands import NoteKeyUses
from qanat.core.identity.model import KeyUse, RoleUse
from qanat.core.identity.role_commands import NoteRoleUses
from qanat.core.sigv4 import Scope
from qanat.node import Node

# A record a request would double what a request costs; AWS too is late with these.
_WRITE_EVERY_MS: Final = 300_000

Noted = dict[str, tuple[Scope, int]]
"""Access key id, or a role's unique id -> the scope that its newest request was signed for, and when."""


class UseWriter:
    """Call it every few seconds; it writes when that is due. `write` does so at once."""

    def __init__(self, keys: Noted, roles: Noted, node: Node, every_ms: int = _WRITE_EVERY_MS) -> None:
        self._keys = keys
        self._roles = roles
        self._node = node
        self._every_ms = every_ms
        self._due_at_ms = 0

    def __call__(self) -> None:
        if (self._keys or self._roles) and self._node.clock.now_ms() >= self._due_at_ms:
            self.write()

    def write(self) -> None:
        if self._keys:
            uses = tuple(
                KeyUse(key_id, at_ms, scope.service, scope.region)
                for key_id, (scope, at_ms) in self._keys.items()
            )
            self._keys.clear()
            self._submit(NoteKeyUses(uses))
        if self._roles:
            roles = tuple(
                RoleUse(role_id, at_ms, scope.region) for role_id, (scope, at_ms) in self._roles.items()
            )
            self._roles.clear()
            self._submit(NoteRoleUses(roles))

    def _submit(self, command: NoteKeyUses | NoteRoleUses) -> None:
        self._due_at_ms = self._node.clock.now_ms() + self._every_ms
        self._node.submit(command, lambda _: None)
