"""The org's objects: what Salesforce ships, and what an administrator deployed for lead management."""

from __future__ import annotations

from typing import Any

from simulator.salesforce.schema import (
    Field,
    Schema,
    SObject,
    Type,
    checkbox,
    date_,
    datetime_,
    email,
    integer,
    longtext,
    lookup,
    make,
    money,
    number,
    owner,
    phone,
    picklist,
    sobject,
    system_fields,
    text,
)

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

_READ_ONLY: dict[str, Any] = {"createable": False, "updateable": False}


def _address(prefix: str = "") -> list[Field]:
    return [
        make(f"{prefix}Street", Type.TEXTAREA, length=255),
        text(f"{prefix}City", 40),
        text(f"{prefix}State", 80),
        text(f"{prefix}PostalCode", 20),
        text(f"{prefix}Country", 80),
    ]


def _person_name() -> list[Field]:
    return [
        picklist("Salutation", "Mr.", "Ms.", "Mrs.", "Dr.", "Prof."),
        text("FirstName", 40),
        text("LastName", 80, required=True),
        text("Name", 121, label="Full Name", calculated=True, **_READ_ONLY),
    ]


def _stamps() -> list[Field]:
    return [
        datetime_("First_MQL_Date__c"),
        datetime_("Last_MQL_Date__c"),
        datetime_("First_SAL_Date__c"),
        datetime_("Last_SAL_Date__c"),
        text("MQL_External_Key__c", 64, external_id=True, unique=True, indexed=True),
    ]


def _configuration(name: str, prefix: str, fields: list[Field], **options: Any) -> SObject:
    """Set-up objects: read by integrations, changed by administrators."""
    closed: dict[str, Any] = {"createable": False, "updateable": False, "deletable": False}
    return sobject(name, prefix, fields, system=system_fields(soft_delete=False), **{**closed, **options})


def _lead() -> SObject:
    return sobject(
        "Lead",
        "00Q",
        [
            lookup("MasterRecordId", "Lead", relationship="MasterRecord", **_READ_ONLY),
            *_person_name(),
            text("Title", 128),
            text("Company", 255, required=True),
            *_address(),
            phone("Phone"),
            phone("MobilePhone"),
            email("Email", indexed=True),
            make("Website", Type.URL, length=255),
            longtext("Description", 32000),
            picklist("LeadSource", "Web", "Webinar", "Event", "Paid Search", "Partner Referral", "Other"),
            picklist("Status", *LEAD_STATUSES, restricted=True, default="Open", label="Lead Status"),
            picklist(
                "Industry", "Technology", "Finance", "Healthcare", "Manufacturing", "Education", "Other"
            ),
            picklist("Rating", "Hot", "Warm", "Cold"),
            money("AnnualRevenue"),
            integer("NumberOfEmployees", label="Employees"),
            owner("Group", "User"),
            checkbox("HasOptedOutOfEmail", label="Email Opt Out"),
            checkbox("DoNotCall"),
            checkbox("IsConverted", label="Converted", updateable=False),
            date_("ConvertedDate", **_READ_ONLY),
            lookup("ConvertedAccountId", "Account", relationship="ConvertedAccount", **_READ_ONLY),
            lookup("ConvertedContactId", "Contact", relationship="ConvertedContact", **_READ_ONLY),
            lookup(
                "ConvertedOpportunityId", "Opportunity", relationship="ConvertedOpportunity", **_READ_ONLY
            ),
            checkbox("IsUnreadByOwner", default=True, label="Unread By Owner"),
            date_("LastActivityDate", **_READ_ONLY),
            picklist("CurrencyIsoCode", *CURRENCIES, restricted=True, default="EUR"),
            text("MQL_Stage__c", 40),
            *_stamps(),
            picklist("Reject_Reason__c"),
            text("Business_Line__c", 80),
            number("Lead_Score__c"),
        ],
        tracked=("Status", "OwnerId", "MQL_Stage__c"),
    )


def _contact() -> SObject:
    return sobject(
        "Contact",
        "003",
        [
            lookup("MasterRecordId", "Contact", relationship="MasterRecord", **_READ_ONLY),
            lookup("AccountId", "Account"),
            *_person_name(),
            text("Title", 128),
            text("Department", 80),
            *_address("Mailing"),
            phone("Phone"),
            phone("MobilePhone"),
            email("Email", indexed=True),
            longtext("Description", 32000),
            picklist("LeadSource", "Web", "Webinar", "Event", "Paid Search", "Partner Referral", "Other"),
            owner("User"),
            checkbox("HasOptedOutOfEmail", label="Email Opt Out"),
            checkbox("DoNotCall"),
            date_("LastActivityDate", **_READ_ONLY),
            datetime_("EmailBouncedDate"),
            picklist("CurrencyIsoCode", *CURRENCIES, restricted=True, default="EUR"),
            text("MQL_Status__c", 40),
            *_stamps(),
            text("Business_Line__c", 80),
        ],
    )


