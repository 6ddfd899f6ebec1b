"""``imagination build``: what ``make book`` calls."""

from __future__ import annotations

import time

import click

from imagination.errors import RequestError, nearest


@click.command("build", short_help="Execute the stale chapters and build the pages.")
@click.argument("chapters", nargs=-1)
@click.option("--force", is_flag=True, help="Execute the chapters although nothing they depend on has changed.")
@click.option("--pages/--no-pages", default=True, help="Build the HTML pages too.  [default: pages]")
def command(chapters: tuple[str, ...], force: bool, pages: bool) -> None:
    """Execute the chapters that are stale, or only CHAPTERS, then build the HTML pages."""
    from imagination.book.build import PagesError, build_pages, execute_stale
    from imagination.book.paths import Book
    from imagination.book.run import ChapterError
    from imagination.files import StorageError

    book, start = Book(), time.perf_counter()
    for chapter in chapters:
        if chapter not in book.chapters():
            raise RequestError(f"chapter {chapter!r} does not exist; {nearest(chapter, book.chapters())}")
    try:
        executed = execute_stale(book, chapters, force=force, tell=click.echo)
        built = build_pages(book) if pages else False
    except (ChapterError, PagesError, StorageError) as error:
        raise click.ClickException(str(error)) from None
    seconds = time.perf_counter() - start
    did = f"{executed} chapter{'s' * (executed != 1)} executed, pages {'built' if built else 'unchanged'}"
    page = f"; open {book.index_page.relative_to(book.root)}" if pages else ""
    click.echo(f"{did} in {seconds:.1f} s{page}")
