"""What the real Syft finds as our scanner runs it, and what it is told for that."""

from __future__ import annotations

import re
import socket
import subprocess
from typing import Any

import pytest

from audit.ports import ScanError
from providers.loopback.azure.tls import Authority
from providers.loopback.http import serve
from providers.loopback.oci import OciLoopback, Ways
from providers.loopback.scanning import Package, StandImage, push, stand
from providers.scanners.grype import sbom as syft_json
from tests.support.anchore import SYFT, Anchore
from tests.support.filed import filed

ABSENT = f"sha256:{'0' * 64}"
SYSTEM = {"etc/os-release": b'ID=debian\nVERSION_ID="12"\n'}
_SRPM = "openssl-1.1.1k-17.cm2.src.rpm"
RPM = f"openssl-libs\t1.1.1k-17.cm2\t1\t1\tMade Up\t(none)\t9\tx86_64\t0\t{_SRPM}"
RPMS = {
    "etc/os-release": b'ID=mariner\nVERSION_ID="2.0"\n',
    "var/lib/rpmmanifest/container-manifest-2": f"{RPM}\n".encode(),
}
CUT = {"app/node_modules/cut/package.json": b'{"name": "cut", "version": '}


@pytest.fixture
def trap(monkeypatch):
    """A proxy. What is not on this machine Syft would ask it for, as it does for its updates."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        for name in ("HTTPS_PROXY", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{listening.getsockname()[1]}")
        yield listening


def login(registry: OciLoopback) -> dict[str, str]:
    return {"username": registry.username, "secret": registry.password}


def rows(sbom: bytes) -> list[dict[str, Any]]:
    return [
        dict(zip(block.data, cells, strict=True))
        for block in syft_json.packages(sbom)
        for cells in zip(*block.data.values(), strict=True)
    ]


def told(sbom: bytes) -> set[tuple[Any, ...]]:
    """Every package with its kind, source and the layer that brought it."""
    names = ("package_type", "package_name", "package_version", "source_name", "source_version")
    return {tuple(row[name] for name in (*names, "layer_digest")) for row in rows(sbom)}


def built(image: StandImage) -> set[tuple[Any, ...]]:
    """The same of what an image was built from. A list of packages lies whole in the last layer."""
    assert image.distribution
    layers = [layer.digest for layer in image.built().layers]
    lists = [at for at, some in enumerate(image.layers) if any(one.kind == "os" for one in some)]
    system = {"debian": "deb", "alpine": "apk"}[image.distribution.family]
    kinds = {"os": system, "pip": "pypi", "npm": "npm"}
    return {
        (
            *(kinds[one.kind], one.name, one.version, *source(one, system)),
            layers[lists[-1] if one.kind == "os" else at],
        )
        for at, packages in enumerate(image.layers)
        for one in packages
    }


def source(package: Package, system: str) -> tuple[str | None, str | None]:
    """Alpine names the source of every package, Debian one of another name."""
    if package.kind != "os" or not (package.source or system == "apk"):
        return None, None
    return package.advised_as, package.version


def test_what_syft_finds_is_what_the_image_was_built_from_and_twice_the_same(
    store, look, trap, tmp_path, caplog
):
    """Once by each way to log in; the login is in the environment alone, and nobody else asked."""
    image = stand.IMAGES["shop/all"]
    digest = push(store, "shop/all", image)
    anchore = Anchore(tmp_path / "anchore")
    with OciLoopback(store, Ways(auth="basic")) as registry:
        at = registry.host, "shop/all", digest
        first = look(*at, syft=anchore.home / "syft", **login(registry))
        registry.ways = Ways(auth="bearer")
        second = look(*at, **login(registry))
        assert registry.calls["token"] == 1
        reference = f"registry:{registry.host}/shop/all@{digest}"
    assert told(first) == built(image)
    assert first == second
    (call,) = anchore.calls
    assert call["environment"]["SYFT_REGISTRY_AUTH_PASSWORD"] == registry.password
    assert call["arguments"][:2] == ["scan", reference]
    assert registry.password not in " ".join(call["arguments"]) + caplog.text + first.decode()
    left = [path for path in (tmp_path / "work").rglob("*") if path.is_file()]
    assert [path for path in left if registry.password.encode() in path.read_bytes()] == []
    assert syft_json.form(first) == "Syft JSON 16.0.18"
    seen = syft_json.seen(first)
    assert (seen.unread, seen.note) == ("", "")
    with pytest.raises(BlockingIOError):
        trap.accept()


def test_each_child_of_an_index_is_itself(registry, look):
    push(registry.store, "shop/multi", stand.INDEX)
    found = [
        told(look(registry.host, "shop/multi", one.built().digest)) for one in stand.INDEX.images
    ]
    assert found == [built(one) for one in stand.INDEX.images]
    assert found[0] != found[1]


def test_a_registry_of_an_own_authority_is_believed_with_its_certificate_alone(
    store, look, tmp_path
):
    digest = push(store, "edge/proxy", stand.IMAGES["edge/proxy"])
    authority, anchore = Authority(), Anchore(tmp_path / "anchore")
    behind = OciLoopback(store, Ways(auth="basic"))
    with serve(behind._handle, tls=authority.context()) as server:
        at = {"host": f"127.0.0.1:{server.port}", "repository": "edge/proxy", "digest": digest}
        more = {"plain_http": False, **login(behind)}
        with pytest.raises(ScanError) as caught:
            look(**at, **more)
        assert (caught.value.code, behind.log) == ("Unreachable", [])
        assert "x509" in caught.value.told
        ca_file = authority.write(tmp_path)
        found = look(**at, **more, ca_file=ca_file, syft=anchore.home / "syft")
    assert told(found) == built(stand.IMAGES["edge/proxy"])
    assert anchore.calls[0]["environment"]["SYFT_REGISTRY_CA_CERT"] == str(ca_file)


PASSED_OVER = "a file of it that lists packages could not be read"


@pytest.mark.parametrize(
    ("files", "unread", "note"),
    [
        (SYSTEM, "no package of its operating system, debian, could be read", ""),
        (
            {**SYSTEM, "var/lib/dpkg/status": b"Package: \x01\n\nPackage: foo\nVer\xff: 1\n\n"},
            "no package of its operating system, debian, could be read",
            "no version could be read of 2 packages of its operating system",
        ),
        ({**RPMS, **CUT, "bin/tool": SYFT.read_bytes()[:4096]}, "", PASSED_OVER),
    ],
    ids=["stripped", "broken", "cut"],
)
def test_what_syft_could_not_read_is_told(registry, look, files, unread, note):
    sbom = look(registry.host, "lab/odd", filed(registry.store, "lab/odd", files))
    seen = syft_json.seen(sbom)
    assert seen.unread == unread
    assert seen.note == note
    if note == PASSED_OVER:
        (row,) = rows(sbom)
        assert (row["package_name"], row["package_type"]) == ("openssl-libs", "rpm")
        assert (row["source_name"], row["source_version"]) == ("openssl", "1.1.1k-17.cm2")


def test_syft_knows_every_name_and_option_that_it_is_handed(look, tmp_path):
    anchore = Anchore(tmp_path / "anchore")
    everything = {"username": "u", "secret": "s", "ca_file": tmp_path / "none.pem"}
    with pytest.raises(ScanError):
        look("127.0.0.1:9", "a", ABSENT, syft=anchore.home / "syft", **everything)
    (call,) = anchore.calls
    known = set(re.findall(r"\(env: (\w+)\)", said("config")))
    handed = {name for name in call["environment"] if re.match("SYFT|GRYPE", name)}
    assert len(handed) == 6
    assert handed - known == set()
    command, image, option, value = call["arguments"]
    shown = said(command, "--help")
    assert f"{option}, --output" in shown
    assert f" {value.partition('=')[0]} " in shown
    assert f"syft scan {image.partition(':')[0]}:" in shown


def said(*words: str) -> str:
    done = subprocess.run(
        [str(SYFT), *words],
        env={"HOME": "/nonexistent", "SYFT_CHECK_FOR_APP_UPDATE": "false"},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    return done.stdout
