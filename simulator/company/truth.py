"""What was planted, so that a test can tell what a sync should have found: kind -> records.

Ids are those of the platforms; `object` is lead, contact, activity... A kind that has no entry is not listed.
"""

from __future__ import annotations

from typing import Any

KINDS: dict[str, str] = {
    "bot_clicks": "three distinct links of one mail within ten seconds",
    "flagged_bot": "mail opens or clicks that carry Is Bot Activity",
    "no_bot": "clicks that only look like a bot's",
    "duplicate_leads": "two leads of the same human with the same e-mail address",
    "lead_and_contact": "the same human as a lead and as a contact",
    "duplicate_people": "two Marketo people with the same e-mail address",
    "student": "students and interns by title",
    "no_student": "titles that hold the letters of intern or student and mean neither",
    "competitor": "people of competing firms",
    "own_staff": "the company's own people",
    "test_address": "addresses made for testing",
    "job_seeker": "people who looked at careers pages and at nothing else",
    "late_activity": "activities that become visible long after they happened",
    "broken_row": "records and activities that cannot be read as they are",
    "orphan_activity": "activities of people who are deleted or never existed",
    "role_address": "addresses of a function, shared by people",
    "shared_address": "different humans with the same e-mail address",
    "merged": "records that were merged into another",
    "deleted": "records that were deleted",
    "open_opportunity_hand_raise": "hand raises by people who are in an open opportunity",
    "customer_hand_raise": "hand raises by people of customers",
    "unsupported_region": "people of countries where the company does not sell",
    "unsupported_vertical": "people of industries that the company does not sell to",
    "near_miss": "people who almost qualify, and why they don't",
    "clear_case": "people who qualify beyond doubt, and why",
    "hostile_text": "strings that break careless code, in names, companies and titles",
    "non_latin": "names in other scripts",
    "spam": "people that sales marked as spam",
    "legacy_mql": "handovers from before, still open",
    "inactive_owner": "records owned by users who have left",
    "manual_owner_change": "owners that a person changed by hand",
    "away": "users who went on leave",
    "left": "users who became inactive",
}


class Truth:
    def __init__(self) -> None:
        self._found: dict[str, list[dict[str, Any]]] = {}

    def add(self, kind: str, platform: str, object: str, id: int | str | None, note: str = "") -> None:
        if kind not in KINDS:
            raise KeyError(
                f"no kind of planted thing is called {kind!r}; there are {', '.join(sorted(KINDS))}"
            )
        if id is not None:
            self._found.setdefault(kind, []).append(
                {"platform": platform, "object": object, "id": id, "note": note}
            )

    def as_dict(self) -> dict[str, list[dict[str, Any]]]:
        return {kind: list(self._found[kind]) for kind in KINDS if kind in self._found}
