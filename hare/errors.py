"""What can go wrong in hare.

HareError
├── SettingsError      a setting outside its range (names the field and the rule)
├── InputError         data of the wrong shape, type or range, or not finite
├── UnknownArmError    a name that the registry does not know
├── ModelFilesError    model files missing, corrupted or of another kind
├── EncoderError       the encoder's files are missing or not the expected ones
├── StateError         bytes that are no user state, or a state of another arm
└── GenerationError    the language model gave no usable text
"""


class HareError(Exception):
    """Base of every error that hare raises on purpose."""


class SettingsError(HareError, ValueError):
    """A setting is outside its range."""

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(f"{field} = {value!r}: {rule}")
        self.field = field
        self.value = value
        self.rule = rule


class InputError(HareError, ValueError):
    """An argument has the wrong shape, type or range."""


class UnknownArmError(HareError, KeyError):
    """No arm of this name is registered."""

    def __init__(self, name: str, known: list[str]) -> None:
        self.message = f"unknown arm {name!r}; the registry knows {', '.join(sorted(known))}"
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message


class ModelFilesError(HareError):
    """Model files are missing, corrupted, or of another kind."""


class EncoderError(HareError):
    """The encoder's files are missing or not the expected ones."""


class StateError(HareError, ValueError):
    """Bytes that are no user state, or a state that belongs to another arm."""


class GenerationError(HareError):
    """The language model gave no usable text."""
