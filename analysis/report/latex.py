r"""A table of the report as LaTeX, to be \input in a paper: booktabs, and longtable for a long one.

The same cells as on the page. Signs that pdfLaTeX does not know as characters, among them the true
minus, become mathematics.
"""

from __future__ import annotations

import pandas as pd

from analysis.report.table import Table

LONG = 30  # rows; a table with more goes over pages
WIDE = 60  # characters; a column with a wider cell gets lines of its own width

_CHARACTERS = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\n": " ",
    **{"−": "$-$", "×": r"$\times$", "±": r"$\pm$", "≤": r"$\leq$", "≥": r"$\geq$", "→": r"$\to$"},
    **{"α": r"$\alpha$", "ε": r"$\varepsilon$", "η": r"$\eta$", "χ": r"$\chi$", "κ": r"$\kappa$"},
    **{"²": r"\textsuperscript{2}", "₀": r"\textsubscript{0}", "₁": r"\textsubscript{1}"},
}
_ESCAPES = str.maketrans(_CHARACTERS)


def escaped(text: str) -> str:
    r"""The text as LaTeX that prints it.

    >>> print(escaped("p_Holm, 50% of A & B: −0.1"))
    p\_Holm, 50\% of A \& B: $-$0.1
    """
    return text.translate(_ESCAPES)


def latex_table(table: Table, *, warning: str = "") -> str:
    """The rows that the page shows, with the caption, the note and a label.

    warning  what must stand in front of the caption, as that participants are simulated
    """
    rows = [[escaped(cell) for cell in row] for row in table.rows()]
    for row, repeated in zip(rows, table.repeats(), strict=True):
        row[:repeated] = [""] * repeated
        if row[0].startswith("["):
            row[0] = f"{{}}{row[0]}"  # after the end of a row LaTeX would read it as an option
    headings = [escaped(column.heading) for column in table.columns]
    said = [
        f"{escaped(part)}." for part in (warning.rstrip("."), table.caption.rstrip(".")) if part
    ]
    long = len(rows) > LONG
    body = pd.DataFrame(rows, columns=pd.Index(headings)).to_latex(
        index=False,
        escape=False,
        column_format="".join(_alignment(table, k) for k in range(len(headings))),
        caption=(" ".join([*said, escaped(table.note)]).strip(), escaped(table.caption)),
        label=f"tab:{table.name}",
        longtable=long,
    )
    packages = "booktabs, longtable" if long else "booktabs"
    return f"% \\usepackage{{{packages}}}\n{body}"


def _alignment(table: Table, k: int) -> str:
    if table.columns[k].numeric:
        return "r"
    widest = max(len(row[k]) for row in table.rows())
    return "l" if widest <= WIDE else r"p{0.5\linewidth}"
