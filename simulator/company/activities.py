"""Marketo activities as rows of `Instance.load_activities`: one function per thing that people or mails do.

Nobody is asked and nothing is stored here. Form fields come PHP-serialised, as on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from simulator.company.catalogue import SITE, Form, Mail, Page
from simulator.company.people import Person

Row = dict[str, Any]
VISIT, FORM, LINK, SEND, DELIVERED, BOUNCED, UNSUBSCRIBED, OPEN, CLICK = 1, 2, 3, 6, 7, 8, 9, 10, 11
_BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/144.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/18.2 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
)
_REFERRERS = ("https://www.google.com/", "https://www.linkedin.com/", "https://www.bing.com/", "", "")


def _row(
    type_id: int, who: int, at: datetime, primary_id: int | None, value: str | None, **attributes: Any
) -> Row:
    return {
        "type_id": type_id,
        "lead_id": who,
        "at": at,
        "primary_id": primary_id,
        "primary_value": value,
        "attributes": {name.replace("_", " "): v for name, v in attributes.items()},
    }


def _web(person: Person, rng: Random) -> dict[str, Any]:
    return {
        "Client IP Address": f"203.0.113.{person.number % 254 + 1}",
        "Referrer URL": rng.choice(_REFERRERS),
        "User Agent": _BROWSERS[person.number % 3],
    }


def visit(person: Person, who: int, at: datetime, page: Page, rng: Random, query: str = "") -> Row:
    row = _row(VISIT, who, at, page.id, page.address)
    row["attributes"] = {**_web(person, rng), "Webpage URL": page.path, "Query Parameters": query}
    return row


def link_click(person: Person, who: int, at: datetime, page: Page, rng: Random) -> Row:
    """A click on a link of our page that leads elsewhere, such as the video behind a webinar's page."""
    row = _row(LINK, who, at, page.id + 5000, f"https://video.{SITE[4:]}{page.path}")
    row["attributes"] = {**_web(person, rng), "Webpage ID": page.id}
    return row


def form_fill(
    person: Person, who: int, at: datetime, form: Form, rng: Random, extra: Mapping[str, str] | None = None
) -> Row:
    fields = {
        "FirstName": person.first or "",
        "LastName": person.last,
        "Email": person.email or "",
        "Company": person.company or "",
        "Title": person.title or "",
        "Country": person.country_text or "",
        **(extra or {}),
    }
    row = _row(FORM, who, at, form.id, form.name)
    row["attributes"] = {
        **_web(person, rng),
        "Form Fields": php_array(fields),
        "Query Parameters": "",
        "Webpage ID": form.page.id,
    }
    return row


def php_array(fields: Mapping[str, str]) -> str:
    """PHP's serialize() of a flat array; lengths are those of the UTF-8 bytes."""
    items = "".join(_php_text(name) + _php_text(value) for name, value in fields.items())
    return f"a:{len(fields)}:{{{items}}}"


def _php_text(text: str) -> str:
    return f's:{len(text.encode())}:"{text}";'


def sent(who: int, at: datetime, mail: Mail, run: int) -> Row:
    return _row(SEND, who, at, mail.id, mail.name, Campaign_Run_ID=run, Choice_Number=0, Step_ID=run + 17)


def delivered(who: int, at: datetime, mail: Mail, run: int) -> Row:
    return _row(
        DELIVERED, who, at, mail.id, mail.name, Campaign_Run_ID=run, Choice_Number=0, Step_ID=run + 17
    )


def bounced(who: int, at: datetime, mail: Mail, run: int, address: str | None) -> Row:
    return _row(
        BOUNCED,
        who,
        at,
        mail.id,
        mail.name,
        Campaign_Run_ID=run,
        Category="2",
        Subcategory="4003",
        Details="550 5.1.1 user unknown\r\nmailbox unavailable",
        Email=address,
    )


def opened(person: Person, who: int, at: datetime, mail: Mail, run: int, *, bot: bool = False) -> Row:
    return _row(OPEN, who, at, mail.id, mail.name, Campaign_Run_ID=run, **_device(person, bot))


def clicked(
    person: Person, who: int, at: datetime, mail: Mail, run: int, link: int, *, bot: bool = False
) -> Row:
    address = mail.links[link % len(mail.links)]
    return _row(
        CLICK,
        who,
        at,
        mail.id,
        mail.name,
        Campaign_Run_ID=run,
        Link=address,
        Link_ID=str(mail.id * 10 + link),
        **_device(person, bot),
    )


def _device(person: Person, bot: bool) -> dict[str, Any]:
    mobile = person.number % 3 == 2
    found: dict[str, Any] = {
        "Is_Bot_Activity": bot,
        "Bot_Activity_Pattern": "Matched IP address or user agent to known bots" if bot else "N/A",
        "Device": "iPhone" if mobile else "unknown",
        "Platform": "iOS" if mobile else "unknown",
        "Is_Mobile_Device": mobile,
        "User_Agent": "python-scanner/2.1" if bot else _BROWSERS[person.number % 3],
    }
    return found


def unsubscribed(person: Person, who: int, at: datetime, mail: Mail, run: int) -> Row:
    return _row(
        UNSUBSCRIBED,
        who,
        at,
        mail.id,
        mail.name,
        Campaign_Run_ID=run,
        User_Agent=_BROWSERS[person.number % 3],
    )


def new_lead(who: int, at: datetime, source: str, lead_source: str | None, form: str | None = None) -> Row:
    return _row(
        12,
        who,
        at,
        None,
        None,
        Created_Date=f"{at:%Y-%m-%d}",
        Source_Type=source,
        Lead_Source=lead_source,
        Form_Name=form,
    )


def interesting_moment(who: int, at: datetime, kind: str, description: str) -> Row:
    return _row(
        46,
        who,
        at,
        None,
        kind,
        Date=f"{at:%Y-%m-%d %H:%M:%S}",
        Description=description,
        Source="Smart campaign",
    )


def legacy_score(who: int, at: datetime, old: int, new: int, reason: str) -> list[Row]:
    """One change of the old lead score is two activities of the same second."""
    change = {"Change Value": f"{new - old:+d}", "New Value": new, "Old Value": old, "Reason": reason}
    value = {"New Value": str(new), "Old Value": str(old), "Reason": reason, "Source": "Marketo Flow Action"}
    score, data = _row(22, who, at, 146, "Lead Score"), _row(13, who, at, 146, "Lead Score")
    score["attributes"], data["attributes"] = change, value
    return [score, data]


def status_change(
    who: int,
    at: datetime,
    program_id: int,
    program: str,
    member_id: int,
    old: tuple[int, str],
    new: tuple[int, str],
    success: bool,
) -> Row:
    row = _row(104, who, at, program_id, program)
    row["attributes"] = {
        "Acquired By": False,
        "New Status": new[1],
        "New Status ID": new[0],
        "Old Status": old[1],
        "Old Status ID": old[0],
        "Program Member ID": member_id,
        "Success": success,
    }
    return row


def after(at: datetime, seconds: float) -> datetime:
    return at + timedelta(seconds=int(seconds))
