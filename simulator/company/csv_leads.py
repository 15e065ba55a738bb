"""Real lead lists as Salesforce leads: `--leads-csv FILE --mapping FILE`.

The mapping is YAML or JSON:

    columns:              # Salesforce lead field: column of the file
      LastName: Lead Number
      LeadSource: Lead Source
    constants:            # Salesforce lead field: one value for all rows
      Company: Unknown
    key: Prospect ID      # column that tells rows apart; makes missing e-mail addresses
    created: Signed up    # optional: column with the creation date (ISO 8601)
    marketo: false        # optional: true puts the same people into Marketo as well, linked

Values stay as they are in the file ("Select", "unknown", blanks): coping with them is the sync's task.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from simulator.company.pair import LEAD_FIELDS, NO_COMPANY
from simulator.company.scene import Scene
from simulator.salesforce.schema import SObject, Type
from simulator.salesforce.values import parse_stamp

_KEYS = {"columns", "constants", "key", "created", "marketo"}
_SPAN = timedelta(days=400)


class BadMapping(ValueError):
    """The mapping or the file cannot be used; the message says what to change."""


def read_mapping(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        mapping = json.loads(text) if path.suffix == ".json" else YAML(typ="safe").load(text)
    except OSError as error:
        raise BadMapping(f"{path}: cannot be read ({error.strerror})") from None
    except (json.JSONDecodeError, YAMLError) as error:
        raise BadMapping(f"{path}: is neither YAML nor JSON: {error}") from None
    if not isinstance(mapping, dict) or not isinstance(mapping.get("columns"), dict) or "key" not in mapping:
        raise BadMapping(
            f"{path}: needs `columns` (lead field: column) and `key` (a column that tells rows apart)"
        )
    unknown = set(mapping) - _KEYS
    if unknown:
        raise BadMapping(
            f"{path}: unknown keys {', '.join(sorted(unknown))}; known are {', '.join(sorted(_KEYS))}"
        )
    return mapping


def load_leads(scene: Scene, csv_path: Path, mapping_path: Path) -> int:
    """Loads every row as a lead and answers how many there were."""
    mapping = read_mapping(mapping_path)
    lead = scene.org.sobject("Lead")
    given = {**mapping["columns"], **mapping.get("constants", {})}
    wrong = [name for name in given if name not in lead.fields]
    if wrong:
        raise BadMapping(f"{mapping_path}: Lead has no field {', '.join(wrong)}")
    rows = list(_rows(scene, lead, csv_path, mapping, mapping_path))
    ids = scene.org.load("Lead", rows)
    if mapping.get("marketo"):
        scene.marketo.load_leads(_person(scene.org.get("Lead", lead_id) or {}) for lead_id in ids)
    return len(rows)


def _person(lead: Mapping[str, Any]) -> dict[str, Any]:
    """Marketo's record of a lead as it stands, with the values that the org gave it besides."""
    return {
        **{field: lead[name] for name, field in LEAD_FIELDS.items()},
        "sfdcType": "Lead",
        "sfdcId": lead["Id"],
        "sfdcLeadId": lead["Id"],
        "createdAt": parse_stamp(lead["CreatedDate"]),
    }


def _rows(
    scene: Scene, lead: SObject, csv_path: Path, mapping: Mapping[str, Any], mapping_path: Path
) -> Iterator[dict[str, Any]]:
    try:
        with csv_path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            wanted = {
                *mapping["columns"].values(),
                mapping["key"],
                *([mapping["created"]] if "created" in mapping else []),
            }
            missing = wanted - set(reader.fieldnames or ())
            if missing:
                raise BadMapping(
                    f"{mapping_path}: {csv_path.name} has no column {', '.join(sorted(missing))}"
                )
            lines = list(reader)
    except OSError as error:
        raise BadMapping(f"{csv_path}: cannot be read ({error.strerror})") from None
    for number, line in enumerate(lines):
        row = dict(mapping.get("constants", {}))
        row |= {name: _fitting(lead, name, line[column]) for name, column in mapping["columns"].items()}
        row["Email"] = row.get("Email") or f"{_local(line[mapping['key']], number)}@example.com"
        row["LastName"] = row.get("LastName") or line[mapping["key"]] or f"Row {number + 1}"
        row["Company"] = row.get("Company") or NO_COMPANY
        row.setdefault("OwnerId", scene.staff.sync_user)
        # Without dates, the file's order stands for time: spread evenly over the last thirteen months.
        share = (number + 1) / (len(lines) + 1)
        row["CreatedDate"] = scene.start - _SPAN * (1 - share)
        if "created" in mapping:
            row["CreatedDate"] = _moment(line[mapping["created"]]) or row["CreatedDate"]
        yield row


def _fitting(lead: SObject, name: str, value: str | None) -> Any:
    """Text as it is, cut to the field; numbers and boxes only where the text is one."""
    if value is None or value == "":
        return None
    field = lead.fields[name]
    if field.type is Type.BOOLEAN:
        return value.strip().lower() in ("yes", "true", "1")
    if field.type in (Type.INTEGER, Type.DOUBLE, Type.CURRENCY):
        try:
            return int(float(value)) if field.type is Type.INTEGER else float(value)
        except (ValueError, OverflowError):
            return None
    return value[: field.length] if field.length else value


def _local(key: str | None, number: int) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", key or "").strip("-").lower() or f"row-{number + 1}"


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
