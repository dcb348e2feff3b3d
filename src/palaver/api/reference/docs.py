"""The docs page: the OpenAPI document as HTML, without scripts and without other hosts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape

from palaver.api.reference.values import default, values

router = APIRouter(include_in_schema=False)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The page; its examples name the host of this request."""
    text = page(request.app.openapi(), str(request.base_url).rstrip("/"))
    return HTMLResponse(text, headers={"Content-Security-Policy": _POLICY})


def page(document: dict[str, Any], url: str) -> str:
    """An OpenAPI document as HTML.

    Args:
        document: The document.
        url: The server's address, for the examples.
    """
    return _environment.get_template("docs.html").render(
        document=document, schemas=document["components"]["schemas"], url=url
    )


def _with_code(text: str) -> Markup:
    """Escaped text, with code between backticks marked up."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _linked(text: str, names: Iterable[str]) -> Markup:
    """Marked-up text in which the names of schemas are links."""
    pattern = rf"\b({'|'.join(names)})\b"
    return Markup(re.sub(pattern, r'<a href="#\1">\1</a>', str(_with_code(text))))


def _shown(value: Any) -> str:
    """An example as text."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _quoted(value: Any) -> str:
    """An example as an argument in a shell."""
    return "'{}'".format(_shown(value).replace("'", "'\\''"))


_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "code": _with_code,
    "default_of": default,
    "linked": _linked,
    "quoted": _quoted,
    "shown": _shown,
    "values": values,
}
