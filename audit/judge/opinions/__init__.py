"""What several sources say of one image, held side by side: views over one run.

Each file of this folder is the query of one view, which is called as the file is without its
number, and says what a row is. They stand on the tables of the run and on the history of groups,
SBOMs and packages.

Statements are matched by what they mean, never added up: the vulnerability by its leading id, the
package by its name without version, a binary package by the source package that the image's SBOM
names for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def opinion_views() -> Mapping[str, str]:
    """Return the query of each view by its name, in the order in which they build on each other."""
    folder = files("audit.judge.opinions")
    named = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return {
        name.removesuffix(".sql").partition("_")[2]: folder.joinpath(name).read_text("utf-8")
        for name in named
    }
