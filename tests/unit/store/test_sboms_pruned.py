"""SBOMs that nothing matches any more go with the snapshots; nothing that is needed ever does."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from audit.config import Config
from audit.store import views
from audit.store.faults import Findings
from audit.store.files import LocalFiles
from audit.store.layout import Layout
from audit.store.reader import Warehouse
from audit.store.sboms import SbomStore, StoredSbom
from audit.store.sboms_pruned import view_kept
from audit.store.sound_sboms import check_sboms
from audit.upkeep import Upkeep
from providers.loopback.story import FIRST_NIGHT
from tests.support.command_line import registry_audit
from tests.unit.judge.nights import night

WORDS = "left over from a pruning that died"


class Estate:
    """Nights in which Trivy looks at images, and the SBOMs that it made."""

    def __init__(self, root: Path) -> None:
        self.root, self.layout = root, Layout(root)
        self.store = SbomStore(self.layout, root / "_staging" / "work")

    def made(self, content: str) -> StoredSbom:
        sbom = self.root / "_staging" / "sbom.json"
        sbom.parent.mkdir(parents=True, exist_ok=True)
        sbom.write_text(content)
        return StoredSbom(*self.store.keep(sbom), "1")

    def night(self, number: int, images: str, **kept: str) -> None:
        sboms = {name: self.made(content) for name, content in kept.items()}
        night(self.root, number, [], images=images, kept=sboms).close()

    def prune(self, *, delete: bool = True) -> int:
        config = Config(version=1, retention={"daily": 1, "weekly": 1})
        plan = Upkeep(config, Warehouse(self.layout), FIRST_NIGHT).prune(delete=delete)
        return plan.sboms.files

    def faults(self) -> list[str]:
        found = Findings()
        check_sboms(self.layout, Warehouse(self.layout).run_ids(), found)
        return [fault.what for fault in found.faults]

    def there(self) -> set[str]:
        files = (self.root / "_sboms").rglob("*.gz")
        return {path.name.partition(".")[0] for path in files}

    def matched(self) -> dict[str, set[str]]:
        """Image -> what of its SBOMs a run may still match."""
        with closing(views.connect()) as con:
            view_kept(con, self.layout, Warehouse(self.layout).run_ids())
            rows = con.execute("SELECT digest[8:8], sha256 FROM sboms_kept").fetchall()
        return {name: {sha for one, sha in rows if one == name} for name, _ in rows}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three images are looked at on a night that is thinned out; two are left, one was renewed."""
    root = tmp_path_factory.mktemp("whole")
    estate = Estate(root)
    estate.night(0, "f", f="of the first run")
    estate.night(1, "abc", a="of a", b="of b", c="of c")
    estate.night(2, "abc", b="of b, anew")
    estate.night(10, "b")
    estate.night(11, "bc")
    return root


@pytest.fixture
def estate(whole, tmp_path) -> Estate:
    return Estate(shutil.copytree(whole, tmp_path / "warehouse"))


def test_what_no_image_is_matched_with_and_no_kept_run_made_goes_and_the_rest_is_sound(estate):
    kept = {estate.made(text).sha256 for text in ("of b, anew", "of c", "of the first run")}
    before = estate.there()
    assert estate.prune(delete=False) == 2
    assert estate.there() == before == kept | {estate.made(t).sha256 for t in ("of a", "of b")}
    assert estate.prune() == 2
    assert estate.there() == kept
    assert estate.faults() == []
    assert estate.matched().keys() == {"b", "c", "f"}
    assert estate.prune() == 0


def test_a_pruning_that_dies_is_finished_and_takes_nothing_that_was_kept_since(estate, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(LocalFiles, "delete", _dies_at_an_sbom)
        with pytest.raises(KeyboardInterrupt):
            estate.prune()
    gone, again = estate.made("of b").sha256, estate.made("of a").sha256
    assert "a" not in estate.matched(), "an SBOM that may go at any time is matched no more"
    assert len(estate.faults()) == 2
    assert all(WORDS in what for what in estate.faults())
    estate.night(12, "ab", a="of a")
    assert estate.matched()["a"] == {again}
    estate.prune()
    assert again in estate.there()
    assert gone not in estate.there()
    assert estate.faults() == []


def _dies_at_an_sbom(files: LocalFiles, path: str) -> None:
    if path.startswith("_sboms"):
        raise KeyboardInterrupt
    files.root.joinpath(path).unlink()


def test_prune_says_how_many_sboms_go(estate, tmp_path):
    config = tmp_path / "c.yaml"
    retention = "retention: {daily: 1, weekly: 1}"
    config.write_text(f"version: 1\nwarehouse: {estate.root}\nout: {tmp_path}/out\n{retention}\n")
    would, did, nothing = (
        registry_audit("prune", *more, "--config", config).out for more in ([], ["--yes"], [])
    )
    assert "_sboms\t2 files\t20 bytes before compression\twould be deleted" in would
    assert ", 2 SBOMs; " in would.splitlines()[-1]
    assert "_sboms\t2 files\t20 bytes before compression\tdeleted" in did
    assert nothing.startswith("nothing to delete")
