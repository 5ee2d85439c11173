"""The configuration: YAML to frozen settings. A typo stops the run and names itself."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import orjson
import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from audit.errors import ConfigError
from audit.judge.deadlines import DEFAULT, DeadlineProfile, shipped, shipped_ids
from audit.ports import Settings
from audit.rules import ScanRules

M = TypeVar("M", bound=BaseModel)
_MERGE = "tag:yaml.org,2002:merge"
_PLUGINS = ("providers", "scanners")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def _profile(given: object) -> object:
    """Find a deadline profile by its id, or by the path of its file."""
    if not isinstance(given, str):
        return given
    known = shipped_ids()
    if given in known:
        return shipped(given)
    if not given.endswith((".yaml", ".yml")):
        told = f"no such profile: {given!r}{_nearest(given, known)}; known: {', '.join(known)}, or "
        raise PydanticCustomError("profile", "{told}", {"told": told + "the path of a .yaml file"})
    try:
        return validate(DeadlineProfile, read_yaml(Path(given)), "", given)
    except ConfigError as error:
        raise PydanticCustomError("profile", "{told}", {"told": str(error)}) from None


class Policy(Settings):
    """Rules by which a run is judged; printed in every report."""

    newest_tagged: int = Field(
        10, ge=1, description="Tagged images of a repository that count as current, newest first."
    )
    used_within_days: int = Field(
        30, ge=0, description="Images pulled within these days, or in use, are current too."
    )
    evidence_window_days: int = Field(
        30, ge=1, description="An assessment whose evidence is older than this is stale."
    )
    deadlines: Annotated[
        DeadlineProfile,
        BeforeValidator(_profile),
        WithJsonSchema({"type": "string", "default": DEFAULT}),
    ] = Field(
        default_factory=lambda: shipped(DEFAULT),
        description="Profile of deadlines: the id of one that is shipped, or a YAML file.",
    )


class Collect(Settings):
    """How collection runs."""

    workers: int = Field(8, ge=1, le=64, description="Tasks collected at the same time.")
    memory: str = Field(
        "512MB", pattern=r"^\d+(MB|GB)$", description="Memory limit of the query engine."
    )
    resume_within_hours: int = Field(
        12, ge=0, description="Age of a broken run up to which it is gone on with; 0 is never."
    )


class Retention(Settings):
    """Which snapshots ``prune`` keeps; history tables are always kept whole."""

    daily: int = Field(35, ge=1, description="Days of which every run is kept.")
    weekly: int = Field(26, ge=0, description="Weeks after that of which one run each is kept.")


class Config(Settings):
    """The whole configuration. Blocks of providers and scanners are checked by their plug-in."""

    version: Literal[1] = Field(description="Version of this file's form.")
    warehouse: str = Field(
        "./out/warehouse", description="Folder or address (s3://, az://, gs://) of the warehouse."
    )
    store: dict[str, Any] = Field(
        default_factory=dict, description="Settings of the warehouse's object store."
    )
    import_stores: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Settings of object stores that reports are imported from: s3, gs, az, abfs.",
    )
    out: str = Field("./out/reports", description="Folder that reports are written to.")
    languages: tuple[Literal["en", "ja"], ...] = Field(
        ("en", "ja"), min_length=1, description="Languages that reports are written in."
    )
    reports: tuple[str, ...] = Field((), description="Reports to write; empty means all.")
    policy: Policy = Policy()
    collect: Collect = Collect()
    retention: Retention = Retention()
    owners: str | None = Field(
        None, description="File that says who answers for which repositories."
    )
    retired_scopes: tuple[str, ...] = Field(
        (), description="Inventory scopes that are gone for good, by scope_id."
    )
    providers: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Settings by provider: aws, azure, gcp, oci."
    )
    scanners: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Settings of our own scanners by name: trivy, grype."
    )
    scan: ScanRules = ScanRules()
    _source: str = PrivateAttr("configuration")
    _environment: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def source(self) -> str:
        """Name of the file this was read from, for error messages."""
        return self._source

    def plugin_block(self, kind: Literal["providers", "scanners"], name: str) -> Any:  # noqa: ANN401  YAML
        """Return a provider's or scanner's block with what it refers to in the environment.

        Raises:
            ConfigError: It refers to a variable that is not set.
        """
        block = {"providers": self.providers, "scanners": self.scanners}[kind][name]
        return resolve(block, self._environment, self.source, f"{kind}.{name}")


class _StrictLoader(yaml.SafeLoader):
    """A YAML loader that refuses a key given twice."""


class _TwiceError(yaml.YAMLError):
    """A key is given twice in one mapping."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key_node, _ in node.value:
        # Keys that are no scalars are refused below; a merge (<<) may be given several times.
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == _MERGE:
            continue
        if key_node.value in seen:
            line = key_node.start_mark.line + 1
            raise _TwiceError(f"line {line}: key {key_node.value!r} is given twice")
        seen.add(key_node.value)
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_config(path: Path, environment: Mapping[str, str]) -> Config:
    """Read and check a configuration file.

    What the blocks of providers and scanners refer to in the environment is looked up when one is
    opened: to read a report takes no cloud's secret.

    Raises:
        ConfigError: The file is missing, not YAML, holds an unknown or ill-typed key, or refers to
            an environment variable that is not set.
    """
    document = read_yaml(path, "registry-audit init writes one")
    own = {key: value for key, value in document.items() if key not in _PLUGINS}
    blocks = {key: value for key, value in document.items() if key in _PLUGINS}
    config = validate(Config, resolve(own, environment, str(path)) | blocks, "", str(path))
    config._source = str(path)  # noqa: SLF001  its own loader fills it in
    config._environment = dict(environment)  # noqa: SLF001  the same
    return config


