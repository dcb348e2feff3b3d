"""What a turn needs of a model: tokenizer, template and window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from palaver.chat.families.dialect import Dialect
from palaver.chat.parser.answer import opening_in
from palaver.chat.placeholders import insert_placeholders, prompt_with_media
from palaver.chat.request import ChatRequest
from palaver.chat.template import ChatTemplate
from palaver.chat.tokenizer import Tokenizer
from palaver.chat.tools.plain_text import adapted
from palaver.errors import InvalidRequest
from palaver.generation.request import Prompt
from palaver.multimodal.media import Kind
from palaver.multimodal.placement import MediaItem, MultimodalRules


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """A conversation as a prompt.

    Attributes:
        prompt: At least one token, with its placeholder ranges of media.
        reasoning_opening: The opening tag of thinking at the end of the prompt, or ``""``.
    """

    prompt: Prompt
    reasoning_opening: str


@dataclass(frozen=True, slots=True)
class ChatModel:
    """A model as the chat layer sees it.

    Attributes:
        tokenizer: Its tokenizer.
        template: Its chat template.
        stop_token_ids: Tokens that end an answer.
        window_tokens: Tokens that prompt and answer may have together.
        dialect: How it writes thinking and calls.
        multimodal: The rules of a multimodal model; ``None`` for a model of text.
    """

    tokenizer: Tokenizer
    template: ChatTemplate
    stop_token_ids: tuple[int, ...]
    window_tokens: int
    dialect: Dialect
    multimodal: MultimodalRules | None = None

    @property
    def can_think(self) -> bool:
        """Whether its template can switch thinking on."""
        return self.template.can_think

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of media that it takes."""
        return self.multimodal.config.kinds if self.multimodal else frozenset()

    def with_room_for(self, num_tokens: int) -> ChatModel:
        """The same model with a window of at most ``num_tokens``."""
        return replace(self, window_tokens=min(self.window_tokens, num_tokens))

    def markers(self, *, has_calls: bool) -> dict[int, str]:
        """Special tokens that mark thinking and calls, by their ids.

        Args:
            has_calls: Whether to include those of calls.
        """
        family = self.dialect.family
        texts = family.literals if has_calls else family.markup
        special = self.tokenizer.special_tokens.items()
        return {i: name for i, name in special if any(name in text for text in texts)}

    def render(self, request: ChatRequest) -> RenderedPrompt:
        """The prompt of a request.

        Raises:
            InvalidRequest: The template refuses the conversation, or it alone fills the window.
        """
        tools = () if request.tool_choice == "none" else request.tools
        messages = adapted(request.messages, tools, self.dialect)
        shown = [tool.for_template() for tool in tools] if self.dialect.takes_tools else []
        text = self.template.render(
            messages,
            tools=shown,
            enable_thinking=request.enable_thinking,
            reasoning_effort=request.reasoning_effort,
        )
        most = self.window_tokens * self.tokenizer.longest_token_characters
        if len(text) > most:  # tokenizing it would take long and delay other requests
            raise InvalidRequest(
                f"messages: the prompt has {len(text)} characters; the context window of this "
                f"model has {self.window_tokens} tokens, which hold {most} characters at most",
                param="messages",
            )
        prompt = self._prompt(text, request.media)
        if not prompt.token_ids:
            raise InvalidRequest("messages: the conversation is empty", param="messages")
        if len(prompt) >= self.window_tokens:
            raise InvalidRequest(
                f"messages: the prompt has {len(prompt)} tokens and leaves no room for an "
                f"answer; the context window of this model has {self.window_tokens} tokens",
                param="messages",
            )
        return RenderedPrompt(prompt, opening_in(text, self.dialect.family.thinking))

    def _prompt(self, text: str, media: Sequence[MediaItem]) -> Prompt:
        if not (media and self.multimodal):
            return Prompt(self.tokenizer.encode(text))
        return prompt_with_media(
            self.tokenizer.encode(insert_placeholders(text, media, self.multimodal)),
            media,
            self.multimodal,
        )

    def answer_length(self, request: ChatRequest, num_prompt_tokens: int) -> int:
        """How many tokens the answer may have (spec rows S14 and S15).

        Raises:
            InvalidRequest: The request wants more than fits, and an error in that case.
        """
        left = self.window_tokens - num_prompt_tokens
        wanted = left if request.max_tokens is None else request.max_tokens
        if wanted > left and request.context_length_exceeded_behavior == "error":
            raise InvalidRequest(
                f"max_tokens: {wanted} is more than the {left} tokens that a prompt of "
                f"{num_prompt_tokens} leaves of the context window of {self.window_tokens}",
                param="max_tokens",
            )
        return min(wanted, left)
