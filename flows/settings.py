"""What the environment says. Read once, by the composition root; `.env` in the working directory counts too."""

from pathlib import Path

from pydantic import AwareDatetime, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "MQLFLOW_"


HINTS = {
    "live_since": "must be an instant with its time zone, such as 2026-06-01T06:00:00Z",
    "quarantine_days": "must be a whole number of days, 1 or more",
    "retention_months": "must be a whole number of months, 1 or more",
    "patience": "must be a number of seconds, 0 or more",
}
"""What is said of a value that can't be read."""


class SettingsFault(Exception):
    """A setting is missing or wrong. The message names the variable; it never shows a value."""


class Settings(BaseSettings):
    """The variables of the README's table. A platform whose URL is not set is not connected."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore"
    )

    database_url: SecretStr = SecretStr("sqlite:///mqlflow.db")
    playbook: Path = Path("playbook")
    salesforce_url: str | None = None
    salesforce_client_id: str | None = None
    salesforce_client_secret: SecretStr | None = None
    salesforce_username: str | None = None
    salesforce_private_key_file: Path | None = None
    marketo_url: str | None = None
    marketo_client_id: str | None = None
    marketo_client_secret: SecretStr | None = None
    live_since: AwareDatetime | None = None
    quarantine_days: int = Field(default=30, ge=1)
    retention_months: int = Field(default=13, ge=1)
    patience: float = Field(default=60, ge=0)  # seconds that a platform's temporary refusals are waited out


def read_settings() -> Settings:
    """The settings of this process; raises `SettingsFault` with every fault in one go."""
    try:
        return Settings()
    except ValidationError as fault:
        lines = [
            f"{PREFIX}{name.upper()}: {HINTS.get(name, error['msg'])}"
            for error in fault.errors(include_input=False)
            for name in [str(error["loc"][0])]
        ]
        raise SettingsFault("; ".join(lines)) from None
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8"
        raise SettingsFault(f".env in the working directory can't be read: {why}") from None
