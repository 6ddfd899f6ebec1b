"""Tell Sphinx that the record of a claim, of a check or of what a figure draws is data: a reader sees what is beside it.

myst-nb finds this class through the entry point ``myst_nb.mime_renderers`` in ``pyproject.toml``.
"""

from __future__ import annotations

from docutils import nodes
from myst_nb.core.render import MimeData, MimeRenderPlugin, NbElementRenderer

from imagination.book.ledger import CHECK_MIME, MIME
from imagination.book.pictures import FIGURE_MIME

class ClaimRenderer(MimeRenderPlugin):  # type: ignore[misc]  # myst-nb has no types
    """Renders these records as nothing."""

    @staticmethod
    def handle_mime(renderer: NbElementRenderer, data: MimeData, inline: int | bool) -> list[nodes.Element] | None:
        """Take the records' MIME types and leave all others to myst-nb."""
        return [] if data.mime_type in (MIME, CHECK_MIME, FIGURE_MIME) else None
