"""The identity state itself and its indexes; changed by records alone."""

from qanat.core.identity.errors import NoSuchEntity, NoSuchUser
from qanat.core.identity.model import AccessKey, User
from qanat.core.identity.records import AccountCreated, IdentityKept
from qanat.core.table import Table


def _user_entry(account: str, name: str) -> str:
    return f"{account}/{name}"


class IdentityStore:
    def __init__(self) -> None:
        self.accounts: dict[str, AccountCreated] = {}
        self.users: Table[tuple[str, str], User] = Table(
            lambda user: (user.account, user.name),
            account=lambda user: (user.account,),
            folded=lambda user: (_user_entry(user.account, user.name.lower()),),
        )
        self.keys: Table[str, AccessKey] = Table(
            lambda key: key.access_key_id,
            user=lambda key: (_user_entry(key.account, key.user_name),),
        )

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

    def name_taken(self, account: str, name: str) -> bool:
        """IAM tells names apart by case when it looks them up, but not when it makes them."""
        return self.users.count("folded", _user_entry(account, name.lower())) > 0

    def keys_of(self, user: User) -> list[AccessKey]:
        return self.keys.where("user", _user_entry(user.account, user.name))

    def put_account(self, record: AccountCreated) -> None:
        self.accounts[record.account] = record

    def put_user(self, user: User) -> None:
        self.users.put(user)

    def remove_user(self, account: str, name: str) -> None:
        self.users.remove((account, name))

    def put_key(self, key: AccessKey) -> None:
        self.keys.put(key)

    def remove_key(self, access_key_id: str) -> None:
        self.keys.remove(access_key_id)

    def snapshot(self) -> IdentityKept:
        accounts = tuple(self.accounts[account] for account in sorted(self.accounts))
        return IdentityKept(accounts, tuple(self.users), tuple(self.keys))

    def restore(self, kept: IdentityKept) -> None:
        self.accounts = {record.account: record for record in kept.accounts}
        self.users.clear()
        self.keys.clear()
        for user in kept.users:
            self.users.put(user)
        for key in kept.keys:
            self.keys.put(key)
