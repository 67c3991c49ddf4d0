"""stub"""

from study_design.protocol import Protocol


def consent_text(protocol: Protocol) -> str:
    """The consent form of this protocol, in Markdown."""
    return protocol.consent.purpose
