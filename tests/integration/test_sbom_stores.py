"""SBOMs wherever a warehouse lies: kept once, held against their hash, mended where damaged."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from audit.errors import WarehouseError
from audit.store.copies import trim
from audit.store.layout import Layout
from audit.store.objects import ObjectFiles
from audit.store.sboms import SbomStore, StoredSbom
from audit.store.sboms_pruned import DoomedSboms, PrunedSboms, prune_sboms, read_pruned_sboms
from tests.support.stores.places import KINDS, place

BODY = b'{"bomFormat":"CycloneDX","components":[' + b'{"name":"openssl"},' * 400 + b"{}]}"
PACKED = gzip.compress(BODY, 6, mtime=0)
BENT = PACKED[:30] + bytes(byte ^ 0xFF for byte in PACKED[30:60]) + PACKED[60:]


@pytest.fixture(params=["local", *KINDS])
def layout(request, tmp_path, monkeypatch):
    if request.param == "local":
        yield Layout(tmp_path / "warehouse")
        return
    with place(request.param, tmp_path, monkeypatch) as served:
        yield served.layout("one")


@pytest.fixture
def served(tmp_path, monkeypatch):
    with place("s3", tmp_path, monkeypatch) as one:
        yield one


def kept(layout: Layout, tmp_path: Path) -> tuple[SbomStore, StoredSbom]:
    sbom = tmp_path / "sbom.json"
    sbom.write_bytes(BODY)
    store = SbomStore(layout, tmp_path / "work")
    return store, StoredSbom(*store.keep(sbom), "1")


def lay(layout: Layout, path: str, content: bytes, tmp_path: Path) -> None:
    source = tmp_path / "laid"
    source.write_bytes(content)
    layout.files.put(path, source)


def test_an_sbom_is_read_as_it_was_kept_and_keeping_it_again_changes_nothing(layout, tmp_path):
    _, first = kept(layout, tmp_path)
    store, again = kept(layout, tmp_path)
    assert first == again
    with store.opened(again) as file:
        assert file.read_bytes() == BODY
    assert not list((tmp_path / "work").iterdir())


@pytest.mark.parametrize("harm", [b"", BENT])
def test_what_is_damaged_is_one_clear_error_and_replaced_when_it_is_kept_again(
    layout, tmp_path, harm
):
    store, stored = kept(layout, tmp_path)
    lay(layout, stored.path, harm, tmp_path)
    with pytest.raises(WarehouseError, match=stored.path), store.opened(stored):
        pass
    kept(layout, tmp_path)
    with store.opened(stored) as file:
        assert file.read_bytes() == BODY


def test_what_is_lost_is_one_clear_error(layout, tmp_path):
    store, stored = kept(layout, tmp_path)
    layout.files.delete(stored.path)
    with pytest.raises(WarehouseError, match="cannot be read"), store.opened(stored):
        pass


def test_what_is_thinned_out_is_gone_and_on_record_wherever_it_lies(layout, tmp_path):
    store, stored = kept(layout, tmp_path)
    assert store.sound(stored)
    prune_sboms(layout, DoomedSboms({stored.sha256: "20261122T020000Z"}))
    assert not store.sound(stored)
    assert read_pruned_sboms(layout) == PrunedSboms({stored.sha256: "20261122T020000Z"})
    _, again = kept(layout, tmp_path)
    assert store.sound(again)


def test_an_sbom_is_downloaded_once_a_machine(served, tmp_path):
    _, stored = kept(served.layout("one"), tmp_path)
    for machine, calls in (("one", 2), ("one", 0), ("two", 2), ("two", 0)):
        served.server.asked.clear()
        with SbomStore(served.layout(machine), tmp_path / "work").opened(stored) as file:
            assert file.read_bytes() == BODY
        assert len(served.server.paths("read")) == calls, "pyarrow asks S3 for the size first"


def test_a_copy_that_is_damaged_is_fetched_anew_and_none_hides_what_is_lost(served, tmp_path):
    layout = served.layout("one")
    store, stored = kept(layout, tmp_path)
    copy = layout.files.local(stored.path)
    copy.write_bytes(BENT)
    with store.opened(stored) as file:
        assert file.read_bytes() == BODY
    assert copy.read_bytes() == PACKED
    served.inside.delete(stored.path)
    assert not store.sound(stored)
    kept(layout, tmp_path)
    assert store.sound(stored)


def test_copies_are_trimmed_when_a_writer_is_done_the_longest_unused_first(served, tmp_path):
    layout = served.layout("one")
    paths = []
    for number in range(3):
        sbom = tmp_path / "sbom.json"
        sbom.write_bytes(BODY + str(number).encode())
        paths.append(SbomStore(layout, tmp_path / "work").keep(sbom)[0])
    read = tmp_path / "one" / "read"
    for path in paths:
        layout.files.local(path)
        served.clock.pass_by(hours=20)
    layout.files.local(paths[0])
    size = served.folder.joinpath("one", "read", paths[0]).stat().st_size
    trim(read, size, served.clock.now())
    assert [(read / path).is_file() for path in paths] == [True, False, True], "used today: stays"
    served.clock.pass_by(hours=30)
    files = ObjectFiles(served.store(), served.address, read, served.clock, size)
    with files.writing("20261122T020000Z"):
        pass
    assert [(read / path).is_file() for path in paths] == [True, False, False]
