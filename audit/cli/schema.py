"""registry-audit schema: the data dictionary, and the configuration's JSON Schema."""

from __future__ import annotations

from typing import Any

import click
import orjson

from audit import plugins
from audit.cli.exits import Exit
from audit.config import Config
from audit.dictionary import render_markdown
from audit.ports import Settings


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
    blocks = {
        name: _block(definitions, name, plugins.provider(name).settings_model)
        for name in plugins.names(plugins.PROVIDERS)
    }
    whole["properties"]["providers"] |= {"properties": blocks, "additionalProperties": False}
    schemes = plugins.names(plugins.STORES)
    stores = [_block(definitions, name, plugins.store(name).settings_model) for name in schemes]
    whole["properties"]["store"]["anyOf"] = [
        block for number, block in enumerate(stores) if block not in stores[:number]
    ]
    return whole


def _block(definitions: dict[str, Any], name: str, model: type[Settings]) -> dict[str, Any]:
    """Return a plug-in's settings, with what they refer to added to ``definitions``."""
    block = model.model_json_schema(ref_template=f"#/$defs/{name}.{{model}}")
    inner = block.pop("$defs", {})
    definitions |= {f"{name}.{inside}": body for inside, body in inner.items()}
    return block
