"""The listed properties of a model, known from its files alone, loaded or not."""

from __future__ import annotations

from dataclasses import dataclass

from palaver.models.files import ModelFiles
from palaver.multimodal.media import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """A model as ``/v1/models`` lists it.

    Attributes:
        name: The name that requests use.
        description: What kind of model it is, in a line.
        created_s: When its files were written, in Unix seconds.
        window_tokens: Tokens that prompt and answer may have together.
        media: The kinds of media that it takes.
        family: The family whose format it uses.
        can_think: Whether its template can switch thinking on.
        speakers: Its own voices.
        input_price_per_m: Price of a million prompt tokens.
        output_price_per_m: Price of a million generated tokens.
    """

    name: str
    description: str
    created_s: int
    window_tokens: int
    media: frozenset[Kind]
    family: str
    can_think: bool
    speakers: tuple[str, ...] = ()
    input_price_per_m: int = 0
    output_price_per_m: int = 0

    @classmethod
    def of(
        cls,
        name: str,
        files: ModelFiles,
        *,
        family: str | None = None,
        max_window_tokens: int | None = None,
    ) -> ModelCard:
        """The card of a model.

        Args:
            name: The name that requests use.
            files: The model's files.
            family: The family whose format it uses; found by its template if not given.
            max_window_tokens: How many tokens its cache will hold, where that is known.

        Raises:
            ModelFolderError: Template or vocabulary are missing or not valid.
        """
        window = files.window_tokens
        return cls(
            name=name,
            description=files.description,
            created_s=files.created_s,
            window_tokens=min(window, max_window_tokens or window),
            media=files.multimodal.kinds if files.multimodal else frozenset(),
            family=files.dialect(family).family.name,
            can_think=files.template.can_think,
            speakers=files.speakers,
        )
