"""A configuration that is wrong stops the run and says where; one that is right holds still."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from audit import plugins
from audit.config import Config, config_sha256, load_config, validate
from audit.errors import ConfigError
from audit.ports import Settings


class Inner(Settings):
    secret: SecretStr = SecretStr("")
    attempts: int = 1


class Outer(Settings):
    inner: tuple[Inner, ...] = ()
    region: str = "here"


def written(folder: Path, text: str) -> Path:
    path = folder / "audit.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str, **environment: str) -> str:
    path = written(folder, text)
    with pytest.raises(ConfigError) as error:
        load_config(path, environment)
    told = str(error.value)
    assert told.startswith(str(path)), "every refusal begins with the file"
    assert error.value.cure
    return told


def test_a_whole_file_is_read(tmp_path):
    text = """
version: 1
warehouse: ${ROOT}/warehouse
languages: [ja]
policy: {newest_tagged: 3}
collect: {workers: 2, memory: 1GB}
retired_scopes: [aws/1/x]
providers:
  aws: &block
    regions: [eu-west-1]
"""
    path = written(tmp_path, text)
    config = load_config(path, {"ROOT": "/srv"})
    assert (config.warehouse, config.languages, config.policy.newest_tagged) == (
        "/srv/warehouse",
        ("ja",),
        3,
    )
    assert config.providers == {"aws": {"regions": ["eu-west-1"]}}
    assert config.source == str(path)
    with pytest.raises(ValidationError, match="frozen"):
        config.warehouse = "elsewhere"  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize(
    ("text", "path", "near"),
    [
        ("version: 1\nwarehose: x", "warehose", "warehouse"),
        ("version: 1\npolicy: {newest_taged: 3}", "policy.newest_taged", "newest_tagged"),
        ("version: 1\ncollect: {worker: 3}", "collect.worker", "workers"),
    ],
)
def test_an_unknown_key_is_named_with_its_path_and_the_nearest_name(tmp_path, text, path, near):
    assert f"{path}: unknown key, did you mean {near!r}?" in refused(tmp_path, text)


def test_a_key_like_no_other_has_no_nearest_name(tmp_path):
    assert refused(tmp_path, "version: 1\nxyzzy: 1").count("did you mean") == 0


def test_every_fault_is_told_at_once(tmp_path):
    told = refused(tmp_path, "version: 1\nlanguages: [fr]\ncollect: {workers: 0}\nzzz: 1")
    assert "languages[0]: " in told
    assert "collect.workers: " in told
    assert "zzz: unknown key" in told


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "not a mapping"),
        ("- version", "not a mapping"),
        ("version: 2", "version"),
        ("warehouse: x", "version"),
        ("version: 1\ncollect: {memory: lots}", "collect.memory"),
        ("version: 1\nproviders: [aws]", "providers"),
        ("version: 1\nproviders: {aws: yes}", "providers.aws"),
        ("version: 1\npolicy: {newest_tagged: many}", "policy.newest_tagged"),
        ("version: [1", "not YAML"),
        ("version: !!python/object:os.system x", "not YAML"),
        ("version: 1\n\x00", "not YAML"),
        ("version: 2026-13-45", "not YAML"),
        ("version: &v [*v]", "not YAML"),
        ("version: 1\n? [a, b]\n: c", "not YAML"),
        ("version: 1\n? {a: b}\n: c", "not YAML"),
    ],
)
def test_what_is_not_a_configuration_is_refused(tmp_path, text, word):
    assert word in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("version: yes", "version"),
        ("version: 1\npolicy: {newest_tagged: true}", "policy.newest_tagged"),
        ("version: 1\npolicy: {used_within_days: yes}", "policy.used_within_days"),
        ("version: 1\ncollect: {workers: on}", "collect.workers"),
        ("version: 1\nlanguages: []", "languages"),
    ],
)
def test_what_would_silently_mean_another_thing_is_refused(tmp_path, text, path):
    """``used_within_days: yes`` would be one day, and no language would be no report."""
    assert f"{path}: " in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("version: 1\nwarehouse: a\nwarehouse: b", 3),
        ("version: 1\nproviders:\n  aws: {}\n  aws: {}", 4),
        ("version: 1\nproviders:\n  aws:\n    regions: [a]\n    regions: [b]", 5),
    ],
)
def test_a_key_given_twice_is_refused_with_its_line(tmp_path, text, line):
    """YAML would silently keep the last one: half the estate may be missing."""
    key = text.rsplit("\n", 1)[1].partition(":")[0].strip()
    assert f"line {line}: key {key!r} is given twice" in refused(tmp_path, text)


def test_a_merged_key_may_be_given_again(tmp_path):
    text = "version: 1\nproviders:\n  aws: &a {x: 1, y: 2}\n  gcp: {<<: *a, x: 3}"
    config = load_config(written(tmp_path, text), {})
    assert config.providers["gcp"] == {"x": 3, "y": 2}


def test_a_missing_file_names_the_command_that_writes_one(tmp_path):
    with pytest.raises(ConfigError, match=r"nothing\.yaml: cannot be read.*registry-audit init"):
        load_config(tmp_path / "nothing.yaml", {})


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"version: \xe9"])
def test_a_file_that_is_no_text_is_refused(tmp_path, content):
    path = tmp_path / "latin.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(path, {})


def test_a_missing_reference_names_file_key_and_variable(tmp_path):
    text = "version: 1\nproviders:\n  azure:\n    tenants:\n      - client_secret: ${AZ_SECRET}"
    config = load_config(written(tmp_path, text), {"OTHER": "x"})
    with pytest.raises(ConfigError) as error:
        config.plugin_block("providers", "azure")
    told = str(error.value)
    assert str(tmp_path) in told
    assert "providers.azure.tenants[0].client_secret: environment variable AZ_SECRET" in told
    assert "set AZ_SECRET" in told


def test_references_are_replaced_once_and_inside_texts(tmp_path):
    """A secret that happens to hold ${...} is a secret, not another reference."""
    text = "version: 1\nwarehouse: ${A}-${B}\nproviders: {aws: {k: '${A}'}}"
    config = load_config(written(tmp_path, text), {"A": "${B}", "B": "b"})
    assert config.warehouse == "${B}-b"
    assert config.plugin_block("providers", "aws") == {"k": "${B}"}


def test_a_faulty_block_does_not_show_its_values(tmp_path):
    del tmp_path
    given = {"inner": [{"secret": ["s3cret"], "attempts": "s3cret"}]}
    with pytest.raises(ConfigError) as error:
        validate(Outer, given, "providers.x", "file")
    assert "providers.x.inner[0].secret: " in str(error.value)
    assert "s3cret" not in str(error.value)


def test_the_hash_holds_still_and_knows_no_secret():
    config = Config(version=1)

    def hashed(word: str, region: str = "here") -> str:
        settings = Outer(inner=(Inner(secret=SecretStr(word)),), region=region)
        return config_sha256(config, {"x": settings}, {})

    assert len(hashed("a")) == 64
    assert hashed("a") == hashed("b")
    assert hashed("a") != hashed("a", region="there")


def test_the_hash_is_of_rules_and_not_of_folders():
    one, two = Config(version=1, warehouse="a"), Config(version=1, warehouse="b", out="c")
    three = Config.model_validate({"version": 1, "policy": {"newest_tagged": 5}})
    assert config_sha256(one, {}, {}) == config_sha256(two, {}, {}) != config_sha256(three, {}, {})


def test_the_example_is_a_configuration_of_every_provider(tmp_path):
    text = files("audit.cli").joinpath("registry-audit.example.yaml").read_text("utf-8")
    config = load_config(written(tmp_path, text), {})
    assert set(config.providers) == set(plugins.names(plugins.PROVIDERS))
    for name, block in config.providers.items():
        validate(plugins.provider(name).settings_model, block, name, "example")
