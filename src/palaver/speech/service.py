"""Everything that speaks, as the API sees it: voices, sessions, and what was spoken lately."""

from __future__ import annotations

from functools import partial

from palaver.chat.model import ChatModel
from palaver.chat.request import AudioRequest
from palaver.speech.answers import SpokenAnswers
from palaver.speech.catalogue import Voices
from palaver.speech.session import SpeechSession


class SpeechService:
    """The voices of a server, and the spoken answers that requests may refer to.

    Args:
        voices: Started and ended with this.
    """

    def __init__(self, voices: Voices) -> None:
        self.voices = voices
        self._answers = SpokenAnswers()

    def names_for(self, model: str) -> list[str]:
        """The names of the voices in which a model's answers can be had, its own ones first."""
        return self.voices.names_for(model)

    def check(self, voice: str | None, model: str) -> None:
        """Make sure that a model's answers can be spoken by a voice.

        Raises:
            InvalidRequest: There is none of that name; the message lists those that are.
        """
        self.voices.check(voice, model)

    def session(
        self,
        audio: AudioRequest,
        model_name: str,
        model: ChatModel,
        *,
        num_choices: int,
        has_thinking: bool,
    ) -> SpeechSession:
        """What speaks the choices of one completion.

        Args:
            audio: How the answer is wanted.
            model_name: Name of the model that answers.
            model: The model that answers.
            num_choices: Answers wanted.
            has_thinking: Whether the model's thinking stands in the answer, to be passed over.
        """
        narrate = partial(
            self.voices.narration,
            audio.voice,
            model_name,
            model.tokenizer.encode,
            is_played=audio.is_streamed,
        )
        return SpeechSession(
            narrate,
            audio.format,
            self._answers,
            is_whole=not audio.is_streamed,
            num_choices=num_choices,
            family=model.dialect.family if has_thinking else None,
        )

    def text_of(self, spoken_id: str, path: str) -> str:
        """The text of an answer that was spoken lately.

        Args:
            spoken_id: Its id.
            path: Where the request names it.

        Raises:
            InvalidRequest: It is not known, or not any more.
        """
        return self._answers.find(spoken_id, path)

    async def start(self) -> None:
        """Load all voices.

        Raises:
            SettingError: A voice cannot be loaded, or there is no default voice.
        """
        await self.voices.start()

    async def close(self) -> None:
        """End all processes that speak."""
        await self.voices.close()
