"""How every chapter begins: its parameters checked, its figures styled, its ledger opened."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from imagination.book.ledger import Ledger
from imagination.parameters import parameters_of

def open_chapter(
    chapter: str, namespace: Mapping[str, Any], *, covers: str, leaves_out: str, at_most_seconds: int
) -> tuple[Any, Ledger]:
    """Check the parameters, style the figures, show the opening box.

    The cell that calls this has the tag ``open-chapter``: it is the one place where a request may be refused.

    Args:
        chapter: its name.
        namespace: ``globals()``, where papermill has put the parameters.
        covers: the paper's section, for the box.
        leaves_out: what a reader may look for in vain.
        at_most_seconds: what the chapter costs at its defaults.

    Returns:
        The checked, frozen parameters, and the ledger.

    Raises:
        RequestError: if a parameter is not allowed.
    """
    parameters = parameters_of(chapter).check(namespace)
    # On a new machine, or one whose home can't be written, Matplotlib has notes about its caches: not a chapter's concern.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    from imagination.book.figures import use_style

    use_style()
    ledger = Ledger(chapter)
    ledger.opening(covers=covers, leaves_out=leaves_out, at_most_seconds=at_most_seconds)
    return parameters, ledger
