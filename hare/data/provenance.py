"""Where a record comes from: repository, commit and licence, as the files around it say.

A licence file speaks for its folder and everything below, unless a nearer one does. Its kind is
told by the sentences that mark it; a text that matches none is "unrecognised", never guessed. A
folder can say its origin in a SOURCES.md with lines `- repository: URL` and `- commit: HASH`, or
by a name of the form owner__name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from hare.data.opening import is_licence
from hare.data.reading import decode
from hare.data.records import Provenance, SourceTree
from hare.errors import InputError

# The first kind all of whose marks are in the text names it; stricter ones come first.
_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("CC0-1.0", ("cc0 1.0",)),
    ("CC-BY-NC-SA-4.0", ("attribution-noncommercial-sharealike 4.0",)),
    ("CC-BY-NC-4.0", ("attribution-noncommercial 4.0",)),
    ("CC-BY-SA-4.0", ("attribution-sharealike 4.0",)),
    ("CC-BY-4.0", ("attribution 4.0 international",)),
    ("AGPL-3.0", ("gnu affero general public license", "version 3")),
    ("LGPL-3.0", ("gnu lesser general public license", "version 3")),
    ("GPL-3.0", ("gnu general public license", "version 3")),
    ("GPL-2.0", ("gnu general public license", "version 2")),
    ("MPL-2.0", ("mozilla public license", "2.0")),
    ("Apache-2.0", ("apache license", "version 2.0")),
    ("MIT", ("permission is hereby granted, free of charge", "without restriction")),
    ("ISC", ("permission to use, copy, modify, and/or distribute", "with or without fee")),
    ("BSD-3-Clause", ("redistribution and use in source and binary forms", "neither the name")),
    ("BSD-2-Clause", ("redistribution and use in source and binary forms",)),
    ("Unlicense", ("free and unencumbered software released into the public domain",)),
)
_NAMES = {
    "mit": "MIT",
    "apache2": "Apache-2.0",
    "apache20": "Apache-2.0",
    "cc0": "CC0-1.0",
    "cc010": "CC0-1.0",
    "ccby40": "CC-BY-4.0",
    "ccbysa40": "CC-BY-SA-4.0",
    "ccbync40": "CC-BY-NC-4.0",
    "ccbyncsa40": "CC-BY-NC-SA-4.0",
    "bsd3clause": "BSD-3-Clause",
    "3clausebsd": "BSD-3-Clause",
    "bsd2clause": "BSD-2-Clause",
    "2clausebsd": "BSD-2-Clause",
    "agpl30": "AGPL-3.0",
    "gpl3": "GPL-3.0",
    "gpl30": "GPL-3.0",
    "gpl2": "GPL-2.0",
    "gpl20": "GPL-2.0",
    "isc": "ISC",
    "mpl20": "MPL-2.0",
    "unlicense": "Unlicense",
}
_ORIGIN = re.compile(r"^- (repository|commit): *(\S+)", re.MULTILINE)


def licence_kind(text: str) -> str:
    """The kind of a licence by its text; "unrecognised" when it bears no known marks.

    >>> licence_kind("Apache License\\n   Version 2.0, January 2004")
    'Apache-2.0'
    """
    words = " ".join(text.lower().split())
    for kind, marks in _KINDS:
        if all(mark in words for mark in marks):
            return kind
    return "unrecognised"


def named_licence(name: str) -> str:
    """The kind that a licence field names, or "" when it names none that we know.

    >>> named_licence("MIT license"), named_licence("see LICENSE.txt")
    ('MIT', '')
    """
    return _NAMES.get(_letters(name), "")


def _letters(name: str) -> str:
    words = re.sub(r"\b(?:the|licen[cs]e|version|only|v)\b", "", name.lower())
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\bv|(?<=gpl)v", "", words))


class Origins:
    """Answers, for the paths of one source, where they come from and under what licence."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self._licences: dict[PurePosixPath, tuple[str, str]] = {}
        self._said: dict[PurePosixPath, Mapping[str, str]] = {}
        for file in tree.files:
            if is_licence(file.path) or file.path.name == "SOURCES.md":
                try:
                    text = decode(file.data)[0]
                except InputError:
                    continue
                folder = file.path.parent
                if is_licence(file.path):
                    self._licences.setdefault(folder, (licence_kind(text), str(file.path)))
                elif said := dict(_ORIGIN.findall(text)):
                    self._said[folder] = said

    def complete(self, provenance: Provenance) -> Provenance:
        """Fill in source, repository, commit and licence for a path.

        A licence that the record declares by a known name goes before the file's; so does one
        that names another licence than ours to know, as "unrecognised". A pointer to the licence
        file ("see LICENSE.txt") is followed.
        """
        folders = PurePosixPath(provenance.path).parents
        said = next((self._said[f] for f in folders if f in self._said), {})
        repository = said.get("repository", "") or self._tree.repository
        if not repository:
            top = PurePosixPath(provenance.path).parts[0]
            repository = top.replace("__", "/", 1) if "__" in top.strip("_") else ""
        licence, licence_from = next(
            (self._licences[f] for f in folders if f in self._licences), ("unknown", "")
        )
        if provenance.declared:
            named = named_licence(provenance.declared)
            points = re.search(r"licen[cs]e\.(txt|md)|\blicen[cs]e file", provenance.declared, re.I)
            if named or not points:
                licence, licence_from = named or "unrecognised", "its own field"
        return replace(
            provenance,
            source=self._tree.name,
            repository=repository,
            commit=said.get("commit", "") or self._tree.commit,
            licence=licence,
            licence_from=licence_from,
        )
