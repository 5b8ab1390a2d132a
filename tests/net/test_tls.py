"""The local authority: what it writes, whom its certificates convince, and when they are made anew."""

import ipaddress
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from qanat.net.errors import TlsUnusable
from qanat.net.tls import endpoint_hosts, open_authority, operator_context, public_hosts

NOW = datetime.now(UTC)  # the handshakes below check against the machine's clock
DAY = timedelta(days=1)
REGION = "us-east-2"
HOSTS = endpoint_hosts(REGION)


def leaf(data: Path, name: str = "endpoint") -> x509.Certificate:
    return x509.load_pem_x509_certificate((data / "tls" / f"{name}.pem").read_bytes())


def shake_hands(
    server: ssl.SSLContext, authority: Path, host: str, version: ssl.TLSVersion | None = None
) -> str | None:
    """A handshake in memory as `host`, as strict as Python 3.13 is by default; the protocol agreed on."""
    client = ssl.create_default_context(cafile=str(authority))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    client.set_alpn_protocols(["h2", "http/1.1"])
    if version is not None:
        client.maximum_version = client.minimum_version = version
    a_in, a_out, b_in, b_out = (ssl.MemoryBIO() for _ in range(4))
    one = client.wrap_bio(a_in, a_out, server_hostname=host)
    two = server.wrap_bio(b_in, b_out, server_side=True)
    for _ in range(4):
        for side, out, other in ((one, a_out, b_in), (two, b_out, a_in)):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
            finally:
                other.write(out.read())
    return one.selected_alpn_protocol()


@pytest.mark.parametrize(
    "host",
    [
        "sqs.us-east-2.amazonaws.com",
        "sqs.us-east-2.api.aws",
        "vpce-0a1b-abcdefgh.sqs.us-east-2.vpce.amazonaws.com",
        "vpce-0a1b-abcdefgh-us-east-2a.sqs.us-east-2.vpce.amazonaws.com",
        "127.64.1.37",
    ],
)
def test_an_endpoints_certificate_convinces_a_strict_client(tmp_path: Path, host: str) -> None:
    context = open_authority(tmp_path, NOW).server_context(
        "endpoint", endpoint_hosts(REGION, ["127.64.1.37"]), NOW
    )
    assert shake_hands(context, tmp_path / "ca.pem", host) == "http/1.1"


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "127.0.0.1", "::1", "10.9.8.7", "box.example"),
        *("sqs.us-east-2.amazonaws.com", "sqs.eu-west-1.amazonaws.com", "sqs.eu-west-1.api.aws"),
    ],
)
def test_the_public_listeners_certificate_convinces_a_strict_client(tmp_path: Path, host: str) -> None:
    hosts = public_hosts([REGION, "eu-west-1"], "10.9.8.7", "box.example")
    context = open_authority(tmp_path, NOW).server_context("public", hosts, NOW)
    assert shake_hands(context, tmp_path / "ca.pem", host) == "http/1.1"


@pytest.mark.parametrize(
    "host", ["queue.amazonaws.com", "sqs.eu-west-1.amazonaws.com", "localhost", "10.0.1.37"]
)
def test_it_serves_as_nobody_else(tmp_path: Path, host: str) -> None:
    context = open_authority(tmp_path, NOW).server_context("endpoint", HOSTS, NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(context, tmp_path / "ca.pem", host)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(tmp_path: Path) -> None:
    context = open_authority(tmp_path, NOW).server_context("endpoint", HOSTS, NOW)
    assert shake_hands(context, tmp_path / "ca.pem", HOSTS[0], ssl.TLSVersion.TLSv1_2) == "http/1.1"
    with pytest.raises(ssl.SSLError):
        shake_hands(context, tmp_path / "ca.pem", HOSTS[0], ssl.TLSVersion.TLSv1_1)


@pytest.mark.parametrize("listen_host", ["0.0.0.0", "::", "", "localhost"])
def test_an_address_that_means_all_is_no_name(listen_host: str) -> None:
    assert public_hosts([REGION], listen_host, "box") == (
        *("localhost", "127.0.0.1", "::1", "box"),
        *("sqs.us-east-2.amazonaws.com", "sqs.us-east-2.api.aws"),
    )


def test_all_files_are_their_owners_alone(tmp_path: Path) -> None:
    open_authority(tmp_path / "data", NOW).server_context("endpoint", HOSTS, NOW)
    found = {
        str(path.relative_to(tmp_path / "data")): stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "data").rglob("*")
    }
    assert found == {
        "ca.pem": 0o600,
        "tls": 0o700,
        "tls/ca.pem": 0o600,
        "tls/ca-key.pem": 0o600,
        "tls/endpoint.pem": 0o600,
    }


