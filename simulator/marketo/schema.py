"""The lead fields of the subscription: what describe answers, what may be written, who owns it.

``crm_managed`` is what describe2 says of a field that native Salesforce sync keeps. ``company`` fields
belong to the person's company record and cannot be changed by a lead sync (1021). ``standard`` fields
move the visible ``updatedAt``; custom ones do not, only the hidden last-change stamp behind the bulk
``updatedAt`` filter.
"""

from __future__ import annotations

from dataclasses import dataclass

WORKSPACE = PARTITION = "Default"  # the only ones
# What a custom field may be created as.
DATA_TYPES = frozenset(
    {
        "boolean",
        "currency",
        "date",
        "datetime",
        "email",
        "float",
        "integer",
        "percent",
        "phone",
        "score",
        "string",
        "url",
    }
)


@dataclass(frozen=True, slots=True)
class LeadField:
    id: int
    name: str
    display_name: str
    data_type: str
    length: int | None = None
    updateable: bool = True
    crm_managed: bool = False
    searchable: bool = False
    company: bool = False
    standard: bool = True

    @property
    def soap_name(self) -> str:
        return self.display_name.replace(" ", "") if self.standard else self.name


# name, display name, type, length, flags: r read-only, c kept by the CRM, s searchable, o company field
_STANDARD: tuple[tuple[int, str, str, str, int | None, str], ...] = (
    (1, "id", "Id", "integer", None, "rs"),
    (2, "company", "Company Name", "string", 255, "co"),
    (4, "website", "Website", "url", 255, "o"),
    (8, "industry", "Industry", "string", 255, "co"),
    (9, "numberOfEmployees", "Num Employees", "integer", None, "co"),
    (10, "annualRevenue", "Annual Revenue", "currency", None, "o"),
    (14, "billingCountry", "Billing Country", "string", 255, "o"),
    (46, "leadPartitionId", "Lead Partition Id", "integer", None, "rs"),
    (48, "firstName", "First Name", "string", 255, ""),
    (50, "lastName", "Last Name", "string", 255, ""),
    (51, "email", "Email Address", "email", 255, "s"),
    (52, "phone", "Phone Number", "phone", 255, "c"),
    (53, "mobilePhone", "Mobile Phone Number", "phone", 255, ""),
    (54, "title", "Job Title", "string", 255, "c"),
    (56, "address", "Address", "text", None, ""),
    (57, "city", "City", "string", 255, ""),
    (58, "state", "State", "string", 255, ""),
    (59, "country", "Country", "string", 255, "c"),
    (60, "postalCode", "Postal Code", "string", 255, ""),
    (61, "department", "Department", "string", 255, ""),
    (62, "unsubscribed", "Unsubscribed", "boolean", None, ""),
    (63, "unsubscribedReason", "Unsubscribed Reason", "text", None, ""),
    (64, "emailInvalid", "Email Invalid", "boolean", None, ""),
    (65, "emailInvalidCause", "Email Invalid Cause", "text", None, ""),
    (66, "emailSuspended", "Email Suspended", "boolean", None, ""),
    (67, "doNotCall", "Do Not Call", "boolean", None, ""),
    (68, "blackListed", "Black Listed", "boolean", None, ""),
    (69, "marketingSuspended", "Marketing Suspended", "boolean", None, ""),
    (70, "leadSource", "Lead Source", "string", 255, ""),
    (71, "leadStatus", "Lead Status", "string", 255, "c"),
    (72, "personType", "Person Type", "string", 50, "r"),
    (73, "originalSourceType", "Original Source Type", "string", 255, "r"),
    (74, "originalSourceInfo", "Original Source Info", "string", 2000, "r"),
    (75, "originalReferrer", "Original Referrer", "string", 2000, "r"),
    (76, "originalSearchEngine", "Original Search Engine", "string", 255, "r"),
    (77, "originalSearchPhrase", "Original Search Phrase", "string", 255, "r"),
    (78, "registrationSourceType", "Registration Source Type", "string", 255, ""),
    (80, "sfdcType", "SFDC Type", "string", 40, "rc"),
    (81, "sfdcId", "SFDC Id", "string", 40, "rc"),
    (82, "sfdcLeadId", "SFDC Lead Id", "string", 40, "rcs"),
    (83, "sfdcContactId", "SFDC Contact Id", "string", 40, "rcs"),
    (84, "sfdcAccountId", "SFDC Account Id", "string", 40, "rcs"),
    (85, "sfdcLeadOwnerId", "SFDC Lead Owner Id", "string", 40, "rcs"),
    (90, "createdAt", "Created At", "datetime", None, "r"),
    (91, "updatedAt", "Updated At", "datetime", None, "r"),
    (146, "leadScore", "Lead Score", "score", None, ""),
    (147, "relativeScore", "Relative Score", "integer", None, "r"),
    (148, "relativeUrgency", "Relative Urgency", "integer", None, "r"),
    (149, "priority", "Priority", "integer", None, "r"),
    (150, "urgency", "Urgency", "float", None, "r"),
    (151, "rating", "Lead Rating", "string", 255, ""),
    (152, "isAnonymous", "Is Anonymous", "boolean", None, "r"),
    (153, "externalSalesPersonId", "External Sales Person ID", "string", 100, "c"),
    (154, "inferredCompany", "Inferred Company", "string", 255, "r"),
    (155, "inferredCountry", "Inferred Country", "string", 255, "r"),
)
_CUSTOM: tuple[tuple[int, str, str, str, int | None, str], ...] = (
    (1001, "businessLine", "Business Line", "string", 255, "s"),
    (1002, "requestType", "Request Type", "string", 255, "s"),
    (1003, "comments", "Comments", "text", None, ""),
    (1004, "utmCampaign", "UTM Campaign", "string", 255, "s"),
    (1010, "mqlScore", "MQL Score", "score", None, ""),
    (1011, "mqlFit", "MQL Fit", "integer", None, "s"),
    (1012, "mqlEngagement", "MQL Engagement", "integer", None, "s"),
    (1013, "mqlGrade", "MQL Grade", "string", 255, "s"),
    (1014, "mqlStage", "MQL Stage", "string", 255, "s"),
    (1015, "mqlFirstDate", "MQL First Date", "datetime", None, ""),
    (1016, "mqlLastDate", "MQL Last Date", "datetime", None, ""),
    (1017, "salFirstDate", "SAL First Date", "datetime", None, ""),
    (1018, "salLastDate", "SAL Last Date", "datetime", None, ""),
)
DEFAULT_FIELDS = ("id", "email", "updatedAt", "createdAt", "firstName", "lastName")
FIRST_CREATED_FIELD_ID = 2000


def _field(row: tuple[int, str, str, str, int | None, str], standard: bool) -> LeadField:
    field_id, name, display_name, data_type, length, flags = row
    return LeadField(
        field_id,
        name,
        display_name,
        data_type,
        length,
        updateable="r" not in flags,
        crm_managed="c" in flags,
        searchable="s" in flags,
        company="o" in flags,
        standard=standard,
    )


def initial_fields() -> dict[str, LeadField]:
    fields = [_field(row, standard=True) for row in _STANDARD]
    fields += [_field(row, standard=False) for row in _CUSTOM]
    return {field.name: field for field in fields}
