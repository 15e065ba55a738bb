"""The default content of REQUIREMENTS §5, read roughly: enough to ask who of the company would qualify.

Written for the company's tests alone; the project's own rules are written elsewhere and know nothing of it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

THRESHOLD, FIT_FLOOR = 65, 40
_TARGET = {"Technology", "Manufacturing", "Finance", "Transportation", "Shipping", "Retail"}
_ADJACENT = {"Telecommunications", "Insurance", "Energy", "Food & Beverage", "Construction", "Consulting"}
_PRIMARY_REGION = {
    "United States",
    "USA",
    "US",
    "Canada",
    "United Kingdom",
    "UK",
    "GB",
    "Germany",
    "DE",
    "Netherlands",
}
_UNSUPPORTED = {"Iran", "North Korea", "Syria", "Cuba"}
_FREE = (
    "gmail.",
    "gmx.",
    "web.de",
    "yahoo.",
    "outlook.",
    "hotmail.",
    "icloud.",
    "orange.fr",
    "free.fr",
    "libero.it",
)
# kind of evidence: points, cap, window in days, half-life in days
_SIGNALS: dict[str, tuple[float, float, int, float]] = {
    "pricing": (15, 45, 30, 14),
    "compare": (10, 20, 30, 14),
    "case": (10, 20, 60, 30),
    "tool": (20, 20, 90, 30),
    "whitepaper": (10, 30, 90, 30),
    "ebook": (2, 6, 90, 30),
    "registered": (5, 10, 90, 30),
    "attended": (15, 30, 90, 30),
    "on_demand": (10, 30, 90, 30),
    "booth": (20, 40, 180, 60),
    "survey": (10, 20, 90, 30),
    "page": (1, 10, 7, 7),
    "visit": (3, 10, 7, 7),
    "click": (3, 9, 7, 14),
}


@dataclass
class Evidence:
    seen: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    hand_raises: list[datetime] = field(default_factory=list)
    trials: list[datetime] = field(default_factory=list)
    pricing_days: set[str] = field(default_factory=set)
    last_page: datetime | None = None
    clicks: dict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))


def gather(database: sqlite3.Connection) -> dict[int, Evidence]:
    """Evidence per Marketo person from every activity that is visible."""
    found: dict[int, Evidence] = defaultdict(Evidence)
    columns = "type_id, lead_id, at, primary_id, primary_value, attributes"
    rows = database.execute(f"SELECT {columns} FROM activities ORDER BY at")
    for type_id, who, at, primary_id, value, text in rows:
        if type_id in (1, 2, 11, 104):
            _note(found[who], type_id, datetime.fromisoformat(at), primary_id, str(value), json.loads(text))
    return found


def _note(
    e: Evidence, type_id: int, at: datetime, primary_id: int, value: str, attributes: Mapping[str, Any]
) -> None:
    if type_id == 1:
        _page(e, at, value)
    elif type_id == 2:
        _form(e, at, value, attributes)
    elif type_id == 11 and not attributes.get("Is Bot Activity"):
        earlier = e.clicks[primary_id]
        if not earlier or (at - earlier[-1]).total_seconds() > 10:
            e.seen["click"].append(at)
        earlier.append(at)
    elif type_id == 104:
        kind = {
            "Registered": "registered",
            "Attended": "attended",
            "Attended On-demand": "on_demand",
            "Visited Booth": "booth",
        }.get(attributes["New Status"])
        if kind:
            e.seen[kind].append(at)


def _form(e: Evidence, at: datetime, name: str, attributes: Mapping[str, Any]) -> None:
    if name.startswith("Demo") or (name == "Contact Us" and _is_sales(attributes)):
        e.hand_raises.append(at)
    elif name.startswith("Free Trial"):
        e.trials.append(at)
    for start, kind in (("Whitepaper", "whitepaper"), ("eBook", "ebook"), ("Survey", "survey")):
        if name.startswith(start):
            e.seen[kind].append(at)
    if name in ("ROI Calculator", "Planning Self-Assessment", "Benchmark"):
        e.seen["tool"].append(at)


def _is_sales(attributes: Mapping[str, Any]) -> bool:
    fields = attributes.get("Form Fields", "")
    return not any(word in fields for word in ('"Support"', '"Careers"', '"Partnership"'))


def _page(e: Evidence, at: datetime, page: str) -> None:
    e.seen["page"].append(at)
    if e.last_page is None or at - e.last_page > timedelta(minutes=30):
        e.seen["visit"].append(at)
    e.last_page = at
    if "/pricing" in page and f"{at:%Y%m%d}" not in e.pricing_days:
        e.pricing_days.add(f"{at:%Y%m%d}")
        e.seen["pricing"].append(at)
    elif "/integrations" in page or "/compare" in page:
        e.seen["compare"].append(at)
    elif "/case-studies" in page:
        e.seen["case"].append(at)


def engagement(e: Evidence, at: datetime) -> float:
    total = 0.0
    for kind, (points, cap, window, half_life) in _SIGNALS.items():
        ages = [
            (at - seen).days
            for seen in e.seen.get(kind, ())
            if timedelta() <= at - seen <= timedelta(days=window)
        ]
        total += min(cap, sum(points * 0.5 ** (age / half_life) for age in ages))
    return min(100.0, total)


def fit(lead: Mapping[str, Any]) -> float:
    title = str(lead.get("title") or "")
    score = 0.0
    if title:
        words = title.lower()
        if title in ("CEO", "CIO", "CMO", "CFO") or "chief" in words:
            score += 25
        elif "vp" in words or "vice president" in words:
            score += 20
        elif "director" in words or "head of" in words:
            score += 15
        else:
            score += 10 if "manager" in words or "lead" in words else 3
        if any(w in words for w in ("operati", "it ", "cio", "information")) or title.endswith("IT"):
            score += 15
        elif any(
            w in words
            for w in ("engineer", "technology", "marketing", "sales", "finance", "revenue", "cfo", "cmo")
        ):
            score += 5
    size = lead.get("numberOfEmployees")
    if isinstance(size, int) and size > 0:
        score += 20 if 100 <= size <= 5000 else 10 if 20 <= size <= 20000 else 3
    industry = lead.get("industry")
    score += 20 if industry in _TARGET else 8 if industry in _ADJACENT else 0
    country = lead.get("country")
    score += 0 if not country else 10 if country in _PRIMARY_REGION else 5
    if any(part in str(lead.get("email") or "") for part in _FREE):
        score -= 10
    return max(0.0, min(100.0, score))


def excluded(lead: Mapping[str, Any]) -> bool:
    words = str(lead.get("title") or "").lower().split()
    return (
        any(w in ("student", "intern", "internship") for w in words)
        or lead.get("country") in _UNSUPPORTED
        or lead.get("industry") in ("Gambling", "Tobacco")
        or str(lead.get("email") or "").endswith(
            ("northbeam.example", "cobaltworks.example", "planwise.example")
        )
    )


def qualifies_at(lead: Mapping[str, Any], e: Evidence, at: datetime, since: datetime) -> str | None:
    """By what somebody qualifies who has acted after `since`: hand_raise, trial, score, or not at all."""
    if excluded(lead):
        return None
    if any(since < act <= at for act in e.hand_raises):
        return "hand_raise"
    suits = fit(lead)
    if suits >= FIT_FLOOR and any(since < act <= at for act in e.trials):
        return "trial"
    fresh = any(since < act <= at for acts in e.seen.values() for act in acts)
    if fresh and suits >= FIT_FLOOR and 0.5 * suits + 0.5 * engagement(e, at) >= THRESHOLD:
        return "score"
    return None
