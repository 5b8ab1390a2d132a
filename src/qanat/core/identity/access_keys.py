"""Access keys: made, listed, switched off and on, deleted; and when each was last used."""

from typing import Final

from msgspec.structs import replace

from qanat.core.identity.commands import (
    CreateAccessKey,
    DeleteAccessKey,
    GetAccessKeyLastUsed,
    ListAccessKeys,
    NoteKeyUses,
    UpdateAccessKey,
)
from qanat.core.identity.errors import LimitExceeded, NoSuchEntity
from qanat.core.identity.model import AccessKey, KeyUse
from qanat.core.identity.records import AccessKeyDeleted, AccessKeyPut, KeysUsed
from qanat.core.identity.store import IdentityStore
from qanat.core.page import Page, page
from qanat.core.part import Emit, Handlers

# IAM User Guide, reference_iam-quotas: two, so that one can be rotated in before the other goes.
ACCESS_KEYS_OF_USER_MAX: Final = 2


class AccessKeys:
    def __init__(self, store: IdentityStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {
            CreateAccessKey: self._create,
            ListAccessKeys: self._list,
            UpdateAccessKey: self._update,
            DeleteAccessKey: self._delete,
            GetAccessKeyLastUsed: self._get_last_used,
            NoteKeyUses: self._note_uses,
        }

    def _create(self, command: CreateAccessKey, now_ms: int) -> AccessKey:
        user = self._store.existing_user(command.account, command.user_name)
        if len(self._store.keys_of(user)) >= ACCESS_KEYS_OF_USER_MAX:
            raise LimitExceeded(f"Cannot exceed quota for AccessKeysPerUser: {ACCESS_KEYS_OF_USER_MAX}")
        assert self._store.keys.get(command.access_key_id) is None, "access key ids are made unique"
        key = AccessKey(command.access_key_id, command.secret, user.account, user.name, now_ms)
        self._emit(AccessKeyPut(key))
        return key

    def _list(self, command: ListAccessKeys, now_ms: int) -> Page[AccessKey]:
        user = self._store.existing_user(command.account, command.user_name)
        keys = self._store.keys_of(user)
        return page(keys, lambda key: key.access_key_id, command.marker, command.max_items)

    def _update(self, command: UpdateAccessKey, now_ms: int) -> None:
        key = self._key_of(command)
        if key.active != command.active:
            self._emit(AccessKeyPut(replace(key, active=command.active)))

    def _delete(self, command: DeleteAccessKey, now_ms: int) -> None:
        self._emit(AccessKeyDeleted(self._key_of(command).access_key_id))

    def _get_last_used(self, command: GetAccessKeyLastUsed, now_ms: int) -> tuple[AccessKey, KeyUse | None]:
        key = self._store.keys.get(command.access_key_id)
        if key is None or key.account != command.account:
            raise _no_such_key(command.access_key_id)
        return key, self._store.key_uses.get(key.access_key_id)

    def _note_uses(self, command: NoteKeyUses, now_ms: int) -> None:
        news = tuple(
            use
            for use in command.uses
            # A key may have been deleted since it was used.
            if self._store.keys.get(use.access_key_id) is not None
            and self._store.key_uses.get(use.access_key_id) != use
        )
        if news:
            self._emit(KeysUsed(news))

    def _key_of(self, command: UpdateAccessKey | DeleteAccessKey) -> AccessKey:
        """Raises NoSuchEntity, for a key of another user too."""
        user = self._store.existing_user(command.account, command.user_name)
        key = self._store.keys.get(command.access_key_id)
        if key is None or (key.account, key.user_name) != (user.account, user.name):
            raise _no_such_key(command.access_key_id)
        return key


def _no_such_key(access_key_id: str) -> NoSuchEntity:
    return NoSuchEntity(f"The Access Key with id {access_key_id} cannot be found.")
