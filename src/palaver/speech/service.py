"""The speech service that the API uses: voices, sessions, and the texts of spoken answers."""

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
        voices: The voices; started and closed with the service.
    """

    def __init__(self, voices: Voices) -> None:
        self.voices = voices
        self._answers = SpokenAnswers()

    def names_for(self, model: str) -> list[str]:
        """The names of the voices that can speak a model's answers, its own ones first."""
        return self.voices.names_for(model)

    def check(self, voice: str | None, model: str) -> None:
        """Make sure that a voice can speak a model's answers.

        Raises:
            InvalidRequest: There is no such voice; the message lists the voices.
            ModelNotAvailable: It is not loaded yet.
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
        """A session that speaks the choices of one completion.

        Args:
            audio: The voice and format that the request asks for.
            model_name: Name of the model that answers.
            model: The model that answers.
            num_choices: Number of choices.
            has_thinking: Whether the text contains the model's thinking, which is not spoken.
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
        """The text of a spoken answer.

        Args:
            spoken_id: Its id.
            path: The field of the request that has the id, for messages.

        Raises:
            InvalidRequest: It is unknown or has expired.
        """
        return self._answers.find(spoken_id, path)

    async def start(self) -> None:
        """Load all voices.

        Raises:
            SettingError: A voice cannot be loaded, or there is no default voice.
        """
        await self.voices.start()

    async def close(self) -> None:
        """End the processes of all voices."""
        await self.voices.close()
