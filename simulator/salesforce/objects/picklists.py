"""The values of the org's picklists."""

from __future__ import annotations

LEAD_STATUSES = (
    "Open",
    "Nurturing",
    "Marketing Qualified",
    "Working",
    "Rejected",
    "Recycled",
    "SPAM",
    "Qualified",
)
CONVERTED_STATUS = "Qualified"
MQL_STATUSES = ("Open", "Working", "Rejected", "Converted")
CURRENCIES = ("EUR", "USD", "GBP", "AUD", "JPY")
STAGES = (
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Proposal",
    "Negotiation",
    "Closed Won",
    "Closed Lost",
)
LEAD_SOURCES = ("Web", "Webinar", "Event", "Paid Search", "Partner Referral", "Other")
INDUSTRIES = ("Technology", "Finance", "Healthcare", "Manufacturing", "Education", "Other")
