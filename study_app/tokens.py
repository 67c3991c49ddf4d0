"""Signed links of participants, keyed digests of recruitment ids, and the researcher's password."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from itsdangerous import BadData, URLSafeSerializer

from study_app.errors import TokenError, WrongSecret
from study_app.settings import Installation
from study_design import Letters, Protocol

_ID = re.compile(r"[0-9a-f]{32}")


def make_token(key: str, participant_id: str) -> str:
    """The token of a participant's link: their id and a signature, safe in a URL."""
    return _serializer(key).dumps(participant_id)


def read_token(key: str, token: str) -> str:
    """The participant's id; TokenError when the token was not made by this installation.

    >>> read_token("k" * 16, make_token("k" * 16, "0" * 32)) == "0" * 32
    True
    """
    try:
        participant_id = _serializer(key).loads(token)
    except (BadData, ValueError) as error:
        raise _refused() from error
    if not isinstance(participant_id, str) or not _ID.fullmatch(participant_id):
        raise _refused()
    return participant_id


def recruitment_digest(key: str, name: str, value: str) -> str:
    """A digest of a recruitment id that says nothing without the installation's key."""
    return _keyed(key, f"recruitment/{name}/{value}")


def completion_code(key: str, participant_id: str) -> str:
    """The completion code of one participant: 10 letters and digits that nobody can guess."""
    return _keyed(key, f"completion/{participant_id}")[:10].upper()


def draw_letters(key: str, protocol: Protocol) -> Letters:
    """Arms and requests in an order that only the installation's key tells, another one a study.

    >>> from study_design import PILOT, load_protocol
    >>> pilot = load_protocol(PILOT)
    >>> sorted(draw_letters("k" * 16, pilot).arms) == sorted(pilot.arm_names)
    True
    """

    def permuted(kind: str, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(
            sorted(names, key=lambda name: _keyed(key, f"letters/{protocol.hash}/{kind}/{name}"))
        )

    in_order = Letters.in_order(protocol)
    return Letters(permuted("arm", in_order.arms), permuted("request", in_order.requests))


def check_password(installation: Installation, secret: str) -> None:
    """WrongSecret unless this is the researcher's password; the time taken tells nothing."""
    right = False
    if installation.password_hash is not None:
        try:
            right = PasswordHasher().verify(installation.password_hash, secret)
        except (VerificationError, InvalidHashError):
            right = False
    elif installation.password is not None:
        right = hmac.compare_digest(secret.encode(), installation.password.encode())
    if not right:
        raise WrongSecret(
            "This is not the researcher's password. It is HARE_RESEARCHER_PASSWORD, or the one "
            "made for this installation, which python -m study_app links prints."
        )


def _serializer(key: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        key,
        salt="participant",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )


def _keyed(key: str, message: str) -> str:
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


def _refused() -> TokenError:
    return TokenError(
        "This link is not complete or not from this study. Open the link again exactly as you got "
        "it, or begin again from the invitation."
    )
