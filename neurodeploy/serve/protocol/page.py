"""A page about the models that are served, without scripts."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from pydantic_core import to_json

from neurodeploy.serve.inference.models import Model, Models
from neurodeploy.serve.protocol.examples import request_example
from neurodeploy.serve.protocol.metadata import available_inputs, available_outputs
from neurodeploy.serve.protocol.parameters import PARAMETERS

__all__ = ["models_page"]

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}"
    "code,pre{font-family:ui-monospace,monospace;font-size:90%}pre{overflow:auto;background:#8882;padding:.6rem}"
)


def models_page(models: Models) -> str:
    """Return the page in HTML: for every model its inputs, outputs, an example, and the parameters of a request."""
    parts = [_model_part(items[-1], [item.version for item in items]) for items in models.by_name.values()]
    rows = [(name, item.needs, item.text) for name, item in PARAMETERS.items()]
    body = "".join(parts) + "<h2>Parameters</h2>" + _table(("parameter", "needs", "meaning"), rows)
    head = f'<meta charset="utf-8"><title>neurodeploy</title><style>{STYLE}</style>'
    links = '<p>As OpenAPI: <a href="openapi.json">openapi.json</a></p>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body><h1>Models</h1>{links}{body}</body></html>'


def _model_part(model: Model, versions: list[str]) -> str:
    """What a model takes and gives."""
    inputs = [
        (item.name, ", ".join(form.datatypes), str(list(form.shape)), form.text)
        for item in available_inputs(model)
        for form in item.forms
    ]
    outputs = [(item.name, item.datatype, str(list(item.shape)), item.text) for item in available_outputs(model)]
    columns = ("name", "data type", "shape", "holds")
    example = request_example(model)
    shown = (
        "" if example is None else f"<h3>Example</h3><pre>{escape(_command(model, to_json(example).decode()))}</pre>"
    )
    return (
        f"<h2>{escape(model.name)}</h2><p>Target {escape(model.program.target.name)}. Versions, the newest last: "
        f"{escape(', '.join(versions))}.</p><h3>Inputs</h3>{_table(columns, inputs)}"
        f"<h3>Outputs</h3>{_table(columns, outputs)}{shown}"
    )


def _command(model: Model, example: str) -> str:
    kind = "-H 'Content-Type: application/json'"
    return f"curl http://127.0.0.1:8000/v2/models/{model.name}/infer {kind} -d '{example}'"


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"
