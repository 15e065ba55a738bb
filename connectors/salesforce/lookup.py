"""Records found by something else than their id: an external key, an e-mail address."""

from collections.abc import Iterable, Sequence

from connectors.ports import Found
from connectors.rows import normalised
from connectors.salesforce.api import Api, Record
from connectors.salesforce.soql import in_lists, select
from connectors.salesforce.words import EXTERNAL_KEY, Words, value


def by_keys(
    api: Api, sobject: str, field: str, keys: Sequence[str], fields: Iterable[str]
) -> dict[str, Record]:
    """Records by a key field, deleted ones included; of several with one key the living, then the oldest."""
    wanted = ["Id", "IsDeleted", field, *fields]
    statements = [select(wanted, sobject, [listed], "CreatedDate, Id") for listed, _ in in_lists(field, keys)]
    found: dict[str, Record] = {}
    for rows in api.rows(statements):
        for row in sorted(rows, key=lambda row: bool(row["IsDeleted"])):
            found.setdefault(str(row[field]), row)
    return found


def found_by_email(api: Api, words: Words, emails: Sequence[str]) -> list[Found]:
    """Salesforce compares addresses without regard to case; each find names the address as it was asked for."""
    asked = {email.strip().lower(): email for email in emails}
    shapes = {
        "lead": ("Lead", ["IsDeleted = false", "IsConverted = false"], ("status", EXTERNAL_KEY)),
        "contact": ("Contact", ["IsDeleted = false"], ("status", "account_id", EXTERNAL_KEY)),
    }
    statements, owners = [], []
    for name, (sobject, alive, more) in shapes.items():
        fields = words.fields[name]
        details = {key: fields[key] for key in more if key in fields}
        wanted = ["Id", "CreatedDate", "SystemModstamp", "OwnerId", fields["email"], *details.values()]
        for listed, _ in in_lists(fields["email"], asked, others=100):
            statements.append(select(wanted, sobject, [listed, *alive], "CreatedDate, Id"))
            owners.append((name, fields["email"], details))
    found = []
    for (name, email, details), rows in zip(owners, api.rows(statements), strict=True):
        for row in rows:
            said = {key: normalised(value(row, path)) for key, path in details.items()}
            found.append(
                Found(
                    email=asked.get(str(row[email]).strip().lower(), str(row[email])),
                    object=name,
                    native_id=row["Id"],
                    owner_id=row["OwnerId"],
                    changed_at=normalised(row["SystemModstamp"]),
                    details={"created_at": normalised(row["CreatedDate"]), **said},
                )
            )
    return found
