"""registry-audit schema: the data dictionary, and the configuration's JSON Schema."""

from __future__ import annotations

from typing import Any

import click
import orjson

from audit import plugins
from audit.cli.exits import Exit
from audit.config import Config
from audit.dictionary import render_markdown


@click.command()
@click.option("--config", "configuration", is_flag=True, help="JSON Schema of the configuration.")
def schema(*, configuration: bool) -> Exit:
    """Print what every table and column means, or what the configuration may hold."""
    if configuration:
        click.echo(orjson.dumps(config_schema(), option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo(render_markdown(), nl=False)
    return Exit.OK


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of the configuration, with every provider's block in place."""
    whole = Config.model_json_schema()
    definitions = whole.setdefault("$defs", {})
    blocks = {}
    for name in plugins.names(plugins.PROVIDERS):
        block = plugins.provider(name).settings_model.model_json_schema(
            ref_template=f"#/$defs/{name}.{{model}}"
        )
        inner = block.pop("$defs", {})
        definitions |= {f"{name}.{model}": body for model, body in inner.items()}
        blocks[name] = block
    whole["properties"]["providers"] |= {"properties": blocks, "additionalProperties": False}
    return whole
