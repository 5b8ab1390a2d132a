"""CreateAccessKey, ListAccessKeys, DeleteAccessKey."""

from typing import Final

from qanat.core.identity.commands import CreateAccessKey, DeleteAccessKey, ListAccessKeys
from qanat.core.identity.errors import LimitExceeded, NoSuchEntity
from qanat.core.identity.model import AccessKey
from qanat.core.identity.records import AccessKeyDeleted, AccessKeyPut
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
            DeleteAccessKey: self._delete,
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

    def _delete(self, command: DeleteAccessKey, now_ms: int) -> None:
        user = self._store.existing_user(command.account, command.user_name)
        if command.access_key_id not in {key.access_key_id for key in self._store.keys_of(user)}:
            raise NoSuchEntity(f"The Access Key with id {command.access_key_id} cannot be found.")
        self._emit(AccessKeyDeleted(command.access_key_id))
