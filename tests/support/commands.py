"""Command lines in manifests and documents, and whether the real command line takes them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click

from audit.cli import cli

_FENCE = re.compile(r"^```(?:sh|console|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_ENDS = frozenset({";", "&", "&&", "|", "||", "<", ">", ">>", ">&", "(", ")"})


def accept(arguments: list[str]) -> click.Context:
    """Parse a command line of ``registry-audit`` as the real thing would, without running it.

    Raises:
        click.UsageError: It is not a command, or an option or argument is wrong.
    """
    top = cli.make_context("registry-audit", [], resilient_parsing=True)
    name, command, rest = cli.resolve_command(top, list(arguments))
    if command is None:
        raise click.UsageError(f"no command {name}")
    return command.make_context(name, rest, parent=top)


def own_commands(shell: str) -> Iterator[list[str]]:
    """Yield the arguments of every ``registry-audit`` command in a piece of shell text."""
    for line in shell.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        for start, word in enumerate(words):
            if word.rpartition("/")[2] == "registry-audit" and _begins(words[:start]):
                yield _arguments(words[start + 1 :])


def fenced(markdown: str) -> str:
    """Return the shell blocks of a Markdown text, one after the other."""
    return "\n".join(_FENCE.findall(markdown))


def _begins(before: list[str]) -> bool:
    """Whether a word after ``before`` is a command and not another command's argument."""
    return not before or before[-1] in _ENDS or before[-1] in {"$", "sudo"}


def _arguments(words: list[str]) -> list[str]:
    end = next((n for n, word in enumerate(words) if word in _ENDS), len(words))
    kept = words[:end]
    # "2>&1" arrives as "2", ">&", "1": the descriptor's number is no argument.
    return kept[:-1] if kept and kept[-1].isdigit() and end < len(words) else kept
