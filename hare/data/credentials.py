"""Keys and passwords in a text: those of known forms, and assigned values that look random.

A value counts only when it could be real. Samples give themselves away: by a word such as
"example" or "your", by brackets, by runs of one letter or of the alphabet, or by carrying less
information a character than a random key does (Shannon entropy, in bits).
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator

LEAST_ENTROPY = 3.0  # bits a character of a key in a known form
LEAST_ENTROPY_ASSIGNED = 3.5  # of a value that only its name makes a secret

_FORMS = {
    "AWS access key": r"\b(?:AKIA|ASIA)(?P<value>[A-Z2-7]{16})\b",
    "GitHub token": r"\b(?:gh[pousr]_(?P<value>[A-Za-z0-9]{36,})|github_pat_(?P<value2>\w{60,}))\b",
    "GitLab token": r"\bglpat-(?P<value>[\w-]{20,})",
    "model provider's key": r"\bsk-(?:proj-|ant-|or-|svcacct-)?(?P<value>[A-Za-z0-9][\w-]{30,})",
    "Slack token": r"\bxox[abeprs]-(?P<value>[A-Za-z0-9-]{20,})",
    "Stripe live key": r"\b[rs]k_live_(?P<value>[A-Za-z0-9]{16,})",
    "Google API key": r"\bAIza(?P<value>[\w-]{35})(?![\w-])",
    "Hugging Face token": r"\bhf_(?P<value>[A-Za-z]{30,})\b",
    "npm token": r"\bnpm_(?P<value>[A-Za-z0-9]{36})\b",
    "SendGrid key": r"\bSG\.(?P<value>[\w-]{16,}\.[\w-]{16,})",
    "JSON web token": r"\beyJ[\w-]{8,}\.(?P<value>eyJ[\w-]{8,}\.[\w-]{16,})",
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"
    r"(?P<value>[A-Za-z0-9+/=\s\\]{100,})-----END",
    "password in an address": r"\b[a-z][a-z0-9+.-]{1,15}://[^\s:/@'\"<>]{1,64}:"
    r"(?P<value>[^\s:/@'\"<>${}]{8,64})@[\w.-]+",
}
_PATTERNS = {kind: re.compile(form) for kind, form in _FORMS.items()}
_ASSIGNED = re.compile(
    r"(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|auth[_-]?key)\w{0,12}['\"]?"
    r"\s{0,3}(?:=|:|=>)\s{0,3}['\"]?(?P<value>[A-Za-z0-9+/_=-]{20,128})(?![\w.(\[])",
    re.IGNORECASE,
)
_SAMPLE = re.compile(
    r"example|sample|dummy|placeholder|your|change|redact|fake|test|demo|secret|password|insert"
    r"|replace|secure|xxx|\*\*\*|\.\.\.|0000|1111|1234|abcd|deadbeef|a1b2|localhost",
    re.IGNORECASE,
)


def credentials(text: str) -> Iterator[tuple[int, int, str]]:
    """The (start, end, kind) of every value that could be a real credential."""
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            group = next(name for name, value in match.groupdict().items() if value is not None)
            if not _is_sample(match[group], kind):
                yield match.start(), match.end(), kind
    for match in _ASSIGNED.finditer(text):
        value = match["value"]
        mixed = re.search(r"\d", value) and re.search(r"[a-z]", value) and re.search("[A-Z]", value)
        if mixed and entropy(value) >= LEAST_ENTROPY_ASSIGNED and not _SAMPLE.search(value):
            yield match.start("value"), match.end("value"), "assigned secret"


def entropy(value: str) -> float:
    """Shannon entropy of the characters of a value, in bits a character.

    >>> entropy("aaaa"), entropy("abcd")
    (0.0, 2.0)
    """
    shares = [count / len(value) for count in Counter(value).values()]
    return sum(-share * math.log2(share) for share in shares)


def _is_sample(value: str, kind: str) -> bool:
    if kind == "private key":
        # Real ones are base64 to the end; sketches hold dots or words.
        return entropy(re.sub(r"\s|\\n", "", value)) < 4.0
    if kind == "JSON web token":
        payload = value.split(".")[0]
        try:
            value += base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode("latin-1")
        except (binascii.Error, ValueError):
            return True
    if kind == "password in an address" and not re.search(r"\d", value):
        return True
    return bool(_SAMPLE.search(value)) or entropy(value) < LEAST_ENTROPY
