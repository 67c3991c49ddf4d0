"""The deployment's configuration: environment variables HARE_…, or a .env file, over safe defaults.

Secrets have no default that works in public: with none set, random ones are made for this
installation and kept in the data folder, readable by its owner only.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from study_app.errors import ConfigurationError
from study_design import PILOT

INSTALLATION_FILE = "installation.json"
_SHORTEST_SECRET = 16


def _embedded_database(given: dict[str, Any]) -> str:
    return f"sqlite:///{Path(given['data_dir']) / 'study.sqlite'}"


class Settings(BaseSettings):
    """Where the study runs. Every field can be set as HARE_<NAME>.

    data_dir                  folder of the embedded database and of the installation's secrets
    database_url              SQLAlchemy URL; postgres:// is accepted; also read from DATABASE_URL;
                              study.sqlite in data_dir when there is none
    protocol                  the study's YAML file
    base_url                  where participants reach the app, for the printed links
    secret                    key that signs tokens, at least 16 characters
    researcher_password       the researcher's password, or its argon2 hash in the next field
    place_held_hours          for how long someone who stopped answering keeps their place
    """

    model_config = SettingsConfigDict(
        env_prefix="HARE_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        env_ignore_empty=True,
    )

    data_dir: Path = Path("data")
    database_url: str = Field(
        default_factory=_embedded_database,
        validation_alias=AliasChoices("HARE_DATABASE_URL", "DATABASE_URL"),
    )
    protocol: Path = PILOT
    base_url: str = "http://localhost:8501"
    secret: SecretStr | None = None
    researcher_password: SecretStr | None = None
    researcher_password_hash: str | None = None
    place_held_hours: float = Field(default=24.0, gt=0)

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        for prefix in ("postgres://", "postgresql://"):
            if url.startswith(prefix):
                return "postgresql+psycopg://" + url.removeprefix(prefix)
        if url.startswith(("sqlite:///", "postgresql+psycopg://")):
            return url
        raise ValueError("must start with sqlite:/// or postgresql:// (postgres:// is accepted)")

    @field_validator("secret", "researcher_password")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < _SHORTEST_SECRET:
            raise ValueError(f"must have at least {_SHORTEST_SECRET} characters")
        return value

    @field_validator("researcher_password_hash")
    @classmethod
    def _argon2(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("$argon2"):
            raise ValueError("must be an argon2 hash (it starts with $argon2)")
        return value


@dataclass(frozen=True, slots=True)
class Installation:
    """The secrets of this installation.

    key              signs tokens and keys digests
    password         the researcher's password; None when only its hash is configured
    password_hash    argon2 hash; None when the password itself is known
    password_made    True when the password was made for this installation
    """

    key: str
    password: str | None
    password_hash: str | None
    password_made: bool


def load_settings(**overrides: object) -> Settings:
    """Read the settings; ConfigurationError names each variable and what is wrong with it.

    >>> load_settings(database_url="postgres://u@h/db").database_url
    'postgresql+psycopg://u@h/db'
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # pyright: ignore[reportArgumentType]  # checked by pydantic
    except ValidationError as error:
        lines = [f"  {_variable(issue['loc'])}: {issue['msg']}" for issue in error.errors()]
        raise ConfigurationError("The settings cannot be used:\n" + "\n".join(lines)) from None


def load_installation(settings: Settings) -> Installation:
    """The installation's secrets; what the settings leave open is made once and kept on disk."""
    configured = settings.researcher_password_hash or settings.researcher_password
    kept: dict[str, str] = {}
    if settings.secret is None or configured is None:
        kept = _kept_secrets(settings.data_dir / INSTALLATION_FILE)
    key = settings.secret.get_secret_value() if settings.secret else kept["secret"]
    if settings.researcher_password_hash:
        return Installation(key, None, settings.researcher_password_hash, False)
    if settings.researcher_password:
        return Installation(key, settings.researcher_password.get_secret_value(), None, False)
    return Installation(key, kept["researcher_password"], None, True)


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "settings"
    return name if name.isupper() else f"HARE_{name.upper()}"


def _kept_secrets(path: Path) -> dict[str, str]:
    if not path.exists():
        _make_secrets(path)
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {name: str(kept[name]) for name in ("secret", "researcher_password")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{path} cannot be read as this installation's secrets ({error!r}). Restore it from a "
            "backup: links of enrolled participants depend on it. With no participants yet, delete "
            "the file and start again."
        ) from error


def _make_secrets(path: Path) -> None:
    """Write new secrets whole or not at all; of two processes at once, one wins."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(
                {"secret": secrets.token_hex(32), "researcher_password": secrets.token_urlsafe(18)},
                file,
            )
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written ({error}). Set HARE_DATA_DIR to a folder that can, or set "
            "HARE_SECRET and HARE_RESEARCHER_PASSWORD."
        ) from error