def _account() -> SObject:
    return sobject(
        "Account",
        "001",
        [
            lookup("MasterRecordId", "Account", relationship="MasterRecord", **_READ_ONLY),
            text("Name", 255, required=True, label="Account Name", indexed=True),
            picklist("Type", "Prospect", "Customer", "Partner", label="Account Type"),
            lookup("ParentId", "Account", relationship="Parent"),
            *_address("Billing"),
            phone("Phone"),
            make("Website", Type.URL, length=255),
            picklist(
                "Industry", "Technology", "Finance", "Healthcare", "Manufacturing", "Education", "Other"
            ),
            money("AnnualRevenue"),
            integer("NumberOfEmployees", label="Employees"),
            longtext("Description", 32000),
            owner("User"),
            date_("LastActivityDate", **_READ_ONLY),
            picklist("CurrencyIsoCode", *CURRENCIES, restricted=True, default="EUR"),
            checkbox("Target_Account__c"),
            text("Domain__c", 255, indexed=True),
        ],
    )


def _opportunity() -> SObject:
    return sobject(
        "Opportunity",
        "006",
        [
            lookup("AccountId", "Account"),
            text("Name", 120, required=True, label="Opportunity Name"),
            longtext("Description", 32000),
            picklist("StageName", *STAGES, required=True, label="Stage"),
            money("Amount"),
            number("Probability"),
            date_("CloseDate", required=True),
            picklist(
                "Type",
                "New Business",
                "Existing Customer - Upgrade",
                "Existing Customer - Renewal",
                "Existing Customer - Downgrade",
                label="Opportunity Type",
            ),
            picklist("LeadSource", "Web", "Webinar", "Event", "Paid Search", "Partner Referral", "Other"),
            checkbox("IsClosed", label="Closed", **_READ_ONLY),
            checkbox("IsWon", label="Won", **_READ_ONLY),
            lookup("CampaignId", "Campaign"),
            owner("User"),
            lookup("ContactId", "Contact", updateable=False),
            date_("LastActivityDate", **_READ_ONLY),
            picklist("CurrencyIsoCode", *CURRENCIES, restricted=True, default="EUR"),
            text("Business_Line__c", 80),
        ],
    )


def _mql() -> SObject:
    return sobject(
        "MQL__c",
        "a0X",
        [
            text("Name", 80, label="MQL Name", **_READ_ONLY),
            owner("Group", "User"),
            text("External_Key__c", 64, external_id=True, unique=True, indexed=True),
            lookup("Lead__c", "Lead"),
            lookup("Contact__c", "Contact"),
            lookup("Account__c", "Account"),
            lookup("Opportunity__c", "Opportunity"),
            number("Cycle_Number__c"),
            text("Kind__c", 40),
            text("Line__c", 80),
            picklist("Status__c", *MQL_STATUSES, restricted=True, default="Open"),
            text("Closed_As__c", 40),
            text("Reject_Reason__c", 255),
            text("Recycle_Reason__c", 255),
            datetime_("MQL_At__c"),
            datetime_("Assigned_At__c"),
            datetime_("Accepted_At__c"),
            datetime_("Closed_At__c"),
            datetime_("Hand_Raised_At__c"),
            datetime_("Response_Due_At__c"),
            datetime_("Verdict_Due_At__c"),
            text("Assigned_By__c", 255),
            text("Assignment_Reason__c", 255),
            number("Fit_Score__c"),
            number("Engagement_Score__c"),
            number("Total_Score__c"),
            text("Grade__c", 10),
            text("Playbook_Version__c", 80),
            longtext("Score_Breakdown__c", 32000),
            text("Trigger_Rule__c", 255),
            text("Trigger_Activity__c", 255),
            text("Source_Campaign__c", 255),
            text("Campaign_Name__c", 255),
            text("Campaign_Type__c", 80),
            text("Lead_Source__c", 80),
            longtext("Summary__c", 32000),
        ],
        label="MQL",
        auto_name="MQL-{:06d}",
        tracked=("Status__c", "OwnerId"),
    )


