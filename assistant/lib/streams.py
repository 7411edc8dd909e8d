"""Files that are written while they are sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from assistant.lib.threads import in_pool

PIECE = 1 << 18  # bytes


def attachment(request: HttpRequest, pieces: Iterator[bytes], name: str, kind: str) -> StreamingHttpResponse:
    """Django would read all of a plain iterator ahead under ASGI: it gets an asynchronous one there."""
    content = _asynchronous(pieces) if isinstance(request, ASGIRequest) else pieces
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(content, content_type=kind, headers=headers)


def file_attachment(request: HttpRequest, path: Path, kind: str) -> StreamingHttpResponse:
    """Of a known length, so that browsers show how far they are."""
    response = attachment(request, _in_pieces(path), path.name, kind)
    response.headers["Content-Length"] = str(path.stat().st_size)
    return response


def _in_pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


async def _asynchronous(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await in_pool(next, pieces, None)) is not None:  # an empty piece is not the end
        yield piece
