"""The attributes of a person that conditions may use: what `engine.data.attributes.attributes_at` gives at an instant.

Null means unknown. A boolean that can't be told without a missing value is null where that value is missing, if fit
rules measure by it (`is_personal_email`); where an exclusion asks for it (`is_student` without a title), it is false.
"""

import polars as pl

from schemas.frames.base import UTC

HAS_COLUMNS = (
    "email",
    "phone",
    "first_name",
    "last_name",
    "company",
    "title",
    "country",
    "industry",
    "employees",
)
"""Fields with a column `has_<field>`: whether the person's records hold a usable value."""

PEOPLE_COLUMNS: dict[str, pl.DataType] = {
    "created_at": UTC,
    "email_domain": pl.String(),
    "is_personal_email": pl.Boolean(),  # a free-mail domain
    "is_role_address": pl.Boolean(),  # info@, sales@ …: a mailbox of several people
    "unsubscribed": pl.Boolean(),  # on any of the person's records
    "email_invalid": pl.Boolean(),
    "title": pl.String(),
    "seniority": pl.String(),  # c_level, vp, director, manager, other; null without a title
    "department": pl.String(),  # names of playbook/data.yaml, else other; null without a title
    "company": pl.String(),
    "country": pl.String(),  # ISO 3166 alpha-2; the account's where the person's is unknown, likewise the next two
    "region": pl.String(),  # of playbook/data.yaml
    "industry": pl.String(),
    "employees": pl.Int64(),
    "lead_source": pl.String(),
    "status": pl.String(),  # the record's own, as people set it: our writes are left out
    "account_id": pl.String(),
    "account_name": pl.String(),
    "account_type": pl.String(),
    "account_owner_id": pl.String(),
    "is_target_account": pl.Boolean(),
    "is_customer": pl.Boolean(),
    "open_opportunity": pl.Boolean(),  # of a counted type
    "opportunity_owner_id": pl.String(),  # of the youngest open one
    "last_opportunity_closed_at": UTC,
    "is_own_staff": pl.Boolean(),
    "is_test_address": pl.Boolean(),
    "is_competitor": pl.Boolean(),
    "is_student": pl.Boolean(),
    "is_job_seeker": pl.Boolean(),
    "is_spam": pl.Boolean(),
    "completeness": pl.Float64(),  # 0–100: share of the profile's fields (playbook/data.yaml) that are filled
    **{f"has_{field}": pl.Boolean() for field in HAS_COLUMNS},
}

NEVER_UNKNOWN = frozenset({"completeness", *(f"has_{field}" for field in HAS_COLUMNS)})
"""Attributes that tell what is known, and so are no measure of it themselves."""
