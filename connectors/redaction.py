"""What may be quoted of a platform's words: no e-mail address, no token, no long value."""

import re

# The look-behind lets a run of text without an @ be tried once, and not from each of its characters.
_EMAIL = re.compile(r"(?<![^\s@<>\"'(),;:=])[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;:=]+\.[^\s@<>\"'(),;:=]+")
_SECRETS = re.compile(
    r"(?i)\b(bearer\s+|(?:access_token|client_secret|assertion|refresh_token|token)[\"']?\s*[=:]\s*[\"']?)"
    r"[^\s\"'&,}]+"
)
_SESSION = re.compile(r"\b00D[A-Za-z0-9]{12,15}![^\s\"']+")
_LONGEST = 300


def redact(text: str) -> str:
    """One line, at most 300 characters, with e-mail addresses and credentials blanked."""
    text = " ".join(text.split())
    text = _SESSION.sub("[token]", _SECRETS.sub(r"\1[secret]", text))
    text = _EMAIL.sub("[e-mail]", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
