"""What a program says of its login is hidden before anybody sees it, however it is written."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from audit.ports import PullLogin, ScanError
from providers.scanners.failures import OF_REGISTRIES, explained
from providers.scanners.masking import masked
from providers.scanners.program import Program

SECRETS = ("s3cr3t-token", "a+b/c=d&e f%", 'p"w\\d-s3cr3t', "pässwort-s3cr3t")


@pytest.mark.parametrize("secret", SECRETS)
def test_every_form_of_a_secret_is_hidden(secret):
    login = PullLogin("registry.example", username="reader", secret=secret)
    basic = base64.b64encode(f"reader:{secret}".encode()).decode()
    forms = (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), basic)
    for form in (*forms, json.dumps(secret)[1:-1]):
        assert masked(f"GET https://r/token?p={form}: refused", login) == (
            "GET https://r/token?p=***: refused"
        )


def test_without_a_login_nothing_is_hidden():
    for login in (None, PullLogin("registry.example")):
        assert masked("no secret here", login) == "no secret here"


@pytest.mark.parametrize("before", [0, 10, 40])
def test_a_secret_is_hidden_where_its_words_are_cut_and_where_it_is_very_long(tmp_path, before):
    secret = "s3cr3t" * 12
    login = PullLogin("registry.example", username="reader", secret=secret)
    program = tmp_path / "scanner"
    rest = 64 * 1024 - len(secret) + before
    program.write_text(
        "#!/bin/sh\n"
        f"printf 'UNAUTHORIZED: {secret}' >&2; head -c {rest} /dev/zero | tr '\\0' x >&2; exit 1\n"
    )
    program.chmod(0o700)
    with pytest.raises(ScanError) as caught:
        _told(program, tmp_path / "work", login)
    assert "s3cr3t" not in f"{caught.value}{caught.value.told}"


def _told(path: Path, work: Path, login: PullLogin) -> None:
    def meaning(_: int, words: str) -> ScanError:
        return explained("Scanner", words, OF_REGISTRIES)

    Program("Scanner", str(path), "scanners.x", work, 30, meaning).run([], {}, login)
