"""Make certificates in a directory."""

import stat
from pathlib import Path

from cryptography import x509

from app.simulator.certificates import ensure_certificates


def test_certificates_are_made_once_and_kept_private(tmp_path: Path) -> None:
    """A second call gives the same authority; every file is for its owner alone."""
    authorities = [ensure_certificates(tmp_path / "made").ca_file.read_bytes() for _ in range(2)]

    assert authorities[0] == authorities[1]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "made").iterdir()} == {0o600}


def test_a_further_name_makes_them_anew(tmp_path: Path) -> None:
    """A certificate that lacks a name that is asked for is replaced by one that has it."""
    ensure_certificates(tmp_path)
    files = ensure_certificates(tmp_path, host_names=["simulator"])

    certificate = x509.load_pem_x509_certificate(files.certificate_file.read_bytes())
    held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert held.get_values_for_type(x509.DNSName) == ["localhost", "simulator"]
