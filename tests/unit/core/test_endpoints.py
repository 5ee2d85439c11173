"""Which addresses may be talked to."""

from __future__ import annotations

import pytest

from audit.endpoints import check_endpoint, is_loopback


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize(
    "url", ["https://ecr.example.org", "https://10.0.0.1:8443/path", "HTTPS://X.example.org"]
)
def test_https_may_go_anywhere(url, allowed):
    assert check_endpoint(url, allow_insecure_loopback=allowed) == url


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://localhost", "http://[::1]:8080", "http://127.8.9.10"]
)
def test_plain_http_may_go_to_this_machine_when_it_is_allowed(url):
    assert check_endpoint(url, allow_insecure_loopback=True) == url
    with pytest.raises(ValueError, match="set allow_insecure_loopback: true"):
        check_endpoint(url, allow_insecure_loopback=False)


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org", "http://127.0.0.1.example.org", "http://localhost.example.org"),
        *("http://[2001:db8::1]", "http://169.254.169.254", "http://0.0.0.0", "http://127.1"),
        *("ftp://127.0.0.1", "//127.0.0.1", "127.0.0.1:80", "https://", "http://", "", "http://["),
        "http:/127.0.0.1",
    ],
)
def test_anything_else_is_refused(url):
    with pytest.raises(ValueError, match=r".+"):
        check_endpoint(url, allow_insecure_loopback=True)


@pytest.mark.parametrize(
    "url", ["https://who:s3cret@example.org", "http://s3cret@127.0.0.1", "http://a:s3cret@b.org"]
)
def test_credentials_in_an_address_are_refused_and_not_repeated(url):
    """Addresses are printed, logged and hashed into the run's configuration."""
    with pytest.raises(ValueError, match="credentials") as error:
        check_endpoint(url, allow_insecure_loopback=True)
    assert "s3cret" not in str(error.value)


def test_loopback_is_an_address_and_not_a_name_that_looks_like_one():
    assert is_loopback("127.255.255.254")
    assert is_loopback("::1")
    assert not is_loopback("127.0.0.1.nip.io")
    assert not is_loopback("::ffff:10.0.0.1")
