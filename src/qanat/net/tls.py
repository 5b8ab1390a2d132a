"""The local certificate authority and the server contexts of our listeners.

All that is secret lies in DIR/tls (0700, files 0600); DIR/ca.pem is the authority as clients trust it. Certificates
are remade when names change or time runs out; the authority's key never is, since clients hold its certificate.
"""

import ipaddress
import os
import re
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from qanat.core.names import dual_stack_sqs_host, sqs_host, sqs_hosts
from qanat.net.errors import TlsUnusable

AUTHORITY_LIFE: Final = timedelta(days=3652)
LEAF_LIFE: Final = timedelta(days=396)
"""With the hour before: below 397 days, the most that clients take from any authority."""
LEAF_RENEWAL: Final = timedelta(days=30)
CLOCK_SKEW: Final = timedelta(hours=1)

LEAF_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z")
AUTHORITY_NAMES: Final = ("ca", "ca-key")
PLAIN: Final = serialization.NoEncryption()
PEM: Final = serialization.Encoding.PEM


def public_hosts(regions: Sequence[str], listen_host: str, machine: str) -> tuple[str, ...]:
    """The names of the public listener's certificate; `machine` is the machine's own host name."""
    hosts = (
        "localhost",
        "127.0.0.1",
        "::1",
        listen_host,
        machine,
        *(name for region in regions for name in sqs_hosts(region)),
    )
    return tuple(dict.fromkeys(host for host in hosts if host not in ("", "0.0.0.0", "::")))  # noqa: S104 -- left out


def endpoint_hosts(region: str, addresses: Sequence[str] = ()) -> tuple[str, ...]:
    """The names of a VPC endpoint's certificate; `addresses` where clients connect by address (loopback driver)."""
    return (sqs_host(region), f"*.sqs.{region}.vpce.amazonaws.com", dual_stack_sqs_host(region), *addresses)


class Authority:
    """Made by `open_authority`; issues a certificate for each listener."""

    def __init__(
        self, directory: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> None:
        self.certificate = certificate
        self._directory = directory
        self._key = key

    def server_context(self, name: str, hosts: Sequence[str], now: datetime) -> ssl.SSLContext:
        """A context that serves as any of `hosts` (names and addresses).

        `name` names the file in DIR/tls: lower-case letters, digits, hyphens.
        `now` has a time zone. Raises TlsUnusable.
        """
        if LEAF_NAME.match(name) is None or name in AUTHORITY_NAMES:
            raise TlsUnusable(f"{name!r} cannot be the name of a certificate")
        path = self._directory / f"{name}.pem"
        if not self._is_good(path, hosts, now):
            write_private(path, self._issue(hosts, now))
        return operator_context(path, path)

    def _is_good(self, path: Path, hosts: Sequence[str], now: datetime) -> bool:
        """Whether the certificate at `path` may be used again."""
        try:
            leaf = x509.load_pem_x509_certificate(path.read_bytes())
            leaf.verify_directly_issued_by(self.certificate)
            names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except Exception:  # noqa: BLE001 -- absent, damaged or another authority's: it is made anew
            return False
        begun = leaf.not_valid_before_utc <= now
        return begun and now + LEAF_RENEWAL < leaf.not_valid_after_utc and names == _alternative_names(hosts)

    def _issue(self, hosts: Sequence[str], now: datetime) -> bytes:
        """Key, certificate and the authority's certificate, in one PEM text."""
        key = ec.generate_private_key(ec.SECP256R1())
        until = min(now + LEAF_LIFE, self.certificate.not_valid_after_utc)
        usage = _key_usage(digital_signature=True)
        authority_id = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        leaf = (
            _builder(_named("Qanat server"), self.certificate.subject, key.public_key(), now, until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_id), critical=False
            )
            .add_extension(_alternative_names(hosts), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _key_pem(key) + leaf.public_bytes(PEM) + self.certificate.public_bytes(PEM)


def open_authority(data: Path, now: datetime) -> Authority:
    """The authority of the data directory `data`, made at first start. `now` has a time zone. Raises TlsUnusable."""
    directory = data / "tls"
    key_path, certificate_path = directory / "ca-key.pem", directory / "ca.pem"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        if not key_path.exists() and not certificate_path.exists():
            write_private(key_path, _key_pem(ec.generate_private_key(ec.SECP256R1())))
        key = _load_key(key_path)
        certificate = _load_authority(certificate_path, key)
        if certificate is None or certificate.not_valid_after_utc < now + LEAF_LIFE:
            # The same key and name: who trusts the certificate before this one trusts this one's leaves too.
            certificate = _make_authority(key, now)
            write_private(certificate_path, certificate.public_bytes(PEM))
        write_private(data / "ca.pem", certificate.public_bytes(PEM))
    except OSError as error:
        raise TlsUnusable(f"cannot keep certificates in {directory}: {error.strerror}") from error
    return Authority(directory, certificate, key)


def endpoint_tls(
    authority: Authority, now: Callable[[], datetime], *, isolated: bool
) -> Callable[[str, str], ssl.SSLContext]:
    """By region and address: one certificate for all endpoints of a region, by their names; one each where clients
    come by address."""

    @cache
    def of_region(region: str) -> ssl.SSLContext:
        return authority.server_context(f"endpoints-{region}", endpoint_hosts(region), now())

    def of_address(region: str, host: str) -> ssl.SSLContext:
        name = f"endpoint-{region}-{host.replace('.', '-')}"
        return authority.server_context(name, endpoint_hosts(region, (host,)), now())

    return (lambda region, _: of_region(region)) if isolated else of_address


def operator_context(cert_file: Path, key_file: Path) -> ssl.SSLContext:
    """A context for a certificate (with its chain) and key that are there already. Raises TlsUnusable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a password given, OpenSSL would ask at the terminal, and a server would stand there for ever.
        context.load_cert_chain(cert_file, key_file, password=lambda: b"")
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
        raise TlsUnusable(f"cannot use the certificate {cert_file} with the key {key_file}: {why}") from error
    return context


def write_private(path: Path, content: bytes) -> None:
    """Put `content` at `path` whole or not at all, readable by its owner alone. Raises OSError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        draft.unlink()
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(fd)
    draft.replace(path)


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    again = (
        f"restore it, or remove {path.parent} for a new authority, which every client must then trust anew"
    )
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise TlsUnusable(f"cannot read the authority's key {path}: {again}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TlsUnusable(f"the authority's key {path} is not an elliptic curve key: {again}")
    return key


def _load_authority(path: Path, key: ec.EllipticCurvePrivateKey) -> x509.Certificate | None:
    """None where it was never written."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise TlsUnusable(
            f"cannot read the authority's certificate {path}: restore it, or remove it"
        ) from error
    if certificate.public_key() != key.public_key():
        raise TlsUnusable(
            f"the authority's certificate {path} is not of its key: restore both, or remove both"
        )
    return certificate


def _make_authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    # The name holds a part of the key's identity, so that two authorities of ours in one trust store are told apart.
    identity = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    name = _named(f"Qanat local authority {identity.digest.hex()[:8]}")
    return (
        _builder(name, name, key.public_key(), now, now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identity), critical=False
        )
        .sign(key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, digital_signature: bool = False, signs_certificates: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative_names(hosts: Sequence[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_general_name(host) for host in hosts])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, PLAIN)