def read_yaml(path: Path, cure: str = "name a file that can be read") -> dict[Any, Any]:
    """Read a YAML file that holds one mapping, no key of it given twice.

    Raises:
        ConfigError: It is missing or not such a file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", where=str(path), cure=cure) from error
    try:
        document = yaml.load(text, Loader=_StrictLoader)  # noqa: S506  a SafeLoader underneath
    except _TwiceError as error:
        raise ConfigError(str(error), where=str(path), cure="keep one") from error
    except (yaml.YAMLError, ValueError) as error:  # a date that is none is a ValueError
        raise ConfigError(f"not YAML: {error}", where=str(path), cure="mend the syntax") from error
    if not isinstance(document, dict):
        raise ConfigError("is not a mapping", where=str(path), cure="start with 'version: 1'")
    return document


def resolve(
    value: Any,  # noqa: ANN401  YAML
    environment: Mapping[str, str],
    file: str,
    path: str = "",
) -> Any:  # noqa: ANN401  YAML
    """Return ``value`` with every ``${NAME}`` replaced from the environment."""
    if isinstance(value, dict):
        return {k: resolve(v, environment, file, _join(path, k)) for k, v in value.items()}
    if isinstance(value, list):
        return [resolve(v, environment, file, _join(path, n)) for n, v in enumerate(value)]
    if not isinstance(value, str):
        return value
    for name in _REFERENCE.findall(value):
        if name not in environment:
            raise ConfigError(
                f"{path}: environment variable {name} is not set", where=file, cure=f"set {name}"
            )
    return _REFERENCE.sub(lambda match: environment[match.group(1)], value)


def validate(model: type[M], document: Any, path: str, where: str) -> M:  # noqa: ANN401  YAML
    """Check a document against a settings model.

    Raises:
        ConfigError: With a line for each fault: path of the key, what is wrong, nearest name.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        faults = [_fault(model, fault, path) for fault in error.errors(include_url=False)]
        raise ConfigError(
            "; ".join(faults), where=where, cure="registry-audit schema --config"
        ) from None


def check_names(path: str, given: Iterable[str], known: Sequence[str], where: str) -> None:
    """Check that plug-ins named in the configuration exist.

    Raises:
        ConfigError: One does not; the nearest name that does is told.
    """
    for name in given:
        if name not in known:
            near = _nearest(name, known)
            cure = f"known: {', '.join(known)}"
            raise ConfigError(f"{path}: unknown name {name!r}{near}", where=where, cure=cure)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def _fault(model: type[BaseModel], fault: Any, path: str) -> str:  # noqa: ANN401  pydantic's dict
    where = path
    for part in fault["loc"]:
        where = _join(where, part)
    if fault["type"] != "extra_forbidden":
        return f"{where}: {fault['msg']}"
    return f"{where}: unknown key" + _nearest(str(fault["loc"][-1]), _names(model))


def _names(model: type[BaseModel]) -> Iterator[str]:
    """Yield every field name of a model and of the models inside it."""
    schema = model.model_json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        yield from part.get("properties", {})


def _join(path: str, part: object) -> str:
    if isinstance(part, int):
        return f"{path}[{part}]"
    return f"{path}.{part}" if path else str(part)


_NOT_HASHED = {"providers", "scanners", "warehouse", "store", "import_stores", "out"}


def config_sha256(
    config: Config, providers: Mapping[str, BaseModel], scanners: Mapping[str, BaseModel]
) -> str:
    """Return a hash of the settings in force. Secrets are masked before they are hashed."""
    whole = config.model_dump(mode="json", exclude=_NOT_HASHED)
    for kind, settings in (("providers", providers), ("scanners", scanners)):
        whole[kind] = {name: one.model_dump(mode="json") for name, one in settings.items()}
    return hashlib.sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()
