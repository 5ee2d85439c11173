"""Which runs are published: by moment, and in the order in which they were published.

The two orders differ where a run was filled in later for a moment of the past. A run knows only the
runs that were published before it, so its answers stay what they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Ledger:
    """Published runs.

    Args:
        sequences: Id of each run -> its place in the order of publication, from 1.
    """

    sequences: Mapping[str, int]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, int | None]]) -> Ledger:
        """Return the ledger of (run id, sequence) rows; runs without one come in order of ids."""
        numbered = sorted(rows)
        known = {run_id: number for run_id, number in numbered if number is not None}
        unnumbered = [run_id for run_id, number in numbered if number is None]
        return cls(known | {run_id: place for place, run_id in enumerate(unnumbered, 1)})

    @cached_property
    def run_ids(self) -> list[str]:
        """Ids of the runs by moment, oldest first."""
        return sorted(self.sequences)

    @property
    def newest(self) -> str | None:
        """The run of the latest moment."""
        return self.run_ids[-1] if self.sequences else None

    @property
    def last_published(self) -> str | None:
        """The run that was published last."""
        return max(self.sequences, key=lambda run: self.sequences[run], default=None)

    @property
    def next_sequence(self) -> int:
        """The place of the next run to be published."""
        return max(self.sequences.values(), default=0) + 1

    @property
    def in_order(self) -> bool:
        """Whether every run was published after all runs of earlier moments."""
        places = [self.sequences[run] for run in self.run_ids]
        return places == sorted(places)

    def before(self, run_id: str) -> Ledger:
        """Return the runs of earlier moments that ``run_id`` knows, itself left out.

        A run that is not published yet knows all of them.
        """
        bound = self.sequences.get(run_id, self.next_sequence)
        return Ledger(
            {run: place for run, place in self.sequences.items() if run < run_id and place < bound}
        )

    def filled_in_since(self, run_id: str) -> list[str]:
        """Return the runs of earlier moments that were published after ``run_id``."""
        bound = self.sequences[run_id]
        return [run for run in self.run_ids if run < run_id and self.sequences[run] > bound]
