"""What Trivy's last words are taken for; the real words are proved against real Trivy elsewhere."""

from __future__ import annotations

import pytest

from audit.model.enums import State
from audit.ports import PullLogin, ScanError
from providers.scanners.failures import late
from providers.scanners.trivy.failures import failure
from providers.scanners.trivy.program import Trivy
from providers.scanners.trivy.settings import TrivySettings

SECRET = "".join(("s3", "cret"))  # ruff takes a plain one for a real one
PREFIX = "2026-11-22T02:00:00Z\tFATAL\tFatal error\trun error: image scan error: unable to find: "


@pytest.mark.parametrize(
    ("words", "code", "state"),
    [
        ("* remote error: GET x: MANIFEST_UNKNOWN: manifest unknown", "Missing", State.FAILED),
        ("* remote error: GET x: UNAUTHORIZED: no", "Unauthorised", State.DENIED),
        ("* remote error: DENIED: requested access", "Unauthorised", State.DENIED),
        ("dial tcp 127.0.0.1:1: connect: connection refused", "Unreachable", State.FAILED),
        ("tls: failed to verify certificate: x509: unknown", "Unreachable", State.FAILED),
        ("* remote error: TOOMANYREQUESTS: slow", "Throttled", State.FAILED),
        ("compressed image size 63.4MB exceeds maximum", "TooLarge", State.NOT_SCANNED),
        ("context deadline exceeded", "TimedOut", State.FAILED),
        ("--skip-db-update cannot be specified on the first run", "DatabaseAbsent", State.FAILED),
        (
            "Unable to initialize the Java DB: '--x' cannot be specified on the first run",
            *("JavaDatabaseAbsent", State.FAILED),
        ),
        ("The local DB has an old DB schema", "DatabaseSchema", State.FAILED),
        ('invalid realm: realm host "10.0.0.1" is a private or', "RealmRefused", State.FAILED),
        ("unsupported artifact type: application/x", "NotAnImage", State.UNSUPPORTED),
        ("manifest digest does not match requested digest", "NotWhatItSays", State.FAILED),
        ("BLOB_UNKNOWN: blob unknown to registry", "Missing", State.FAILED),
        ("words that nobody has seen", "ScanFailed", State.FAILED),
        ("", "ScanFailed", State.FAILED),
    ],
)
def test_each_failure_is_told_apart_and_none_is_a_look(words, code, state):
    found = failure(1, PREFIX + words)
    assert (found.code, found.state) == (code, state)


def test_a_crash_is_one_whatever_it_says():
    found = failure(2, "panic: runtime error\n\ngoroutine 1 [running]:\nmain.main()")
    assert (found.code, str(found)) == ("ScannerBroken", "Trivy broke down: panic: runtime error")


def test_what_is_said_of_a_failure_is_the_same_for_every_image_it_happens_to():
    one, two = (failure(1, f"{PREFIX}* remote error: GET {x}: UNAUTHORIZED: no") for x in "ab")
    assert one.message == two.message == "the registry refused the login"
    assert (one.told, two.told) == ("GET a: UNAUTHORIZED: no", "GET b: UNAUTHORIZED: no")


def test_words_are_bounded():
    assert len(str(failure(1, f"{PREFIX}* remote error: UNAUTHORIZED: {'x' * 5000}"))) < 400


@pytest.mark.parametrize("kind", ["Unauthorised", "Unreachable"])
def test_the_name_of_an_image_says_nothing_of_why_it_could_not_be_pulled(kind):
    said = {"Unauthorised": "UNAUTHORIZED: no", "Unreachable": "connect: connection refused"}[kind]
    name = "https://registry.example/v2/team/denied/unauthorized/manifests/sha256:0"
    assert failure(1, f"{PREFIX}* remote error: Get {name}: {said}").code == kind


def test_a_trivy_that_had_to_be_stopped_timed_out():
    assert late("Trivy", 5).code == "TimedOut"


@pytest.mark.parametrize(
    ("repository", "plain"),
    [
        ("127.0.0.1:5000/mirror/trivy-db:2", True),
        ("localhost/trivy-db", True),
        ("registry.example:5000/trivy-db", False),
    ],
)
def test_only_loopback_may_be_plain_and_only_where_it_is_allowed(repository, plain):
    allowed = TrivySettings(database_repository=repository, allow_insecure_loopback=True)
    assert allowed.plain(repository) is plain
    assert not TrivySettings(database_repository=repository).plain(repository)


def test_a_repository_that_would_be_an_option_is_refused():
    with pytest.raises(ValueError, match="is no repository"):
        TrivySettings(database_repository="--config=/etc/passwd")


@pytest.mark.parametrize(
    ("host", "may"),
    [
        *(("registry.example.org", True), ("registry.example.org:5000", True)),
        *(("127.0.0.1:5000", True), ("localhost:5000", True), ("[::1]:5000", True)),
        *(("10.0.0.1", False), ("192.168.1.2:5000", False), ("registry.local:443", False)),
    ],
)
def test_a_login_does_not_go_where_trivy_might_send_it_in_plain_http(host, may, tmp_path):
    login = PullLogin(host, username="u", secret=SECRET)
    for allowed, code in (
        (False, "ScannerMissing" if may else "PlainFallback"),
        (True, "ScannerMissing"),
    ):
        settings = TrivySettings(program="/no/such/trivy", allow_plain_fallback=allowed)
        with pytest.raises(ScanError) as caught:
            Trivy(settings, tmp_path).describe("x", login, tmp_path / "out")
        assert caught.value.code == code
        assert SECRET not in f"{caught.value}{login!r}"
