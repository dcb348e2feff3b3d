"""Logging and metrics."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from palaver.generation.stats import StepStats

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_STEP_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

# Otherwise every counter has a second line with the time of its creation.
disable_created_metrics()  # type: ignore[no-untyped-call]

METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def configure_logging(level: str) -> None:
    """Log messages of ``level`` (debug, info, warning, error) and above, also uvicorn's."""
    logging.basicConfig(format=_FORMAT, level=logging.WARNING)
    logging.getLogger("palaver").setLevel(level.upper())


_REQUEST_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_METHODS = frozenset({"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"})


class HttpMetrics:
    """Metrics of HTTP requests, by path and status.

    Args:
        registry: The registry of the metrics.

    Attributes:
        in_progress: Requests that are being answered at this moment.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.in_progress = Gauge(
            "palaver_http_requests_in_progress",
            "Requests in progress.",
            registry=registry,
        )
        self._answers = Counter(
            "palaver_http_requests",
            "Requests answered; status 499 means that the client disconnected.",
            ["method", "path", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "palaver_http_request_seconds",
            "Time from a request to the end of its answer.",
            ["path"],
            registry=registry,
            buckets=_REQUEST_BUCKETS_S,
        )

    def answered(self, method: str, path: str, status: int, seconds: float) -> None:
        """Record one request."""
        method = method if method in _METHODS else "other"
        self._answers.labels(method, path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)


class StepMetrics:
    """Figures of the engines' steps.

    Args:
        registry: Where the figures are kept.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"palaver_{name}", text, ["model"], registry=registry)

        def counter(name: str, text: str) -> Counter:
            return Counter(f"palaver_{name}", text, ["model"], registry=registry)

        def seconds(name: str, text: str) -> Histogram:
            return Histogram(
                f"palaver_{name}",
                text,
                ["model"],
                registry=registry,
                buckets=_STEP_BUCKETS_S,
            )

        self._gauges = {
            "num_waiting": gauge("waiting_sequences", "Sequences that wait to join the batch."),
            "num_running": gauge("running_sequences", "Sequences in the batch."),
            "num_blocks": gauge("cache_blocks", "Cache blocks in all."),
            "num_held_blocks": gauge("cache_blocks_held", "Cache blocks that sequences hold."),
            "num_kept_blocks": gauge("cache_blocks_kept", "Cache blocks that can be reused."),
        }
        self._counters = {
            "num_decoded_tokens": counter("decoded_tokens", "Generated tokens computed."),
            "num_fast_forward_tokens": counter(
                "fast_forward_tokens", "Of them, fast-forwarded by a grammar."
            ),
            "num_prompt_tokens": counter("prompt_tokens", "Prompt tokens computed."),
            "num_cached_tokens": counter("cached_tokens", "Prompt tokens found in the cache."),
            "num_warmup_tokens": counter(
                "warmup_tokens", "Tokens of finished conversations, for the cache."
            ),
            "num_preemptions": counter("preemptions", "Sequences that lost their blocks."),
        }
        self._histograms = {
            "model_s": seconds("step_model_seconds", "Time of a step spent in the model."),
            "host_s": seconds("step_host_seconds", "Time of a step spent outside the model."),
        }

    def observer(self, model: str) -> Callable[[StepStats], None]:
        """A function that records the figures of each step of a model's engine."""
        gauges = {name: metric.labels(model) for name, metric in self._gauges.items()}
        counters = {name: metric.labels(model) for name, metric in self._counters.items()}
        histograms = {name: metric.labels(model) for name, metric in self._histograms.items()}

        def observe(stats: StepStats) -> None:
            for name, gauge in gauges.items():
                gauge.set(getattr(stats, name))
            for name, counter in counters.items():
                if increment := getattr(stats, name):
                    counter.inc(increment)
            for name, histogram in histograms.items():
                histogram.observe(getattr(stats, name))

        return observe


class Metrics:
    """The metrics at ``/metrics``; every name begins with ``palaver_``."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.http = HttpMetrics(self._registry)
        self._first_token = Histogram(
            "palaver_first_token_seconds",
            "Time from a request's arrival in the API to its first token.",
            ["model"],
            registry=self._registry,
            buckets=_REQUEST_BUCKETS_S,
        )
        self._completions = Counter(
            "palaver_completions",
            "Accepted requests that ended: finished, cancelled or failed.",
            ["model", "outcome"],
            registry=self._registry,
        )
        self._steps = StepMetrics(self._registry)

    def step_observer(self, model: str) -> Callable[[StepStats], None]:
        """A function that records the figures of each step of a model's engine."""
        return self._steps.observer(model)

    def first_token(self, model: str, begin_s: float) -> None:
        """Record the time to first token of a request.

        Args:
            model: Name of the model.
            begin_s: When the request came, by :func:`time.perf_counter`.
        """
        self._first_token.labels(model).observe(time.perf_counter() - begin_s)

    def ended(self, model: str, outcome: str) -> None:
        """Record how an accepted request ended."""
        self._completions.labels(model, outcome).inc()

    def text(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return generate_latest(self._registry)
