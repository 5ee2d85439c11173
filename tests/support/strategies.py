"""Random estates and faults."""

from __future__ import annotations

from hypothesis import strategies as st

from providers.loopback.estate import Estate, Fault
from providers.loopback.story import Sizes, first_night, next_night

SMALL = Sizes(repositories=2, versions=3, flaws=40, flaws_per_image=3, odd_share=0.3)


@st.composite
def faults(draw: st.DrawFn, estate: Estate) -> tuple[Fault, ...]:
    """Draw what goes wrong in one night of an estate."""
    chosen = []
    for place in estate.places:
        kind = draw(st.sampled_from(("none", "none", "denied", "images_page", "findings_denied")))
        if kind == "none":
            continue
        registry = place.registries[draw(st.integers(0, len(place.registries) - 1))]
        repository = registry.repositories[draw(st.integers(0, len(registry.repositories) - 1))]
        azure, gcp = place.provider == "azure", place.provider == "gcp"
        by_project = place.provider != "aws" and kind == "findings_denied"
        chosen.append(
            Fault(
                kind,  # type: ignore[arg-type]  # the sampled words are the literal's
                place.provider,
                place.account,
                "" if by_project else place.region,
                registry.registry_id if kind == "images_page" or azure else "",
                repository.name if kind == "images_page" and not gcp else "",
                page=draw(st.integers(1, 2)),
            )
        )
    return tuple(chosen)


class History:
    """Consecutive nights of one estate; shown by their faults, for a whole estate fills books."""

    def __init__(self, seed: int, nights: list[Estate]) -> None:
        self.seed, self.nights = seed, nights

    def __repr__(self) -> str:
        return f"<History seed={self.seed} {self.nights!r}>"


@st.composite
def histories(draw: st.DrawFn, nights: int) -> History:
    """Draw consecutive nights of a small estate, each with faults of its own."""
    seed = draw(st.integers(0, 2**16))
    page_size = draw(st.integers(2, 6))
    estate = first_night(seed, SMALL)
    found = []
    for number in range(nights):
        if number:
            estate = next_night(estate, seed + number, SMALL)
        faulty = Estate(
            estate.name,
            estate.moment,
            estate.places,
            estate.tenant,
            draw(faults(estate)),
            page_size=page_size,
        )
        found.append(faulty)
    return History(seed, found)
