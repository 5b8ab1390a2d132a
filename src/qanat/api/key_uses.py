"""When each access key was last used, from memory to the log (GetAccessKeyLastUsed).

A use costs its request one entry in a dictionary. The log learns of it minutes later, or at a clean stop; a crash
forgets the last minutes.
"""

from typing import Final

from qanat.core.identity.commands import NoteKeyUses
from qanat.core.identity.model import KeyUse
from qanat.core.sigv4 import Scope
from qanat.node import Node

# A record a request would double what a request costs; AWS too is late with these.
_WRITE_EVERY_MS: Final = 300_000

Noted = dict[str, tuple[Scope, int]]
"""Access key id -> the scope that its newest request was signed for, and when."""


class KeyUseWriter:
    """Call it every few seconds; it writes when that is due. `write` does so at once."""

    def __init__(self, noted: Noted, node: Node, every_ms: int = _WRITE_EVERY_MS) -> None:
        self._noted = noted
        self._node = node
        self._every_ms = every_ms
        self._due_at_ms = 0

    def __call__(self) -> None:
        if self._noted and self._node.clock.now_ms() >= self._due_at_ms:
            self.write()

    def write(self) -> None:
        if not self._noted:
            return
        uses = tuple(
            KeyUse(key_id, at_ms, scope.service, scope.region)
            for key_id, (scope, at_ms) in self._noted.items()
        )
        self._noted.clear()
        self._due_at_ms = self._node.clock.now_ms() + self._every_ms
        self._node.submit(NoteKeyUses(uses), lambda _: None)
