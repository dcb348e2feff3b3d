"""A server from its settings: models, keys and application, run until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

import uvicorn
from fastapi import FastAPI

from palaver.accounts.database import open_database
from palaver.accounts.keys import KeyStore
from palaver.api.app import create_app
from palaver.api.protocol import Protocol
from palaver.config import Settings
from palaver.engine.process.config import EngineConfig
from palaver.errors import PalaverError, SettingError
from palaver.media.limits import MediaLimits
from palaver.media.reader import MediaReader
from palaver.models.folder import ModelFolder
from palaver.models.served import BUILT_IN_FOLDER, ModelRegistry, ServedModel
from palaver.runtime.config import InferencePrecision, RuntimeConfig
from palaver.speech.catalogue import Voices
from palaver.speech.voices.native.talker import TalkerModel
from palaver.telemetry import Metrics

_GIB = 2**30
_MIB = 2**20
_MAX_WINDOWS = 64


class Server:
    """Everything that ``palaver serve`` runs.

    Args:
        settings: How to run.
        on_model: Called as each model becomes ready.
        on_ready: Called once all models are.

    Raises:
        ModelFolderError: A model's folder is not one.
        SettingError: The address cannot be listened on, or a family is unknown.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        on_model: Callable[[ServedModel], None] = lambda model: None,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.registry = ModelRegistry(
            settings.models,
            self._worker_config,
            self.metrics.step_observer,
            settings.families,
        )
        self.keys = KeyStore(open_database(settings.data_dir), settings.api_key)
        self.error: PalaverError | None = None
        self._on_model = on_model
        self._on_ready = on_ready
        self._socket = _listen(settings.host, settings.port)
        self.media = MediaReader(media_limits(settings))
        talkers = [
            TalkerModel(model.name, model.folder.path, model.folder.speakers)
            for model in self.registry
            if model.folder.speakers
        ]
        self.voices = Voices(settings.voice, settings.voices, talkers)
        app = create_app(settings, self.registry, self.keys, self.metrics, self.media, self.voices)
        app.router.lifespan_context = self._lifespan
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                app,
                http=Protocol,
                ws="none",
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=int(settings.shutdown_timeout_s),
                server_header=False,
            )
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; requests under way may finish, engines are ended.

        Raises:
            ModelFolderError: A model cannot be loaded.
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

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        loading = asyncio.create_task(self._load())
        try:
            yield
        finally:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)
            await asyncio.gather(
                self.registry.stop(),
                self.voices.close(),
                self.media.close(),
                app.state.schemas.close(),
            )

    async def _load(self) -> None:
        try:
            await self._start()
        except PalaverError as error:
            self.error = error
            self._uvicorn.should_exit = True
        else:
            self._on_ready()

    async def _start(self) -> None:
        voices = asyncio.create_task(self.voices.start())
        try:
            await self.registry.start(self._on_model)
            await voices
        finally:
            voices.cancel()

    def _worker_config(self, folder: ModelFolder) -> EngineConfig:
        settings = self.settings
        runtime = RuntimeConfig(
            folder=str(folder.path),
            cache_bytes=int(settings.cache_gib * _GIB),
            cache_precision=settings.cache_precision,
            inference_precision=_inference_precision(settings, folder),
            num_threads=settings.num_threads,
            max_cache_tokens=folder.window_tokens * _MAX_WINDOWS,
        )
        return EngineConfig(
            runtime=runtime,
            max_step_tokens=settings.max_step_tokens,
            max_running=settings.max_running,
            token_timeout_s=settings.token_timeout_s,
        )


def media_limits(settings: Settings) -> MediaLimits:
    """The limits of media that the settings ask for."""
    return MediaLimits(
        max_bytes=int(settings.max_media_mib * _MIB),
        fetch_timeout_s=settings.media_timeout_s,
        decode_timeout_s=settings.media_timeout_s,
        allow_private_addresses=settings.allow_private_urls,
        max_pixels=int(settings.max_media_megapixels * 1_000_000),
        max_video_s=settings.max_media_s,
        max_audio_s=settings.max_media_s,
    )


def _inference_precision(settings: Settings, folder: ModelFolder) -> InferencePrecision:
    """The built-in model is computed alike on every machine unless a setting says otherwise."""
    if settings.inference_precision == "auto" and folder.path == BUILT_IN_FOLDER:
        return "f32"
    return settings.inference_precision


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # asyncio switches Nagle's algorithm off only if the socket names its protocol. With it on,
        # the first event of an answer waits some 40 ms for the client to acknowledge the headers.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        raise SettingError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    listener.set_inheritable(True)
    return listener
