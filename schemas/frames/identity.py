"""What is known of a platform record when it is settled whose it is: links, address, and whose it was."""

from typing import Any

import polars as pl

from schemas.frames.base import UTC

RECORD = ("platform", "object", "native_id")
"""What names a record about a human everywhere."""

NODES: dict[str, Any] = {
    **dict.fromkeys(RECORD, pl.String),
    "person_key": pl.String,  # null: not recorded yet
    "created_at": UTC,
    "changed_at": UTC,
    "email_key": pl.String,
    "is_deleted": pl.Boolean,
    "merged_into": pl.String,
    "crm_lead_id": pl.String,
    "crm_contact_id": pl.String,
    "converted_contact_id": pl.String,
}
