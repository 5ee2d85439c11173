"""One small world of images and advisories that shows everything a scanner has to tell apart."""

from __future__ import annotations

from providers.loopback.scanning.advisories import Advisory
from providers.loopback.scanning.images import StandArtifact, StandImage, StandIndex
from providers.loopback.scanning.layers import Distribution, Package

DEBIAN, ALPINE = Distribution("debian", "12"), Distribution("alpine", "3.18")
ENDED = Distribution("debian", "9")
"""A distribution that gets no more updates; Trivy says so beside its statements."""

ADVISORIES = (
    Advisory("CVE-2022-10011", "debian 12", "openssl-1", "CRITICAL", "3.0.12-1"),
    Advisory("CVE-2023-10012", "debian 12", "openssl-1", "MEDIUM", "3.0.11-1"),
    Advisory("CVE-2024-10013", "debian 12", "zlib-2", "HIGH"),
    Advisory("CVE-2024-10014", "debian 12", "curl-3", "LOW", "7.88.2-3"),
    Advisory("CVE-2019-10015", "debian 9", "openssl-1", "HIGH", "1.1.0-5"),
    Advisory("CVE-2023-10016", "alpine 3.18", "busybox-1", "MEDIUM", "1.36.1-r5"),
    Advisory("CVE-2025-10017", "alpine 3.18", "openssl-1", "HIGH", "3.1.4-r1"),
    Advisory("CVE-2021-10018", "pip", "django-4", "CRITICAL", "3.2.13"),
    Advisory("CVE-2025-10019", "pip", "urllib3-0", "MEDIUM", "2.2.2"),
    Advisory("CVE-2026-10020", "pip", "requests-5", "UNKNOWN"),
    Advisory("CVE-2020-10021", "npm", "lodash-1", "HIGH", "4.17.19"),
    Advisory("CVE-2021-10022", "npm", "minimist-2", "CRITICAL", "1.2.6"),
    # One vulnerability in the packages of two ecosystems.
    Advisory("CVE-2026-10023", "debian 12", "libxml2-0", "HIGH", "2.9.15-1"),
    Advisory("CVE-2026-10023", "npm", "libxml2-0", "HIGH", "0.19.1"),
)

BASE = (
    Package("os", "libssl3-1", "3.0.11-1", source="openssl-1"),
    Package("os", "openssl-1", "3.0.11-1"),
    Package("os", "zlib1g-2", "1.2.13-1", source="zlib-2"),
    Package("os", "tar-4", "1.34-1"),
)
_CURL = (
    Package("os", "curl-3", "7.88.1-3"),
    Package("os", "libxml2-0", "2.9.14-1"),
)
_PYTHON = (
    Package("pip", "django-4", "3.2.12"),
    Package("pip", "urllib3-0", "2.2.2"),
    Package("pip", "requests-5", "2.31.0"),
)
_NODE = (
    Package("npm", "lodash-1", "4.17.15"),
    Package("npm", "minimist-2", "1.2.5"),
    Package("npm", "libxml2-0", "0.19.0"),
)
_SMALL = (
    Package("os", "busybox-1", "1.36.1-r4"),
    Package("os", "ssl_client-1", "1.36.1-r4", source="busybox-1"),
    Package("os", "libssl3-1", "3.1.4-r1", source="openssl-1"),
)

IMAGES = {
    "base/debian": StandImage(DEBIAN, (BASE,)),
    "shop/web": StandImage(DEBIAN, (BASE, _PYTHON)),
    "shop/worker": StandImage(DEBIAN, (BASE, _CURL, _NODE)),
    "shop/all": StandImage(DEBIAN, (BASE, _CURL, _PYTHON, _NODE)),
    "edge/proxy": StandImage(ALPINE, (_SMALL,)),
    "edge/node": StandImage(ALPINE, (_SMALL, _NODE)),
    "old/ledger": StandImage(
        ENDED, ((Package("os", "libssl1-1", "1.1.0-4", source="openssl-1"),),)
    ),
    "scratch/js": StandImage(None, (_NODE,)),
    "clean/debian": StandImage(DEBIAN, ((Package("os", "tar-4", "1.34-1"),),)),
}
"""Images by repository. Those on Debian 12 share their lowest layers."""

INDEX = StandIndex((IMAGES["shop/web"], StandImage(DEBIAN, (BASE, _NODE), architecture="arm64")))
"""linux/amd64 and linux/arm64, of which the packages differ, and an attestation."""

CHART = StandArtifact("application/vnd.cncf.helm.config.v1+json")


def many(count: int) -> dict[str, StandImage]:
    """Return images by repository that share all layers but their last."""
    return {
        f"many/service-{number:03}": StandImage(
            DEBIAN, (BASE, _CURL, (Package("npm", "lodash-1", f"4.17.{number}"),))
        )
        for number in range(count)
    }
