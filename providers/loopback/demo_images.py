"""The demo's real images: two that a scanner can pull, as their clouds list and judge them.

One lies in ECR, where Inspector has looked at it too: both mostly agree, and each knows something
that the other does not. The other lies in ACR, where Defender lists nothing for it and so takes it
to be clean.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from providers.loopback import scans
from providers.loopback.estate import Estate, Place, Repository, Scan
from providers.loopback.oci.content import Store
from providers.loopback.scanning import push, stand
from providers.loopback.scanning.listed import listed, stated
from providers.loopback.vocabulary import Flaw, statement

WEB, WORKER = "real/web", "real/worker"
_IMAGES = {WEB: stand.IMAGES["shop/web"], WORKER: stand.IMAGES["shop/worker"]}
_AGE = timedelta(days=3)
_TRIVY_ALONE = "CVE-2026-10020"
_INSPECTOR_ALONE = Flaw("CVE-2024-10031", "tar-4", "1.34-1", False, "LOW", None)


def blobs() -> Store:
    """Return what the clouds need to answer pulls of the real images."""
    store = Store()
    for repository, image in _IMAGES.items():
        push(store, repository, image)
    return store


def with_real_images(estate: Estate, pushed: datetime) -> Estate:
    """Add a repository to the first AWS place and one to the first Azure place.

    Args:
        estate: One night of the demo.
        pushed: When the first night is; the images are some days older.
    """
    aws, azure = estate.of("aws")[0], estate.of("azure")[0]
    at = pushed - _AGE
    added = {
        id(aws): Repository(WEB, at, listed(_IMAGES[WEB], at, ("1.0", "latest"), [_seen(estate)])),
        id(azure): _unlisted(estate, azure, at),
    }
    return replace(
        estate,
        places=tuple(
            _with(place, added[id(place)]) if id(place) in added else place
            for place in estate.places
        ),
    )


def _seen(estate: Estate) -> Scan:
    same = stated(_IMAGES[WEB], stand.ADVISORIES, "inspector", unseen={_TRIVY_ALONE})
    alone = statement(_INSPECTOR_ALONE, "inspector")
    return scans.assessed("inspector", estate.moment, (*same, alone))


def _unlisted(estate: Estate, place: Place, at: datetime) -> Repository:
    (image,) = listed(_IMAGES[WORKER], at, ("1.0", "latest"))
    state = scans.azure_state_by_time(image, place, estate.moment)
    return Repository(WORKER, at, (replace(image, scan=Scan((), state)),))


def _with(place: Place, repository: Repository) -> Place:
    first, *others = place.registries
    fuller = replace(first, repositories=(*first.repositories, repository))
    return replace(place, registries=(fuller, *others))
