"""The Sphinx extension that shows Coq from the committed goals; Coq itself is not called.

Source: this book.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alectryon import core
from alectryon import docutils as alectryon
from alectryon import sphinx as alectryon_sphinx
from alectryon.noop import NoOp

class Committed(NoOp):  # type: ignore[misc]
    """A driver that has no prover: what it is asked for must be in the committed goals."""

    def annotate(self, chunks: list[str]) -> list[list[object]]:
        """Refuse: the page is not the one that the goals were stored for."""
        raise RuntimeError(f"{self.fpath.name}: the stored goals are not those of this page; run make formal")


def setup(app: Any) -> dict[str, object]:
    """Register the directive ``coq`` and what turns it into HTML."""
    alectryon.CACHE_DIRECTORY = str(Path(app.srcdir) / "book" / "formal")
    alectryon.CACHE_COMPRESSION = "xz"
    alectryon.LONG_LINE_THRESHOLD = None
    alectryon.AlectryonTransform.LANGUAGE_DRIVERS = {"coq": "noop"}
    core.DRIVERS_BY_LANGUAGE["coq"]["noop"] = (__name__, Committed.__name__)
    alectryon._disable_nested_sm_cache()
    for directive in alectryon.DIRECTIVES:
        if directive.name in ("coq", "alectryon-toggle"):
            app.add_directive(directive.name, directive)
    for _, _, options in alectryon.ALECTRYON_SETTINGS:
        if options["dest"] != "pygments_style":
            app.add_config_value(options["dest"], options["default"], "env")
    for transform in alectryon.TRANSFORMS:
        if transform.is_post_transform:
            app.add_post_transform(transform)
    app.connect("builder-inited", alectryon_sphinx.add_assets)
    return {"version": "1", "parallel_read_safe": True}
