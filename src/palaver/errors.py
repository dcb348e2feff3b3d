"""Every error that palaver raises, as one tree.

::

    PalaverError
    ├── RequestError                a request cannot be answered as sent
    │   ├── InvalidRequest          400 INVALID_REQUEST_BODY
    │   ├── InvalidApiKey           401 INVALID_API_KEY
    │   ├── NotFound                404 NOT_FOUND
    │   ├── ModelNotFound           404 MODEL_NOT_FOUND
    │   ├── MethodNotAllowed        405 METHOD_NOT_ALLOWED
    │   ├── RequestTimeout          408 REQUEST_TIMEOUT
    │   ├── RequestTooLarge         413 REQUEST_TOO_LARGE
    │   ├── UnsupportedMediaType    415 UNSUPPORTED_MEDIA_TYPE
    │   ├── InternalError           500 INTERNAL_ERROR
    │   ├── ModelNotAvailable       503 MODEL_NOT_AVAILABLE
    │   └── AnswerTimeout           504 TIMEOUT
    ├── SettingError                a setting is unknown or has an impossible value
    ├── ModelFolderError            a folder does not hold a model that palaver can run
    └── StartTimeout                a child process did not become ready in time

A ``RequestError`` knows its HTTP status, its reason (spec row S04) and the field it names, so the
API needs no table of its own. Errors of other libraries are translated into this tree where they
are caught first.
"""

from __future__ import annotations

from typing import ClassVar


class PalaverError(Exception):
    """Base of every error that palaver raises on purpose."""


class RequestError(PalaverError):
    """A request cannot be answered as sent.

    Attributes:
        status: HTTP status code.
        reason: The hosted service's reason, in capitals (spec row S04).
        error_type: The ``type`` that OpenAI's clients read.
        message: What was wrong, naming field, limit and value.
        param: Path of the field that was wrong, ``messages[0].content``; ``None`` if no single one.
        headers: HTTP headers that go with the answer.
    """

    status: ClassVar[int] = 500
    reason: ClassVar[str] = "INTERNAL_ERROR"
    error_type: ClassVar[str] = "server_error"

    def __init__(
        self, message: str, *, param: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.headers = headers or {}


class InvalidRequest(RequestError):
    """The body is malformed, or a field of it cannot be honoured."""

    status = 400
    reason = "INVALID_REQUEST_BODY"
    error_type = "invalid_request_error"


class InvalidApiKey(RequestError):
    """The key is missing, malformed or unknown."""

    status = 401
    reason = "INVALID_API_KEY"
    error_type = "authentication_error"

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"WWW-Authenticate": "Bearer"})


class NotFound(RequestError):
    """There is no such path."""

    status = 404
    reason = "NOT_FOUND"
    error_type = "invalid_request_error"


class ModelNotFound(RequestError):
    """No model of that name is served here."""

    status = 404
    reason = "MODEL_NOT_FOUND"
    error_type = "invalid_request_error"


class MethodNotAllowed(RequestError):
    """The path exists, but not with this HTTP method."""

    status = 405
    reason = "METHOD_NOT_ALLOWED"
    error_type = "invalid_request_error"


class RequestTimeout(RequestError):
    """The rest of the body did not arrive in time."""

    status = 408
    reason = "REQUEST_TIMEOUT"
    error_type = "invalid_request_error"


class RequestTooLarge(RequestError):
    """The body is larger than the server accepts."""

    status = 413
    reason = "REQUEST_TOO_LARGE"
    error_type = "invalid_request_error"


class UnsupportedMediaType(RequestError):
    """The body is not declared as ``application/json``."""

    status = 415
    reason = "UNSUPPORTED_MEDIA_TYPE"
    error_type = "invalid_request_error"


class InternalError(RequestError):
    """palaver itself failed; the log has the details."""


class ModelNotAvailable(RequestError):
    """The model exists but cannot answer now; the client should try again.

    Attributes:
        retry_after_s: Seconds after which a retry makes sense.
    """

    status = 503
    reason = "MODEL_NOT_AVAILABLE"
    error_type = "server_error"

    def __init__(self, message: str, *, retry_after_s: int = 2) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after_s)})
        self.retry_after_s = retry_after_s


class AnswerTimeout(RequestError):
    """The engine generated no token within the token timeout."""

    status = 504
    reason = "TIMEOUT"
    error_type = "server_error"


class SettingError(PalaverError):
    """A setting is unknown or has an impossible value; the message names it."""


class ModelFolderError(PalaverError):
    """A folder does not hold a model that palaver can run; the message says what is missing."""


class StartTimeout(PalaverError):
    """A child process did not become ready in time; the message says which, and the limit."""
