"""`playbook/assets.yaml`: what forms, pages, mails and webinars are about."""

from typing import Annotated

from pydantic import Field, model_validator

from schemas.playbook.base import Part
from schemas.playbook.patterns import Pattern
from schemas.vocabulary import ActivityKind


class AssetRule(Part):
    """Everything given must match. Every rule that matches adds its tags; the first one with a line gives the line.

    `name` is matched with the asset's name (form, mail, program, page), `url` with the page's address, `campaign`
    and `campaign_type` with the campaign or program that the act belongs to.
    """

    id: str
    kinds: list[ActivityKind] = []  # empty: any
    name: Pattern | None = None
    url: Pattern | None = None
    campaign: Pattern | None = None
    campaign_type: Pattern | None = None
    tags: list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]] = []
    line: str | None = None
    last: bool = False  # no later rule adds anything to what this one matches

    @model_validator(mode="after")
    def _matches_and_says_something(self) -> "AssetRule":
        if not (self.kinds or self.name or self.url or self.campaign or self.campaign_type):
            raise ValueError(
                f"asset rule {self.id}: give kinds, name, url, campaign or campaign_type to match"
            )
        if not (self.tags or self.line or self.last):
            raise ValueError(f"asset rule {self.id}: give tags or a line")
        return self


class Assets(Part):
    rules: list[AssetRule] = []
