"""The credentials and config files: what AWS SDKs read, and what we read again."""

import stat
from pathlib import Path

import botocore.session
import pytest

from qanat import credentials
from qanat.credentials import CredentialsUnreadable

KEY = ("AKIA" + "A" * 16, "a+b/c=%(x)s%" + "d" * 28)


def test_a_key_is_kept_beside_others(tmp_path: Path) -> None:
    assert credentials.read_key(tmp_path, "default") is None
    credentials.write_key(tmp_path, "default", KEY)
    credentials.write_key(tmp_path, "bob+1@x", ("id", "secret"))
    credentials.write_key(tmp_path, "bob+1@x", ("id2", "secret2"))
    assert credentials.read_key(tmp_path, "default") == KEY
    assert credentials.read_key(tmp_path, "bob+1@x") == ("id2", "secret2")
    assert credentials.read_key(tmp_path, "nobody") is None


def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    credentials.write_key(tmp_path, "default", KEY)
    credentials.write_config(tmp_path, "us-east-2", "123456789012", "https://127.0.0.1:9324")
    for name in ("credentials", "config"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_botocore_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials.write_key(tmp_path, "default", KEY)
    credentials.write_key(tmp_path, credentials.profile_of("default"), ("id", "secret"))
    credentials.write_config(tmp_path, "eu-west-3", "123456789012", "https://127.0.0.1:9324")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    session = botocore.session.Session()
    found = session.get_credentials()
    assert (found.access_key, found.secret_key) == KEY
    assert session.get_config_variable("region") == "eu-west-3"
    scoped = session.get_scoped_config()
    assert scoped["endpoint_url"] == "https://127.0.0.1:9324"
    assert scoped["ca_bundle"] == str(tmp_path / "ca.pem")


def test_the_config_is_read_again(tmp_path: Path) -> None:
    assert credentials.read_config(tmp_path) is None
    credentials.write_config(tmp_path, "us-east-2", "123456789012", "https://h:1")
    assert credentials.read_config(tmp_path) == {
        "region": "us-east-2",
        "aws_account_id": "123456789012",
        "endpoint_url": "https://h:1",
        "ca_bundle": str(tmp_path / "ca.pem"),
    }


@pytest.mark.parametrize("data", [b"garbage", b"[default\n", b"[a]\n[a]\n", b"\xff\xfe", b"[a]\nb=1\nb=2\n"])
def test_files_that_are_damaged(tmp_path: Path, data: bytes) -> None:
    for name in ("credentials", "config"):
        (tmp_path / name).write_bytes(data)
    for read in (
        lambda: credentials.read_key(tmp_path, "default"),
        lambda: credentials.write_key(tmp_path, "default", KEY),
        lambda: credentials.read_config(tmp_path),
    ):
        with pytest.raises(CredentialsUnreadable, match="cannot be read"):
            read()
    assert (tmp_path / "credentials").read_bytes() == data


@pytest.mark.parametrize(
    "text",
    [
        "[default]\n",
        "[default]\naws_access_key_id = x\n",
        "[default]\naws_access_key_id =\naws_secret_access_key =\n",
    ],
)
def test_half_a_key_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "credentials").write_text(text)
    assert credentials.read_key(tmp_path, "default") is None


def test_no_user_has_the_administrators_profile() -> None:
    assert credentials.profile_of("default") != credentials.DEFAULT
    assert credentials.profile_of("bob") == "bob"
