"""Settings from three places, later ones win; whatever is not known or cannot be is one clear line."""

from pathlib import Path
from typing import Any

import pytest

from qanat import config
from qanat.config import Settings, SettingsInvalid


def write(directory: Path, text: str) -> None:
    (directory / "qanat.toml").write_text(text)


def test_defaults(tmp_path: Path) -> None:
    found = config.load(tmp_path, {"PATH": "x", "AWS_REGION": "eu-west-1"}, {"listen": None})
    assert found == Settings()
    assert (found.listen, found.region, found.account) == ("127.0.0.1:9324", "us-east-2", "123456789012")
    assert (found.network, found.cooldown_s, found.public_hosts) == (None, 60, ())


def test_the_later_place_wins(tmp_path: Path) -> None:
    write(
        tmp_path,
        'region = "eu-west-1"\naccount = "111111111111"\ncooldown_s = 1\npublic_hosts = ["a", "b"]\n',
    )
    environment = {"QANAT_ACCOUNT": "222222222222", "QANAT_COOLDOWN_S": "2"}
    found = config.load(tmp_path, environment, {"cooldown_s": 3, "account": None})
    assert (found.region, found.account, found.cooldown_s) == ("eu-west-1", "222222222222", 3)
    assert found.public_hosts == ("a", "b")
    assert config.load(tmp_path, {"QANAT_PUBLIC_HOSTS": "c,d"}, {}).public_hosts == ("c", "d")


def test_the_regions_that_are_served(tmp_path: Path) -> None:
    """The default one first, each once."""
    write(tmp_path, 'regions = ["eu-west-1", "us-east-2", "eu-west-1"]\n')
    assert config.load(tmp_path, {}, {}).served_regions == ("us-east-2", "eu-west-1")
    found = config.load(tmp_path, {"QANAT_REGIONS": "ap-south-1,us-west-2"}, {"region": "eu-west-1"})
    assert found.served_regions == ("eu-west-1", "ap-south-1", "us-west-2")
    assert config.load(tmp_path, {}, {"regions": ("us-west-2",)}).served_regions == ("us-east-2", "us-west-2")


@pytest.mark.parametrize(
    "text",
    [
        "region = ",
        "regions = 'x'",
        "regions = ['nowhere']",
        "account_name = 'x'",
        "region = 5",
        "public_hosts = 'a'",
        "[qanat]\nregion = 'x'",
        "\x00",
        "cooldown_s = 'x'",
    ],
)
def test_files_that_are_wrong(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    with pytest.raises(SettingsInvalid):
        config.load(tmp_path, {}, {})


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "qanat.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        config.load(tmp_path, {}, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QANAT_FOO", "x"),
        ("QANAT_", "x"),
        ("QANAT_COOLDOWN_S", "x"),
        ("QANAT_COOLDOWN_S", "-1"),
        ("QANAT_COOLDOWN_S", "3601"),
        ("QANAT_COOLDOWN_S", "9" * 5_000),
        ("QANAT_REGION", "nowhere"),
        ("QANAT_REGION", "us-east-2\n"),
        ("QANAT_ACCOUNT", "12"),
        ("QANAT_ACCOUNT", "١٢٣٤٥٦٧٨٩٠١٢"),
        ("QANAT_NETWORK", "bridge"),
        ("QANAT_LOG_LEVEL", "loud"),
        ("QANAT_CERTIFICATE", "only.pem"),
        ("QANAT_MASTER_KEY_FILE", ""),
        ("QANAT_AUDIT", "perhaps"),
        ("QANAT_AUDIT_DATA_EVENTS", ""),
        ("QANAT_AUDIT_FILE_BYTES", "4095"),
        ("QANAT_AUDIT_FILES_KEPT", "0"),
        ("QANAT_AUDIT_FILES_KEPT", "10001"),
        ("QANAT_CERTIFICATE_KEY", "only.pem"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid):
        config.load(tmp_path, {name: value}, {})


@pytest.mark.parametrize(
    ("listen", "found"),
    [
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:9324", ("::1", 9324)),
        ("localhost:65535", ("localhost", 65_535)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
    ],
)
def test_listen(listen: str, found: tuple[str, int]) -> None:
    assert config.host_and_port(listen) == found


@pytest.mark.parametrize(
    "listen", ["", ":80", "host", "host:", "host:x", "host:65536", "host:-1", "host:٣", "host:1.0"]
)
def test_what_cannot_be_listened_on(listen: str) -> None:
    with pytest.raises(SettingsInvalid):
        config.host_and_port(listen)
    with pytest.raises(SettingsInvalid):
        Settings(listen=listen)
    with pytest.raises(SettingsInvalid, match="metrics_listen"):
        Settings(metrics_listen=listen)


def test_the_data_directory_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    assert Settings(data="x").data_directory == tmp_path / "x"
    assert Settings(data="~/x").data_directory == Path("/home/someone/x")


def test_every_setting_is_checked_or_free() -> None:
    """A new setting must be thought of here: which texts can it not be?"""
    checked = {
        "account",
        "region",
        "regions",
        "network",
        "cooldown_s",
        "log_level",
        "certificate",
        "certificate_key",
        "listen",
        "master_key_file",
        "metrics_listen",
        "audit",
        "audit_data_events",
        "audit_file_bytes",
        "audit_files_kept",
    }
    free: set[str] = {"data", "public_hosts"}
    fields: tuple[Any, ...] = Settings.__struct_fields__
    assert set(fields) == checked | free


def test_the_master_key_lies_in_the_data_directory_or_where_one_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    assert Settings(data="x").master_key_path == tmp_path / "x" / "master.key"
    assert Settings(master_key_file="k").master_key_path == tmp_path / "k"
    assert config.load(tmp_path, {"QANAT_MASTER_KEY_FILE": "~/k"}, {}).master_key_path == Path(
        "/home/someone/k"
    )


def test_a_secret_is_no_setting(tmp_path: Path) -> None:
    environment = {"QANAT_MASTER_KEY": "a secret", "QANAT_NEW_MASTER_KEY": "another", "PATH": "/bin"}
    settings = config.load(tmp_path, environment, {})
    assert settings == Settings()
    assert config.take_secret("QANAT_MASTER_KEY", environment, settings) == "a secret"
    assert config.take_secret("QANAT_NEW_MASTER_KEY", environment, settings) == "another"
    assert environment == {"PATH": "/bin"}, "no program started from here inherits it"
    assert config.take_secret("QANAT_MASTER_KEY", environment, settings) is None


@pytest.mark.parametrize("name", ["master_key", "MASTER_KEY", "new_master_key"])
def test_a_secret_in_a_file_is_refused_and_not_shown(tmp_path: Path, name: str) -> None:
    write(tmp_path, f"{name} = 'a secret'")
    with pytest.raises(SettingsInvalid, match="there is no setting") as raised:
        config.load(tmp_path, {}, {})
    assert "a secret" not in str(raised.value)


def test_two_master_keys_are_one_too_many() -> None:
    with pytest.raises(SettingsInvalid, match="both given") as raised:
        config.take_secret(
            "QANAT_MASTER_KEY", {"QANAT_MASTER_KEY": "a secret"}, Settings(master_key_file="k")
        )
    assert "a secret" not in str(raised.value)
