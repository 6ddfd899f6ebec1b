"""Tell Sphinx that the record of a claim or a check is data: the Markdown beside it is what a reader sees.

myst-nb finds this class through the entry point ``myst_nb.mime_renderers`` in ``pyproject.toml``.
"""

from __future__ import annotations

from docutils import nodes
from myst_nb.core.render import MimeData, MimeRenderPlugin, NbElementRenderer

from imagination.book.ledger import CHECK_MIME, MIME

__all__ = ["ClaimRenderer"]


class ClaimRenderer(MimeRenderPlugin):  # type: ignore[misc]  # myst-nb has no types
    """Renders the record of a claim or of a check as nothing."""

    @staticmethod
    def handle_mime(renderer: NbElementRenderer, data: MimeData, inline: int | bool) -> list[nodes.Element] | None:
        """Take the records' MIME types and leave all others to myst-nb."""
        return [] if data.mime_type in (MIME, CHECK_MIME) else None
