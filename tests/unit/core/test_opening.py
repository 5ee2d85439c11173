"""From an address and a ``store`` block to a warehouse, or to a clear word."""

from __future__ import annotations

from pathlib import Path
from stat import S_IMODE

import pytest

from audit.errors import ConfigError
from audit.notebook import open_warehouse as open_notebook
from audit.opening import open_warehouse
from providers.loopback.story import first_night, places
from tests.support.staging import commit_estate, run_id
from tests.support.stores.places import place
from tests.support.strategies import SMALL

ACCOUNT = {"account_name": "acct"}


@pytest.mark.parametrize("location", ["{}", "file://{}"])
def test_a_folder_is_local_and_passes_the_block_over(tmp_path, location):
    opened = open_warehouse(location.format(tmp_path), {"region": "eu-west-1"}, "c.yaml")
    assert opened.layout.is_local
    assert opened.layout.address == str(tmp_path)
    assert opened.layout.staging == tmp_path / "_staging"


@pytest.mark.parametrize(
    ("location", "block", "told"),
    [
        ("ftp://host/x", {}, "c.yaml: warehouse: unknown name 'ftp'"),
        ("s4://bucket/x", {}, "(known: abfs, az, gs, s3, file)"),
        ("s3://bucket", {"regoin": "x"}, "store.regoin: unknown key, did you mean 'region'?"),
        ("s3://bucket", {"secret_access_key": "hunter2"}, "store.secret_access_key: unknown key"),
        ("s3://bucket", {"endpoint": "http://10.0.0.1"}, "plain http to a host"),
        ("s3://bucket", {"endpoint": "http://127.0.0.1:9"}, "allow_insecure_loopback: true"),
        ("gs://bucket", {"endpoint": "https://u:hunter2@host"}, "holds credentials"),
        ("gs://bucket", {"endpoint": "https://host/path"}, "has a path"),
        ("az://container/x", {}, "store.account_name: Field required"),
        ("abfs://container/x", {**ACCOUNT, "anonymous": True}, "not written to without"),
    ],
)
def test_what_is_wrong_is_named_and_no_secret_repeated(location, block, told):
    with pytest.raises(ConfigError) as caught:
        open_warehouse(location, block, "c.yaml")
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_same_location_is_the_same_warehouse(tmp_path, monkeypatch):
    """The lock is held by the object that publishes: there must be one."""
    with place("gcs", tmp_path, monkeypatch) as served:
        one = open_warehouse(served.address, served.block, "c")
        assert open_warehouse(f"{served.address}/", dict(served.block), "c") is one
        assert open_warehouse(f"{served.address}2", served.block, "c") is not one


def test_copies_lie_in_a_folder_of_this_user_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with place("gcs", tmp_path, monkeypatch) as served:
        block = {key: value for key, value in served.block.items() if key != "work"}
        commit_estate(served.layout(), first_night(3, SMALL, places()[:1]))
        opened = open_warehouse(served.address, block, "c")
        with opened.open_run():
            pass
    copies = list((tmp_path / "cache" / "registry-audit").rglob("findings*.parquet"))
    assert copies
    assert {S_IMODE(copy.parent.stat().st_mode) for copy in copies} == {0o700}
    assert Path(opened.layout.staging).is_relative_to(tmp_path / "cache")


@pytest.mark.parametrize("kind", ["s3", "azure", "gcs"])
def test_an_analyst_opens_a_store_by_its_address(tmp_path, monkeypatch, kind):
    night = first_night(3, SMALL, places()[:1])
    with place(kind, tmp_path, monkeypatch) as served:
        commit_estate(served.layout(), night)
        warehouse = open_notebook(served.address, store=served.block)
        assert warehouse.runs == [run_id(night)]
        assert len(warehouse.table("findings")) > 0
