"""python -m benchmarks.scanning: what looking into images costs, and what a second night costs.

Real Trivy over real images of a loopback registry that share their layers. Prints, for a first and
a second night, and for a third without a scanner: seconds of the tool and of Trivy, layers pulled
of those there are, and memory: of the run, which is a process of its own, at its peak and while a
Trivy runs, and of the largest Trivy (the goal: scanning takes no more than one Trivy and 200 MB).
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from audit.app import App
from audit.cli.progress import shown
from audit.config import Config
from benchmarks.memory import peak_memory
from providers.loopback.oci import OciLoopback, Store
from providers.loopback.scanning import TrivyDatabase, push
from providers.loopback.scanning.stand import ADVISORIES, many

FIRST = datetime(2026, 11, 22, 2, tzinfo=UTC)
_PEAK = re.compile(r"Name:\s+trivy\n(?:.*\n)*?VmHWM:\s+(\d+) kB")
_NOW = re.compile(r"VmRSS:\s+(\d+) kB")
_OFTEN = 0.005


def main(argv: list[str]) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scanning", description=__doc__)
    parser.add_argument("--images", type=int, default=60, help="images that share their layers")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if given.one:
        sys.stdout.write(json.dumps(_night(json.loads(given.one))))
        return
    with TemporaryDirectory() as folder:
        for line in lines(Path(folder), given.images):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def lines(root: Path, images: int) -> Iterator[str]:
    """Yield the lines, one a night."""
    program = shutil.which("trivy", path=str(Path(sys.executable).parent))
    if program is None:
        yield "Trivy is not installed beside this Python: nothing was measured"
        return
    stand, store = many(images), Store()
    for name, image in stand.items():
        push(store, name, image, "1.0")
    layers = {layer.digest for image in stand.values() for layer in image.built().layers}
    yield (
        "night    images   wall s   tool CPU s   Trivy CPU s   layers pulled   "
        "peak MB   while scanning   Trivy MB"
    )
    with OciLoopback(store) as registry:
        for night, name in enumerate(("first", "second", "no scanner")):
            TrivyDatabase(list(ADVISORIES), FIRST + timedelta(days=night - 1)).write(root / "cache")
            before, started = registry.pulls.blobs.copy(), time.monotonic()
            asked = {"root": str(root), "night": night}
            asked["program"] = program if night < 2 else ""
            told, beside, largest = _apart({**asked, "providers": {"oci": registry.settings()}})
            pulled = registry.pulls.blobs - before
            times = sum(pulled[digest] for digest in layers)
            yield (
                f"{name:<10} {images:>4} {time.monotonic() - started:>8.1f} "
                f"{told['own']:>12.1f} {told['children']:>13.1f} {times:>8} of {len(layers)}"
                f"{told['peak']:>10.0f} {beside:>16.0f} {largest:>10.0f}"
            )


def _apart(asked: dict[str, Any]) -> tuple[dict[str, float], float, float]:
    """Run one night in a process of its own and return what it told.

    Beside that, in MB: what it took at most while a Trivy ran, and the largest Trivy.
    """
    words = [sys.executable, "-m", "benchmarks.scanning", "--one", json.dumps(asked)]
    beside = largest = 0
    with subprocess.Popen(words, stdout=subprocess.PIPE) as child:  # noqa: S603  this file again
        while child.poll() is None:
            if trivy := _trivy_below(child.pid):
                largest = max(largest, trivy)
                beside = max(beside, _told(child.pid, _NOW))
            time.sleep(_OFTEN)
        out = child.stdout.read() if child.stdout else b"{}"
    return json.loads(out), beside / 1024, largest / 1024


def _trivy_below(pid: int) -> int:
    """Return the peak in kB of the Trivys that a process has started and that run now."""
    found = 0
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in listed.read_text().split():
                found = max(found, _told(child, _PEAK))
        except OSError:  # it has ended meanwhile
            continue
    return found


def _told(pid: int | str, pattern: re.Pattern[str]) -> int:
    try:
        told = pattern.search(Path(f"/proc/{pid}/status").read_text())
    except OSError:  # it has ended meanwhile
        return 0
    return int(told[1]) if told else 0


def _night(asked: dict[str, Any]) -> dict[str, float]:
    logging.disable(logging.WARNING)
    root = Path(asked["root"])
    trivy = {"program": asked["program"], "cache_dir": str(root / "cache")}
    config = Config(
        version=1,
        warehouse=str(root / "warehouse"),
        out=str(root / "out"),
        providers=asked["providers"],
        scanners={"trivy": trivy} if asked["program"] else {},
    )
    with shown(bars=False) as planned:
        App(config, FIRST + timedelta(days=asked["night"])).run(planned)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    children = used.ru_utime + used.ru_stime
    return {"own": time.process_time(), "children": children, "peak": peak_memory()}


if __name__ == "__main__":
    main(sys.argv[1:])