def test_the_certificates_hold_what_strict_clients_ask_for(tmp_path: Path) -> None:
    """RFC 5280 sections 4.2.1.1 to 4.2.1.9, and at most 397 days for a server."""
    authority = open_authority(tmp_path, NOW)
    authority.server_context("endpoint", (*HOSTS, "127.64.1.37"), NOW)
    ca, server = authority.certificate, leaf(tmp_path)
    kinds = {
        kind: ca.extensions.get_extension_for_class(kind) for kind in (x509.BasicConstraints, x509.KeyUsage)
    }
    assert all(extension.critical for extension in kinds.values())
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(
        True, 0
    )
    assert ca.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    own = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert server.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == own
    assert not server.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == list(HOSTS)
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.64.1.37")]
    assert server.not_valid_after_utc - server.not_valid_before_utc <= 397 * DAY
    assert timedelta(days=3650) <= ca.not_valid_after_utc - ca.not_valid_before_utc
    assert ca.serial_number != server.serial_number


@pytest.mark.parametrize(
    ("later", "hosts", "anew"),
    [
        (timedelta(0), HOSTS, False),
        (365 * DAY, HOSTS, False),
        (367 * DAY, HOSTS, True),
        (-DAY, HOSTS, True),
        (DAY, (*HOSTS, "127.64.1.37"), True),
        (DAY, HOSTS[:-1], True),
    ],
    ids=["at once", "31 days left", "29 days left", "clock set back", "a name more", "a name less"],
)
def test_a_certificate_is_made_anew_when_it_must_be(
    tmp_path: Path, later: timedelta, hosts: tuple[str, ...], anew: bool
) -> None:
    open_authority(tmp_path, NOW).server_context("endpoint", HOSTS, NOW)
    before = leaf(tmp_path)
    open_authority(tmp_path, NOW + later).server_context("endpoint", hosts, NOW + later)
    assert (leaf(tmp_path) != before) is anew


def test_the_authority_stays_and_is_prolonged_with_its_key(tmp_path: Path) -> None:
    """Who trusts the first certificate trusts what is issued after the second."""
    first = open_authority(tmp_path, NOW - timedelta(days=3300)).certificate
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes((tmp_path / "ca.pem").read_bytes())
    assert open_authority(tmp_path, NOW - timedelta(days=400)).certificate == first
    second = open_authority(tmp_path, NOW)
    assert second.certificate != first
    context = second.server_context("endpoint", HOSTS, NOW)
    for authority in (trusted, tmp_path / "ca.pem"):
        assert shake_hands(context, authority, HOSTS[0]) == "http/1.1"


def test_a_lost_copy_of_the_authority_is_written_again(tmp_path: Path) -> None:
    open_authority(tmp_path, NOW)
    copy = (tmp_path / "ca.pem").read_bytes()
    (tmp_path / "ca.pem").unlink()
    open_authority(tmp_path, NOW)
    assert (tmp_path / "ca.pem").read_bytes() == copy


def test_a_damaged_or_strange_leaf_is_replaced(tmp_path: Path) -> None:
    authority = open_authority(tmp_path, NOW)
    stranger = open_authority(tmp_path / "other", NOW)
    stranger.server_context("endpoint", HOSTS, NOW)
    for content in (b"", b"junk", (tmp_path / "other/tls/endpoint.pem").read_bytes()):
        (tmp_path / "tls/endpoint.pem").write_bytes(content)
        context = authority.server_context("endpoint", HOSTS, NOW)
        assert shake_hands(context, tmp_path / "ca.pem", HOSTS[0]) == "http/1.1"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("ca-key.pem", None, "cannot read the authority's key"),
        ("ca-key.pem", b"junk", "cannot read the authority's key"),
        ("ca.pem", b"junk", "cannot read the authority's certificate"),
    ],
)
def test_a_lost_or_damaged_authority_is_never_replaced_in_silence(
    tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    open_authority(tmp_path, NOW)
    path = tmp_path / "tls" / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(TlsUnusable, match=told):
        open_authority(tmp_path, NOW)


def test_an_authority_of_another_key_is_refused(tmp_path: Path) -> None:
    open_authority(tmp_path / "one", NOW)
    open_authority(tmp_path / "two", NOW)
    (tmp_path / "one/tls/ca.pem").write_bytes((tmp_path / "two/tls/ca.pem").read_bytes())
    with pytest.raises(TlsUnusable, match="not of its key"):
        open_authority(tmp_path / "one", NOW)


@pytest.mark.parametrize("name", ["", "ca", "ca-key", "../x", "A", "x/y", "x\n"])
def test_a_leaf_cannot_be_named_over_other_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(TlsUnusable):
        open_authority(tmp_path, NOW).server_context(name, HOSTS, NOW)


def test_a_data_directory_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TlsUnusable, match="cannot keep certificates in"):
        open_authority(tmp_path / "file", NOW)


def test_the_operators_own_certificate_serves(tmp_path: Path) -> None:
    open_authority(tmp_path, NOW).server_context("endpoint", HOSTS, NOW)
    own = tmp_path / "tls/endpoint.pem"
    assert shake_hands(operator_context(own, own), tmp_path / "ca.pem", HOSTS[0]) == "http/1.1"
    for cert_file, key_file in (
        (tmp_path / "none", own),
        (own, tmp_path / "tls/ca-key.pem"),
        (own, tmp_path / "ca.pem"),
    ):
        with pytest.raises(TlsUnusable, match="cannot use the certificate"):
            operator_context(cert_file, key_file)
