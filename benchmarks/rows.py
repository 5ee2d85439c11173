"""A night of a generated estate as rows for the store: arrays, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audit.model.columns import Columns
from benchmarks.estate import AREAS, Area, GeneratedEstate, utc
from benchmarks.words import SEVERITIES, Numbers, Texts

BLOCK = 250
"""Images a block of rows."""


def tasks(estate: GeneratedEstate) -> Iterator[tuple[Area, Iterator[Columns]]]:
    """Yield each scope and the rows it stages tonight, block by block."""
    for number, area in enumerate(AREAS):
        placed = np.flatnonzero(estate.area_of[estate.repository] == number)
        yield area, _blocks(estate, area, placed)


def _blocks(estate: GeneratedEstate, area: Area, placed: Numbers) -> Iterator[Columns]:
    met = np.zeros(estate.words.count, dtype=bool)
    names = _texts(f"team-{r % 40}/service-{r}" for r in np.unique(estate.repository[placed]))
    known = np.unique(estate.repository[placed])
    where = {"provider": area.provider, "registry_id": area.registry_id}
    place = {"scope_id": area.scope_id, "account": area.account, "region": area.region}
    yield _block("registries", len(placed[:1]), {**where, **place})
    yield _block("repositories", len(known), {**where, **place, "complete": True}, repository=names)
    for start in range(0, len(placed), BLOCK):
        chunk = placed[start : start + BLOCK]
        repository = names[np.searchsorted(known, estate.repository[chunk])]
        yield from _inventory(estate, area, chunk, repository)
        flaws = np.concatenate(
            [estate.base_flaws[estate.base_of[estate.repository[chunk]]], estate.own_flaws[chunk]],
            1,
        )
        looked = estate.number[chunk] % 33 > 0  # the others are of a kind that is not supported
        met[flaws[looked]] = True
        yield _findings(estate, area, chunk[looked], repository[looked], flaws[looked])
    yield _vulnerabilities(estate, np.flatnonzero(met))


def _inventory(
    estate: GeneratedEstate, area: Area, chunk: Numbers, repository: Texts
) -> Iterator[Columns]:
    where = {"provider": area.provider, "registry_id": area.registry_id}
    place = {"scope_id": area.scope_id, "account": area.account, "region": area.region}
    digests, pushed = _digests(estate, chunk), estate.pushed[chunk]
    tags = _texts(
        [f"1.{number}", f"git-{number * 2654435761 % 2**32:08x}"] for number in estate.number[chunk]
    )
    yield _block(
        "images",
        len(chunk),
        {
            "kind": "image",
            "media_type": "application/vnd.oci.image.manifest.v1+json",
            "os": "linux",
            "architecture": "amd64",
            "child_digests": [],
        },
        digest=digests,
        size_bytes=estate.number[chunk] * 7919 % 400_000_000,
        created_at=pushed,
    )
    yield _block(
        "placements",
        len(chunk),
        {**where, **place, "archived": False},
        repository=repository,
        digest=digests,
        tags=tags,
        pushed_at=pushed,
    )
    supported = estate.number[chunk] % 33 > 0
    yield _block(
        "assessments",
        len(chunk),
        {**where, "source": area.source},
        repository=repository,
        digest=digests,
        state=np.where(supported, "assessed", "unsupported").astype(object),
        native_status=np.where(supported, "ACTIVE", "UNSUPPORTED_IMAGE").astype(object),
        reason=_texts(None if fine else "UNSUPPORTED_OS" for fine in supported),
        scanned_at=np.where(
            supported, utc(estate.moment) - np.timedelta64(3, "h"), np.datetime64("NaT", "us")
        ),
    )


def _findings(
    estate: GeneratedEstate, area: Area, chunk: Numbers, repository: Texts, flaws: Numbers
) -> Columns:
    each, flat = flaws.shape[1], flaws.ravel()
    _, first = np.unique(np.repeat(chunk, each) * estate.words.count + flat, return_index=True)
    image, flat = np.repeat(np.arange(len(chunk)), each)[first], flat[first]
    severity = np.array([*SEVERITIES], dtype=object)[estate.severity[flat]]
    cells: dict[str, Any] = {name: told[flat] for name, told in estate.words.texts.items()}
    fixable = estate.fixable[flat]
    cells |= {
        "repository": repository[image],
        "digest": _digests(estate, chunk)[image],
        "aliases": estate.words.aliases[flat],
        "fixed_version": np.where(fixable, cells["fixed_version"], None),
        "fix_state": np.where(fixable, "available", "not_available").astype(object),
        "severity": severity,
        "native_severity": severity,
        "cvss_score": estate.words.scores[flat],
        "native_first_seen_at": np.maximum(
            estate.pushed[chunk][image], estate.words.published[flat]
        )
        + np.timedelta64(90, "s"),
    }
    if estate.size.native_ids:
        cells["native_id"] = _ids(area, estate.number[chunk][image], flat)
    constants = {
        "provider": area.provider,
        "registry_id": area.registry_id,
        "source": area.source,
        "severity_source": "NVD",
        "cvss_version": "3.1",
        "native_state": "ACTIVE",
    }
    return _block("findings", len(flat), constants, **cells)


def _vulnerabilities(estate: GeneratedEstate, flaws: Numbers) -> Columns:
    ids = estate.words.texts["vulnerability_id"][flaws]
    _, first = np.unique(ids.astype(str), return_index=True)
    chosen, texts = flaws[first], estate.words.texts
    cvss = _texts(
        [{"source": "NVD", "version": "3.1", "vector": vector, "score": score}]
        for vector, score in zip(
            texts["cvss_vector"][chosen], estate.words.scores[chosen], strict=True
        )
    )
    return _block(
        "vulnerabilities",
        len(chosen),
        {},
        vulnerability_id=ids[first],
        aliases=estate.words.aliases[chosen],
        title=texts["title"][chosen],
        description=estate.words.descriptions[chosen],
        references=_texts([url] for url in texts["url"][chosen]),
        cvss=cvss,
        published_at=estate.words.published[chosen],
    )


def _digests(estate: GeneratedEstate, chunk: Numbers) -> Texts:
    return _texts("sha256:" + text for text in _hex(estate.number[chunk], 32))


def _ids(area: Area, image: Numbers, flaw: Numbers) -> Texts:
    """Return the source's own id of each statement: random, the same every night."""
    head = f"arn:aws:inspector2:{area.region}:{area.account}:finding/"
    return _texts(head + text for text in _hex(image * 1_000_003 + flaw, 16))


def _hex(numbers: Numbers, size: int) -> list[str]:
    """Return ``size`` bytes in hex for each number, as good as random and always the same."""
    words = []
    for salt in range(size // 8):
        mixed = (numbers.astype(np.uint64) ^ np.uint64(salt << 56)) * np.uint64(0x9E3779B97F4A7C15)
        for shift in (30, 27, 31):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(0xBF58476D1CE4E5B9)
        words.append(mixed)
    text, width = np.stack(words, 1).tobytes().hex(), size * 2
    return [text[at : at + width] for at in range(0, len(text), width)]


def _texts(items: Any) -> Texts:  # noqa: ANN401  any iterable of cells
    listed = list(items)
    told = np.empty(len(listed), dtype=object)
    told[:] = listed
    return told


def _block(table: str, rows: int, constants: dict[str, Any], **cells: Any) -> Columns:  # noqa: ANN401
    """Return rows whose columns are arrays: a parser's loop would measure the generator."""
    block = Columns(table, **constants)
    missing = block.data.keys() - cells.keys()
    block.data = {**cells, **{name: [None] * rows for name in missing}}
    block.rows = rows
    return block
