"""The tool configuration that verl loads, from lensmill's own schemas:

    python -m lensmill.training.verl_config image_zoom_in_tool --rung 448 > tools.yaml
    actor_rollout_ref.rollout.multi_turn.tool_config_path=tools.yaml

verl 0.9.1 keeps the type, the description and the enumeration of an argument, and drops everything else (`items`,
`minItems`, `maxItems`, `minimum`, `additionalProperties`) from the schema that its prompt shows. `kept_by_verl` gives
that schema, for prompts of supervised training that are to be the same.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from lensmill.geometry import Convention
from lensmill.specs import SpecError
from lensmill.tools import TOOLS, ZOOM

_KEPT = ("type", "description", "enum")


def verl_tools(
    names: Sequence[str] = (ZOOM,), rung: int = 0, settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """verl's tool configuration, as plain values.

    Args:
        names: of tools, ours or `module:NAME`.
        rung: side in pixels of the views of rows that do not name a rung.
        settings: fields of `lensmill.tools.ToolSettings` that differ from the defaults.

    Raises:
        SpecError: there is no such tool.
    """
    chosen = dict(settings or {})
    if outside := [name for name in names if ":" in name]:
        chosen["tools"] = outside
    config = {"type": "native", "rung": rung, "settings": chosen}
    schemas = [TOOLS.get(name).schema for name in names]
    place = "lensmill.training.verl_tool.LensmillTool"
    return {"tools": [{"class_name": place, "config": config, "tool_schema": schema} for schema in schemas]}


def kept_by_verl(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A tool's schema as verl's prompt shows it."""
    function = schema["function"]
    parameters = function["parameters"]
    properties = {
        name: {key: value[key] for key in _KEPT if key in value} for name, value in parameters["properties"].items()
    }
    kept = {"type": parameters["type"], "properties": properties, "required": list(parameters["required"])}
    return {
        "type": schema["type"],
        "function": {"name": function["name"], "description": function["description"], "parameters": kept},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the configuration as JSON, which is YAML too."""
    parser = argparse.ArgumentParser(prog="python -m lensmill.training.verl_config", description="verl's tool config")
    parser.add_argument("tools", nargs="*", default=[ZOOM], help=f"names of tools (default: {ZOOM})")
    parser.add_argument("--rung", type=int, default=0, help="side in pixels of the views of rows without a rung")
    parser.add_argument("--convention", choices=[str(one) for one in Convention], default=str(Convention.PIXELS))
    chosen = parser.parse_args(arguments)
    try:
        config = verl_tools(chosen.tools, chosen.rung, {"convention": chosen.convention})
    except SpecError as error:
        print(error, file=sys.stderr)
        return 2
    print("# verl drops items, minItems, maxItems, minimum and additionalProperties from the prompt's schemas.")
    print(json.dumps(config, indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
