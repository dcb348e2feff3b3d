"""A server from its settings: models, keys and application, run until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI

from palaver.accounts.database import open_database
from palaver.accounts.keys import KeyStore
from palaver.api.app import create_app
from palaver.api.chat.media import MediaIntake
from palaver.api.parts import Parts
from palaver.api.protocol import Protocol
from palaver.engine.process.backend import ProcessBackend
from palaver.engine.process.config import EngineConfig
from palaver.generation.backend import Backend
from palaver.host.listener import listen, url_of
from palaver.media.limits import MediaLimits
from palaver.media.reader import MediaReader
from palaver.models.card import ModelCard
from palaver.models.catalogue import BUILT_IN_FOLDER, BackendMaker, ModelCatalogue
from palaver.models.files import ModelFiles
from palaver.models.memory import num_cache_tokens
from palaver.models.model import Model
from palaver.runtime.config import InferencePrecision, RuntimeConfig
from palaver.schemas.checker import SchemaChecker
from palaver.settings import Settings
from palaver.telemetry import Metrics

if TYPE_CHECKING:  # a server without voices does not load the speech modules
    from palaver.speech.service import SpeechService

_GIB = 2**30
_MIB = 2**20
_MAX_WINDOWS = 64
_EMBEDDED_VOICES = "espeakng_loader"


class Server:
    """Everything that ``palaver serve`` runs.

    It does not change the process that it runs in: no signal handlers but uvicorn's, no tuning of
    the operating system or the interpreter. So it can run in any thread of any program.

    Args:
        settings: The settings.
        make_backend: Makes the backend of a model; by default an engine process.
        on_model: Called as each model becomes ready.
        on_ready: Called once all models are.

    Raises:
        ModelFolderError: A model's folder has no model that palaver can run.
        SettingError: The address cannot be listened on, or a family is unknown.

    Attributes:
        settings: As given.
        parts: The parts that answer requests.
        error: The error that ended it, if there was one.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        make_backend: BackendMaker | None = None,
        on_model: Callable[[Model], None] = lambda model: None,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = settings
        self.error: Exception | None = None
        self._on_model = on_model
        self._on_ready = on_ready
        self._media = MediaReader(media_limits(settings))  # opens nothing until it reads
        self._metrics = Metrics()
        with contextlib.ExitStack() as opened:  # closes what was opened if a later part fails
            self._socket = opened.enter_context(listen(settings.host, settings.port))
            models = ModelCatalogue(
                settings.models,
                make_backend or self._process_backend,
                settings.families,
                self._max_window_tokens,
            )
            self._database = open_database(settings.data_dir)
            opened.callback(self._database.dispose)
            self.parts = self._make_parts(models)
            app = create_app(self.parts)
            app.router.lifespan_context = self._lifespan
            self._uvicorn = uvicorn.Server(_uvicorn_config(app, settings))
            opened.pop_all()

    @property
    def url(self) -> str:
        """The URL at which it listens."""
        return url_of(self._socket)

    def run(self) -> None:
        """Serve until :meth:`stop`, SIGINT or SIGTERM.

        Requests in progress may finish; engines are ended.

        Raises:
            PalaverError: A model or voice cannot be loaded.
        """
        loop_factory = self._uvicorn.config.get_loop_factory()
        with (
            contextlib.suppress(KeyboardInterrupt),
            asyncio.Runner(loop_factory=loop_factory) as runner,
        ):
            runner.run(self._uvicorn.serve(sockets=[self._socket]))
        if self.error:
            raise self.error

    def stop(self) -> None:
        """Make :meth:`run` return as after SIGTERM; may be called from any thread."""
        self._uvicorn.should_exit = True

    def _make_parts(self, models: ModelCatalogue) -> Parts:
        return Parts(
            settings=self.settings,
            models=models,
            keys=KeyStore(self._database, self.settings.api_key),
            metrics=self._metrics,
            media=MediaIntake(self._media, self.settings.max_media),
            schemas=SchemaChecker(),
            speech=_speech(self.settings, models),
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG002
        loading = asyncio.create_task(self._load())
        try:
            yield
        finally:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)
            await self._close()

    async def _load(self) -> None:
        try:
            await self._start()
            self._on_ready()
        except Exception as error:  # a fault of palaver's own must not leave it loading for ever
            self.error = error
            self._uvicorn.should_exit = True

    async def _start(self) -> None:
        """Load models and voices side by side."""
        speech = self.parts.speech
        starting = asyncio.create_task(speech.start()) if speech else None
        try:
            await self.parts.models.load(self._on_model)
            if starting:
                await starting
        finally:
            if starting:
                starting.cancel()
                await asyncio.gather(starting, return_exceptions=True)

    async def _close(self) -> None:
        """Close all parts; the first failure is raised after all of them are closed."""
        parts = self.parts
        closing = [parts.models.unload(), self._media.close(), parts.schemas.close()]
        if parts.speech:
            closing.append(parts.speech.close())
        try:
            outcomes = await asyncio.gather(*closing, return_exceptions=True)
        finally:
            self._database.dispose()
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    def _process_backend(self, card: ModelCard, files: ModelFiles) -> Backend:
        config = engine_config(self.settings, files)
        return ProcessBackend(card.name, config, self._metrics.step_observer(card.name))

    def _max_window_tokens(self, files: ModelFiles) -> int | None:
        """How many tokens a model's cache will hold."""
        cache_bytes = int(self.settings.cache_gib * _GIB)
        return num_cache_tokens(files, self.settings.cache_precision, cache_bytes)


