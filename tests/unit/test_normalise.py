import pytest

from audit.model.enums import ImageKind, Severity
from audit.normalise.ids import leading_id
from audit.normalise.kinds import image_kind
from audit.normalise.severity import normalise_severity


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("Critical", Severity.CRITICAL),
        ("important", Severity.HIGH),
        ("MINIMAL", Severity.NEGLIGIBLE),
        ("INFORMATIONAL", Severity.NEGLIGIBLE),
        ("UNTRIAGED", Severity.UNKNOWN),
        ("SEVERITY_UNSPECIFIED", Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
        ("a word nobody has seen", Severity.UNKNOWN),
    ],
)
def test_severity_words(word, severity):
    assert normalise_severity(word) is severity


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"media_type": "application/vnd.oci.image.index.v1+json"}, ImageKind.INDEX),
        ({"media_type": "m", "platform": ("unknown", "unknown")}, ImageKind.ATTESTATION),
        ({"media_type": "m", "platform": (None, None)}, ImageKind.IMAGE),
        ({"media_type": "m", "attests": True}, ImageKind.ATTESTATION),
        ({"media_type": "m", "tags": [f"sha256-{'a' * 64}.sig"]}, ImageKind.SIGNATURE),
        ({"media_type": "m", "tags": ["sha256-nonsense.sig"]}, ImageKind.IMAGE),
        ({"media_type": "m", "tags": [f"sha256-{'a' * 64}.sig", "1.0"]}, ImageKind.IMAGE),
        (
            {
                "media_type": "m",
                "tags": [f"sha256-{'a' * 64}.sig"],
                "platform": ("linux", "amd64"),
            },
            ImageKind.IMAGE,
        ),
        (
            {"media_type": "m", "artifact_type": "application/vnd.cncf.notary.signature"},
            ImageKind.SIGNATURE,
        ),
        ({"media_type": "m", "artifact_type": "application/spdx+json"}, ImageKind.SBOM),
        (
            {"media_type": "m", "artifact_type": "application/vnd.cncf.helm.config.v1+json"},
            ImageKind.ARTIFACT,
        ),
    ],
)
def test_kinds(given, kind):
    media_type = given.pop("media_type")
    artifact_type = given.pop("artifact_type", None)
    assert image_kind(media_type, artifact_type, **given) is kind


def test_leading_id_is_the_only_cve():
    assert leading_id("GHSA-aaaa", ["CVE-2021-44228"]) == "CVE-2021-44228"
    assert leading_id("cve-2021-44228", ["GHSA-aaaa"]) == "CVE-2021-44228"
    assert leading_id("RHSA-2020:1", ["CVE-2020-0001", "CVE-2020-0002"]) == "RHSA-2020:1"
    assert leading_id("GO-2024-1") == "GO-2024-1"