def _history(of: str, name: str, prefix: str, parent: str) -> SObject:
    relationship = None if parent != "ParentId" else "Parent"
    fields = [
        make("Id", Type.ID, label="History Id", length=18, **_READ_ONLY),
        checkbox("IsDeleted", **_READ_ONLY),
        lookup(parent, of, relationship=relationship, **_READ_ONLY),
        lookup("CreatedById", "User", relationship="CreatedBy", **_READ_ONLY),
        datetime_("CreatedDate", indexed=True, **_READ_ONLY),
        text("Field", 255, **_READ_ONLY),
        text("DataType", 40, **_READ_ONLY),
        text("OldValue", 255, filterable=False, **_READ_ONLY),
        text("NewValue", 255, filterable=False, **_READ_ONLY),
    ]
    closed: dict[str, Any] = {"createable": False, "updateable": False, "deletable": False}
    return sobject(
        name, prefix, fields, system=(), name_field=None, history_of=of, replicateable=False, **closed
    )


def _activity(name: str, prefix: str, fields: list[Field]) -> SObject:
    return sobject(
        name,
        prefix,
        [
            lookup("WhoId", "Contact", "Lead", relationship="Who"),
            lookup("WhatId", "Account", "Opportunity", "Campaign", "MQL__c", relationship="What"),
            text("Subject", 255),
            date_("ActivityDate", label="Due Date Only"),
            owner("User") if name == "Event" else owner("Group", "User"),
            longtext("Description", 32000),
            lookup("AccountId", "Account", **_READ_ONLY),
            *fields,
        ],
        name_field="Subject",
    )


def _work() -> list[SObject]:
    return [
        _activity(
            "Task",
            "00T",
            [
                picklist(
                    "Status", "Not Started", "In Progress", "Completed", required=True, default="Not Started"
                ),
                picklist("Priority", "High", "Normal", "Low", default="Normal"),
                picklist("TaskSubtype", "Task", "Email", "Call", default="Task", updateable=False),
                picklist("Type", "Call", "Email", "Meeting", "Other"),
                picklist("CallType", "Internal", "Inbound", "Outbound"),
                text("CallDisposition", 255, label="Call Result"),
                integer("CallDurationInSeconds", label="Call Duration"),
                checkbox("IsClosed", label="Closed", **_READ_ONLY),
                datetime_("CompletedDateTime", **_READ_ONLY),
                text("MQL_Cycle_Key__c", 64, label="MQL Cycle Key"),
            ],
        ),
        _activity(
            "Event",
            "00U",
            [
                datetime_("StartDateTime"),
                datetime_("EndDateTime"),
                integer("DurationInMinutes"),
                picklist("Type", "Call", "Email", "Meeting", "Other"),
                text("Location", 255),
            ],
        ),
        sobject(
            "OpportunityContactRole",
            "00K",
            [
                lookup("OpportunityId", "Opportunity", required=True, updateable=False),
                lookup("ContactId", "Contact", required=True),
                picklist("Role", "Decision Maker", "Evaluator", "Economic Buyer", "Influencer", "Other"),
                checkbox("IsPrimary", label="Primary"),
            ],
            name_field=None,
        ),
        sobject(
            "Campaign",
            "701",
            [
                text("Name", 80, required=True, label="Campaign Name"),
                lookup("ParentId", "Campaign", relationship="Parent"),
                picklist("Type", "Webinar", "Trade Show", "Content", "Email", "Advertisement", "Other"),
                picklist("Status", "Planned", "In Progress", "Completed", "Aborted", default="Planned"),
                date_("StartDate"),
                date_("EndDate"),
                checkbox("IsActive", label="Active"),
                money("BudgetedCost"),
                money("ActualCost"),
                longtext("Description", 32000),
                owner("User"),
                picklist("CurrencyIsoCode", *CURRENCIES, restricted=True, default="EUR"),
                text("Business_Line__c", 80),
            ],
        ),
        sobject(
            "CampaignMember",
            "00v",
            [
                lookup("CampaignId", "Campaign", required=True, updateable=False),
                lookup("LeadId", "Lead", updateable=False),
                lookup("ContactId", "Contact", updateable=False),
                picklist("Status", "Sent", "Responded", "Registered", "Attended", default="Sent"),
                checkbox("HasResponded", label="Responded", **_READ_ONLY),
                date_("FirstRespondedDate", **_READ_ONLY),
            ],
            name_field=None,
        ),
    ]


