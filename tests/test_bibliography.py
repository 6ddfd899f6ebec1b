"""Bibliography, citation file and licences say the same as the text, the paper's reference list and the metadata."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from pybtex.database import parse_file

import imagination
from imagination.book.paths import REPOSITORY

CITATION = re.compile(r"\{cite(?::[a-z]+)?\}`([^`]+)`")
REQUIRED = {
    "article": {"author", "title", "journal", "volume", "pages", "year"},
    "inproceedings": {"author", "title", "booktitle", "year"},
    "misc": {"author", "title", "year"},
}
PAPER_CITES = [
    "asadi2018a",
    "asadi2018b",
    "assran2023",
    "bellinger2020",
    "cai2025",
    "christiano2017",
    "deisenroth2011",
    "elman1990",
    "farahmand2017",
    "gao2023",
    "gouk2021",
    "greensmith2004",
    "ha2018",
    "hafner2020",
    "hafner2025a",
    "hafner2025b",
    "han2026",
    "hansen2022",
    "henaff2016",
    "hilton2023",
    "hochreiter1997",
    "hoffmann2022",
    "huang2022",
    "janner2019",
    "jin2020",
    "kakade2002",
    "kaplan2020",
    "kearns2002",
    "lecun2022",
    "lobel2024",
    "miyato2018",
    "munos2003",
    "pearce2025",
    "rumelhart1986",
    "schrittwieser2020",
    "stiennon2020",
    "sutton1990",
    "sutton1999",
    "talvitie2018",
    "wang2026",
    "williams1992",
    "zhang2021",
]
"""The paper's own reference list, in its order of first author."""


def cited_keys(text: str) -> set[str]:
    """Every key in a citation role."""
    return {key.strip() for group in CITATION.findall(text) for key in group.split(",")}


def disagreements(cited: set[str], entries: set[str]) -> list[str]:
    """What a person would have to mend."""
    return [f"cited, but not in references.bib: {key}" for key in sorted(cited - entries)] + [
        f"in references.bib, but cited nowhere: {key}" for key in sorted(entries - cited)
    ]


@pytest.fixture(scope="module")
def bibliography():
    return parse_file(str(REPOSITORY / "book" / "references.bib")).entries


@pytest.fixture(scope="module")
def text() -> str:
    pages = [*sorted((REPOSITORY / "notebooks").glob("*.py")), *sorted((REPOSITORY / "book").glob("*.md"))]
    return "\n".join(page.read_text("utf-8") for page in pages)


def test_text_and_bibliography_agree(text, bibliography):
    found = disagreements(cited_keys(text), set(bibliography))
    assert found == [], "\n".join(found)


def test_the_agreement_can_fail():
    assert cited_keys("see {cite}`a2020, b2021` and {cite:t}`c1999`") == {"a2020", "b2021", "c1999"}
    assert disagreements({"a", "b"}, {"b", "c"}) == [
        "cited, but not in references.bib: a",
        "in references.bib, but cited nowhere: c",
    ]


def test_every_work_that_the_paper_cites_is_there(bibliography):
    assert len(PAPER_CITES) == len(set(PAPER_CITES)) == 42
    assert set(PAPER_CITES) <= set(bibliography)


def test_entries_are_complete_and_their_keys_tell_author_and_year(bibliography):
    for key, entry in bibliography.items():
        have = set(entry.fields) | {role for role, people in entry.persons.items() if people}
        assert REQUIRED[entry.type] <= have, f"{key} lacks {REQUIRED[entry.type] - have}"
        family = "".join(entry.persons["author"][0].last_names).lower()
        assert key.rstrip("ab") == f"{family}{entry.fields['year']}", key
        if "eprint" in entry.fields:
            assert re.fullmatch(r"\d{4}\.\d{4,5}", entry.fields["eprint"]), key
            assert entry.fields["archivePrefix"] == "arXiv"


def citation_file(root: Path) -> dict:
    return yaml.safe_load((root / "CITATION.cff").read_text("utf-8"))


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert str(citation_file(REPOSITORY)["version"]) == project["version"] == imagination.__version__


def test_the_citation_file_prefers_the_paper(bibliography):
    preferred = citation_file(REPOSITORY)["preferred-citation"]
    paper = bibliography["timor2026"]
    assert preferred["title"] == paper.fields["title"]
    assert str(preferred["year"]) == paper.fields["year"]
    ours = [(" ".join(p.last_names), " ".join(p.first_names)) for p in paper.persons["author"]]
    assert [(p["family-names"], p["given-names"]) for p in preferred["authors"]] == ours
    assert paper.fields["eprint"] in preferred["notes"]


def test_licences_are_those_of_the_metadata():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["license"] == "BSD-3-Clause AND CC-BY-4.0"
    assert project["license"].split(" AND ") == citation_file(REPOSITORY)["license"]
    code, prose = ((REPOSITORY / name).read_text("utf-8") for name in project["license-files"])
    assert code.startswith("BSD 3-Clause License")
    assert "Neither the name of the copyright holder" in " ".join(code.split())
    assert prose.startswith("Attribution 4.0 International")
    assert "ShareAlike" not in prose
    assert all(f"Section {number} -- " in prose for number in range(1, 9))
