"""Make the certificates the simulator's address is served with: a local authority and one for this machine.

Files in the directory: `ca.pem` (give it to the client), `ca-key.pem`, `server.pem`, `server-key.pem`. They
are made on first use and again when the server's certificate has less than a day left. Two that no client takes
are made when a fault asks for them: `wrong-name.pem`, and an authority of their own in `unknown-ca/`.
"""

import datetime as dt
import ipaddress
import os
import ssl
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.simulator.faults import Fault

# Apple's own systems distrust server certificates that live longer than this.
_LIFE = dt.timedelta(days=397)
_SPARE = dt.timedelta(days=1)
_CA_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lockstep simulator (local)")])
_SERVER_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])


class Certificates(msgspec.Struct, frozen=True):
    """Name the files a server and its clients need."""

    ca_file: Path
    certificate_file: Path
    key_file: Path

    def server_context(self) -> ssl.SSLContext:
        """Give a TLS context that speaks HTTP/2 and nothing else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["h2"])
        context.load_cert_chain(self.certificate_file, self.key_file)
        return context


class Contexts:
    """Give TLS contexts, each made when it is first asked for.

    Args:
        certificates: those that are good.
    """

    def __init__(self, certificates: Certificates) -> None:
        self._good = certificates
        self._made: dict[str, ssl.SSLContext] = {}

    def of(self, fault: Fault | None) -> ssl.SSLContext:
        """Give the context that goes with a fault, or the good one."""
        bad = {"tls:unknown_ca": unknown_ca, "tls:wrong_name": wrong_name}.get("" if fault is None else fault.name)
        name = "" if fault is None or bad is None else fault.name
        if name not in self._made:
            self._made[name] = (self._good if bad is None else bad(self._good)).server_context()
        return self._made[name]


def ensure_certificates(directory: Path, *, host_names: Sequence[str] = ()) -> Certificates:
    """Give the certificates of the directory, made if they are not there, about to run out or for other names.

    Args:
        directory: where they are kept.
        host_names: names besides localhost.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = Certificates(directory / "ca.pem", directory / "server.pem", directory / "server-key.pem")
    names = {"localhost", *host_names}
    if not _are_good(files, names):
        _make(files, directory / "ca-key.pem", names)
    return files


def _are_good(files: Certificates, host_names: AbstractSet[str]) -> bool:
    if not all(path.exists() for path in (files.ca_file, files.certificate_file, files.key_file)):
        return False
    certificate = x509.load_pem_x509_certificate(files.certificate_file.read_bytes())
    held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    lasts = certificate.not_valid_after_utc - dt.datetime.now(dt.UTC) > _SPARE
    return lasts and host_names <= set(held.get_values_for_type(x509.DNSName))


def unknown_ca(files: Certificates) -> Certificates:
    """Give a certificate for this machine of an authority that no client trusts."""
    return ensure_certificates(files.ca_file.parent / "unknown-ca")


def wrong_name(files: Certificates) -> Certificates:
    """Give a certificate of the right authority for another machine."""
    directory = files.ca_file.parent
    wrong = Certificates(files.ca_file, directory / "wrong-name.pem", directory / "wrong-name-key.pem")
    _make_server(wrong, directory / "ca-key.pem", [x509.DNSName("wrong.example")])
    return wrong


def _make(files: Certificates, ca_key_file: Path, host_names: AbstractSet[str]) -> None:
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = (
        _builder(_CA_NAME, _CA_NAME, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    _write(ca_key_file, _pem(ca_key))
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1")]
    _make_server(files, ca_key_file, [*(x509.DNSName(name) for name in sorted(host_names)), *addresses])
    _write(files.ca_file, ca.public_bytes(Encoding.PEM))


def _make_server(files: Certificates, ca_key_file: Path, names: Sequence[x509.GeneralName]) -> None:
    ca_key = load_pem_private_key(ca_key_file.read_bytes(), None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{ca_key_file} holds no key of ours")
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = (
        _builder(_SERVER_NAME, _CA_NAME, server_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    _write(files.key_file, _pem(server_key))
    _write(files.certificate_file, server.public_bytes(Encoding.PEM))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + _LIFE)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