def _setup() -> list[SObject]:
    return [
        _configuration(
            "Organization",
            "00D",
            [
                text("Name", 80),
                text("InstanceName", 5),
                text("OrganizationType", 40),
                checkbox("IsSandbox"),
                text("TimeZoneSidKey", 40),
                text("DefaultLocaleSidKey", 40),
                text("LanguageLocaleKey", 40),
                text("Country", 80),
                text("DefaultCurrencyIsoCode", 3),
            ],
        ),
        _configuration(
            "User",
            "005",
            [
                text("Username", 80, required=True),
                text("FirstName", 40),
                text("LastName", 80, required=True),
                text("Name", 121, label="Full Name", calculated=True, **_READ_ONLY),
                email("Email", required=True),
                text("Alias", 8),
                text("Title", 80),
                text("Department", 80),
                phone("Phone"),
                text("Country", 80),
                checkbox("IsActive", label="Active", default=True),
                picklist(
                    "UserType", "Standard", "CsnOnly", "CspLitePortal", "AutomatedProcess", default="Standard"
                ),
                lookup("UserRoleId", "UserRole", relationship="UserRole"),
                lookup("ManagerId", "User", relationship="Manager"),
                text("ProfileId", 18),
                text("TimeZoneSidKey", 40, default="Europe/Berlin"),
                text("LocaleSidKey", 40, default="en_US"),
                text("LanguageLocaleKey", 40, default="en_US"),
                text("EmailEncodingKey", 40, default="UTF-8"),
                datetime_("LastLoginDate", **_READ_ONLY),
                date_("Away_Until__c"),
            ],
            createable=True,
            updateable=True,
        ),
        _configuration(
            "UserRole",
            "00E",
            [
                text("Name", 80, required=True),
                text("DeveloperName", 80),
                lookup("ParentRoleId", "UserRole", relationship="ParentRole"),
            ],
            createable=True,
            updateable=True,
        ),
        _configuration(
            "Group",
            "00G",
            [
                text("Name", 40, required=True),
                text("DeveloperName", 80),
                text("RelatedId", 18),
                picklist("Type", "Queue", "Regular", "Role"),
                email("Email"),
                checkbox("DoesSendEmailToMembers"),
                checkbox("DoesIncludeBosses"),
            ],
            createable=True,
            updateable=True,
        ),
        _configuration(
            "QueueSobject",
            "03g",
            [lookup("QueueId", "Group", relationship="Queue"), text("SobjectType", 40)],
            name_field=None,
            createable=True,
        ),
        _configuration(
            "GroupMember",
            "011",
            [
                lookup("GroupId", "Group"),
                make(
                    "UserOrGroupId",
                    Type.REFERENCE,
                    length=18,
                    reference_to=("Group", "User"),
                    label="User/Group ID",
                    indexed=True,
                ),
            ],
            name_field=None,
            createable=True,
            deletable=True,
        ),
        _configuration(
            "LeadStatus",
            "01J",
            [
                text("MasterLabel", 255),
                text("ApiName", 255),
                integer("SortOrder"),
                checkbox("IsConverted"),
                checkbox("IsDefault"),
            ],
            name_field="MasterLabel",
        ),
        _configuration(
            "AssignmentRule",
            "01Q",
            [text("Name", 120), text("SobjectType", 40), checkbox("Active")],
        ),
        _configuration(
            "PermissionSet",
            "0PS",
            [
                text("Name", 80),
                text("Label", 80),
                text("NamespacePrefix", 15),
                checkbox("IsCustom"),
                checkbox("IsOwnedByProfile"),
                checkbox("PermissionsApiEnabled"),
                checkbox("PermissionsModifyAllData"),
                checkbox("PermissionsViewAllData"),
            ],
            createable=True,
            updateable=True,
        ),
        _configuration(
            "PermissionSetAssignment",
            "0Pa",
            [
                lookup("PermissionSetId", "PermissionSet"),
                lookup("AssigneeId", "User", relationship="Assignee"),
                checkbox("IsActive", default=True),
            ],
            name_field=None,
            createable=True,
            deletable=True,
        ),
        _configuration(
            "ObjectPermissions",
            "110",
            [
                lookup("ParentId", "PermissionSet", relationship="Parent"),
                text("SobjectType", 80),
                checkbox("PermissionsCreate"),
                checkbox("PermissionsRead"),
                checkbox("PermissionsEdit"),
                checkbox("PermissionsDelete"),
                checkbox("PermissionsViewAllRecords"),
                checkbox("PermissionsModifyAllRecords"),
            ],
            name_field=None,
            createable=True,
            updateable=True,
        ),
        _configuration(
            "FieldPermissions",
            "01k",
            [
                lookup("ParentId", "PermissionSet", relationship="Parent"),
                text("SobjectType", 80),
                text("Field", 160),
                checkbox("PermissionsRead"),
                checkbox("PermissionsEdit"),
            ],
            name_field=None,
            createable=True,
            updateable=True,
        ),
    ]


def standard_schema() -> Schema:
    """Every object that the org knows."""
    every = [
        _lead(),
        _contact(),
        _account(),
        _opportunity(),
        _mql(),
        _history("Lead", "LeadHistory", "017", "LeadId"),
        _history("MQL__c", "MQL__History", "0Jh", "ParentId"),
        *_work(),
        *_setup(),
    ]
    return Schema({o.name: o for o in every})
