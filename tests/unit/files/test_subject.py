"""Which image a report is about, and by what it is keyed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from audit.errors import ReportFileError
from providers.files.subject import NO_NAME, NO_REGISTRY, Subject, Told, subject_of

ONE, TWO, CONFIG = (f"sha256:{digit * 64}" for digit in "12c")


def told(
    names: Sequence[str] = (),
    tags: Sequence[str] = (),
    digests: Sequence[str] = (),
    image_id: str | None = None,
    manifest_digest: str | None = None,
) -> Subject:
    return subject_of(Told(names, tags, digests, image_id, manifest_digest))


def key(subject: Subject) -> tuple[str, str, str, str]:
    return subject.registry_id, subject.repository, subject.digest, subject.keyed_by


def test_the_digest_of_the_name_asked_for_wins():
    found = told(["h.io/a@" + ONE], digests=["h.io/a@" + TWO], image_id=CONFIG)
    assert key(found) == ("h.io", "a", ONE, "digest")


def test_the_repository_digest_is_that_of_the_repository_asked_for():
    found = told(
        ["h.io/b:1"], ["h.io/b:1", "h.io/a:9", "h.io/b:2"], ["h.io/a@" + ONE, "h.io/b@" + TWO]
    )
    assert key(found) == ("h.io", "b", TWO, "digest")
    assert found.tags == ("1", "2")
    assert found.said == "h.io/b:1"


def test_an_image_with_one_digest_lies_where_that_digest_can_be_pulled():
    found = told(["local/app:dev"], ["local/app:dev", "h.io/app:3"], ["h.io/app@" + ONE], CONFIG)
    assert key(found) == ("h.io", "app", ONE, "digest")
    assert found.tags == ("3",)


def test_digests_of_other_repositories_prove_nothing_when_there_are_several():
    digests = ["h.io/a@" + ONE, "h.io/b@" + TWO]
    found = told(["local/app:dev"], ["local/app:dev"], digests, CONFIG)
    assert key(found) == ("docker.io", "local/app", CONFIG, "image id")


@pytest.mark.parametrize("name", ["images/app.tar.gz", "./app", "/x/y.TAR", "C:\\app.tar"])
def test_a_path_asked_for_is_no_repository(name):
    assert key(told([name], ["h.io/app:3"], image_id=CONFIG))[:2] == ("h.io", "app")
    alone = told([name], image_id=CONFIG)
    assert key(alone) == (NO_REGISTRY, name, CONFIG, "image id")


def test_a_scheme_before_the_name_is_left_out():
    assert key(told(["registry:h.io:5000/app:1"]))[:2] == ("h.io:5000", "app")


def test_without_digest_and_image_id_the_reference_is_the_key():
    found = told(["app:1"], image_id="sha256:cut")
    assert key(found) == ("docker.io", "library/app", "ref:docker.io/library/app:1", "reference")
    assert key(told(["REDACTED"])) == (NO_REGISTRY, "REDACTED", "ref:REDACTED", "reference")


def test_a_nameless_image_is_kept_by_its_id():
    assert key(told([""], [""], [""], CONFIG)) == (NO_REGISTRY, NO_NAME, CONFIG, "image id")
    proven = told(manifest_digest=ONE)
    assert key(proven) == (NO_REGISTRY, NO_NAME, ONE, "digest")


def test_a_report_of_nobody_knows_what_is_refused():
    with pytest.raises(ReportFileError, match="which image was scanned"):
        told(["", ""], [""])
