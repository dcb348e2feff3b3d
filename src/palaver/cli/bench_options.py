"""The options of ``palaver bench``, each with its type and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Model: TypeAlias = Annotated[str, typer.Option(help="Name of the model.")]
Url: TypeAlias = Annotated[str, typer.Option(help="The API's base URL.")]
Key: TypeAlias = Annotated[str | None, typer.Option(envvar="PALAVER_API_KEY", help="API key.")]
Concurrency: TypeAlias = Annotated[str, typer.Option(help="Requests in flight; levels: 1,8,16.")]
NumRequests: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, help="Requests per level; by default 4 x concurrency, at least 16."),
]
Duration: TypeAlias = Annotated[
    float | None, typer.Option(min=0.001, help="Or: seconds per level.")
]
PromptTokens: TypeAlias = Annotated[
    str, typer.Option(help="Approximate length of prompts: 128 or 128-512.")
]
OutputTokens: TypeAlias = Annotated[int, typer.Option(min=1, help="max_tokens of answers.")]
SharedPrefixTokens: TypeAlias = Annotated[
    int, typer.Option(min=0, help="Length of a prefix that all prompts share, in addition.")
]
Seed: TypeAlias = Annotated[int, typer.Option(help="Determines prompts and arrivals.")]
Temperature: TypeAlias = Annotated[float, typer.Option(min=0, help="Sampling temperature.")]
Stream: TypeAlias = Annotated[bool, typer.Option(help="Stream answers.")]
IgnoreEos: TypeAlias = Annotated[
    bool, typer.Option("--ignore-eos", help="Send ignore_eos, which vLLM and others support.")
]
ForbidToken: TypeAlias = Annotated[
    list[int] | None,
    typer.Option(help="Forbid a token by logit_bias, such as the turn's end; repeatable."),
]
Warmup: TypeAlias = Annotated[int, typer.Option(min=0, help="Unmeasured requests before a level.")]
ArrivalRate: TypeAlias = Annotated[
    float | None, typer.Option(min=0.001, help="Poisson arrivals per second.")
]
Timeout: TypeAlias = Annotated[float, typer.Option(min=0.001, help="Seconds per request.")]
Json: TypeAlias = Annotated[Path | None, typer.Option(help="Append a JSON line per level to it.")]
Image: TypeAlias = Annotated[Path | None, typer.Option(help="Draw the run as a PNG.")]
