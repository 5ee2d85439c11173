"""An image with secrets and misconfigurations in it, all of them made up, and what is to be found.

The secrets are put together here so that no scanner takes this file for a leak.
"""

from __future__ import annotations

from typing import NamedTuple

from providers.loopback.scanning.images import StandImage
from providers.loopback.scanning.layers import Distribution, Package


class Flaw(NamedTuple):
    """A weakness: its kind, Trivy's rule, the file (empty: the configuration), the severity."""

    kind: str
    rule: str
    place: str
    severity: str


_TOKEN = "ghp_" + "abcdefghij" + "KLMNOPQRST" + "0123456789" + "uvwxyz"
IN_LABEL = "ghp_" + "98765" * 7 + "z"
"""Stands in a label, which is part of the inventory."""
_KEY_ID = "AKIA" + "Q3EGRTUWYZLM" + "NOPQ"
_KEY = "wJalrXUtn" + "FEMI0K7MDENG" + "xbPxRfiCY" + "qwertyuiop"
_PEM = "\n".join(("MIIEpAIBAAKCAQEA" + "A1b2" * 12,) * 6)
SECRETS = (_TOKEN, _KEY_ID, _KEY, _PEM.split("\n", maxsplit=1)[0])
"""What must never be written anywhere."""

_POD = """\
apiVersion: v1
kind: Pod
metadata: {name: made-up}
spec:
  containers:
  - {name: made-up, image: "made-up:1", securityContext: {privileged: true}}
"""
_MARK = "-----{} RSA PRIVATE KEY-----"
LEAKY = StandImage(
    Distribution("debian", "12"),
    (
        (Package("os", "libssl3-1", "3.0.11-1", source="openssl-1"),),
        (Package("npm", "lodash-1", "4.17.15"),),
    ),
    files={
        "app/settings.env": f"AWS_ACCESS_KEY_ID={_KEY_ID}\nAWS_SECRET_ACCESS_KEY={_KEY}\n".encode(),
        "app/id_rsa": f"{_MARK.format('BEGIN')}\n{_PEM}\n{_MARK.format('END')}\n".encode(),
        "app/pod.yaml": _POD.encode(),
        "app/Dockerfile": b"FROM debian:12\nUSER nobody\nHEALTHCHECK CMD true\nEXPOSE 22\n",
    },
    labels={"build.token": IN_LABEL},
    configured={"User": "root", "Env": [f"GITHUB_TOKEN={_TOKEN}"]},
    history=("USER root", f"ENV GITHUB_TOKEN={_TOKEN}"),
)
FLAWS = (
    Flaw("secret", "aws-access-key-id", "app/settings.env", "CRITICAL"),
    Flaw("secret", "aws-secret-access-key", "app/settings.env", "CRITICAL"),
    Flaw("secret", "private-key", "app/id_rsa", "HIGH"),
    Flaw("secret", "github-pat", "", "CRITICAL"),
    Flaw("misconfiguration", "DS-0002", "", "HIGH"),
    Flaw("misconfiguration", "DS-0026", "", "LOW"),
    Flaw("misconfiguration", "DS-0031", "", "CRITICAL"),
    Flaw("misconfiguration", "DS-0004", "app/Dockerfile", "MEDIUM"),
)
"""All that is to be found, but for ``app/pod.yaml``, which breaks a score of rules."""
PRIVILEGED = Flaw("misconfiguration", "KSV-0017", "app/pod.yaml", "HIGH")


def calling(address: str) -> StandImage:
    """Return an image with configuration that asks whoever judges it to call an address."""
    module = f'module "m" {{\n  source = "{address}/module.zip"\n}}\n'
    files = {
        "app/main.tf": module,
        "app/chart/Chart.yaml": "apiVersion: v2\nname: made-up\nversion: 0.1.0\n",
        "app/chart/values.schema.json": f'{{"$ref": "{address}/schema.json"}}',
        "app/chart/values.yaml": "a: 1\n",
        "app/chart/templates/pod.yaml": _POD,
    }
    told = {path: text.encode() for path, text in files.items()}
    return StandImage(None, (LEAKY.layers[1],), files=told)