def engine_config(settings: Settings, files: ModelFiles) -> EngineConfig:
    """The configuration of a model's engine process."""
    runtime = RuntimeConfig(
        folder=str(files.path),
        cache_bytes=int(settings.cache_gib * _GIB),
        cache_precision=settings.cache_precision,
        inference_precision=_inference_precision(settings, files),
        num_threads=settings.num_threads,
        max_cache_tokens=files.window_tokens * _MAX_WINDOWS,
        multimodal=files.multimodal,
    )
    return EngineConfig(
        runtime=runtime,
        max_step_tokens=settings.max_step_tokens,
        max_running=settings.max_running,
        token_timeout_s=settings.token_timeout_s,
        start_timeout_s=settings.load_timeout_s,
        stop_token_ids=files.stop_token_ids,
        tokenizer=str(files.tokenizer_path),
    )


def media_limits(settings: Settings) -> MediaLimits:
    """The limits of media in the settings."""
    return MediaLimits(
        max_bytes=int(settings.max_media_mib * _MIB),
        fetch_timeout_s=settings.media_timeout_s,
        decode_timeout_s=settings.media_timeout_s,
        allow_private_addresses=settings.allow_private_urls,
        max_pixels=int(settings.max_media_megapixels * 1_000_000),
        max_video_s=settings.max_media_s,
        max_audio_s=settings.max_media_s,
    )


def _uvicorn_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=math.ceil(settings.shutdown_timeout_s),
        server_header=False,
    )


def _speech(settings: Settings, models: ModelCatalogue) -> SpeechService | None:
    """The speech service; ``None`` where no voice is installed or configured."""
    talkers = [model for model in models if model.card.speakers]
    if not (talkers or settings.voices or find_spec(_EMBEDDED_VOICES)):
        return None
    from palaver.speech.catalogue import Voices  # noqa: PLC0415  # loads the speech modules
    from palaver.speech.service import SpeechService  # noqa: PLC0415
    from palaver.speech.voices.native.talker import TalkerModel  # noqa: PLC0415

    own = [TalkerModel(m.name, m.files.path, m.card.speakers) for m in talkers]
    return SpeechService(Voices(settings.voice, settings.voices, own))


def _inference_precision(settings: Settings, files: ModelFiles) -> InferencePrecision:
    """The precision of a model; the built-in one uses f32 on every machine by default."""
    if settings.inference_precision == "auto" and files.path == BUILT_IN_FOLDER:
        return "f32"
    return settings.inference_precision
