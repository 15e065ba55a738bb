"""`playbook/data.yaml`: how raw values of records become the attributes that rules speak of."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from schemas.conditions_columns import HAS_COLUMNS
from schemas.playbook.base import Part
from schemas.playbook.patterns import Words

Source = Literal["contact", "lead", "person"]


def _domain(name: str) -> str:
    domain = name.strip().lower().removeprefix("@").removeprefix("www.")
    if "@" in domain or "/" in domain or "." not in domain:
        raise ValueError(f"{name!r} is not a domain such as 'example.com'")
    return domain


def _country_code(code: str) -> str:
    if len(code) != 2 or not code.isascii() or not code.isalpha() or not code.isupper():
        raise ValueError(f"{code!r} is not an ISO country code of two capitals such as 'DE'")
    return code


def _profile_field(name: str) -> str:
    if name not in HAS_COLUMNS:
        raise ValueError(f"{name!r} is no field of a profile; there are: {', '.join(HAS_COLUMNS)}")
    return name


ProfileField = Annotated[str, AfterValidator(_profile_field)]

Domain = Annotated[str, AfterValidator(_domain)]
"""Its subdomains count as well."""

CountryCode = Annotated[str, AfterValidator(_country_code)]


class TitleRule(Part):
    """A job title that has one of the words belongs here, unless an earlier rule took it."""

    name: str
    words: list[Words]


class Titles(Part):
    """Whole words, any case. `no_student`: phrases struck from a title before students are looked for."""

    seniority: list[TitleRule] = []
    department: list[TitleRule] = []
    student: list[Words] = []
    no_student: list[Words] = []
    job_seeker: list[Words] = []


class Competitors(Part):
    """Known by e-mail domain, or by a company name that has one of the words."""

    domains: list[Domain] = []
    companies: list[Words] = []


class TestAddresses(Part):
    """Addresses that we try things out with: by domain, or by what stands before the @ (any `+suffix` aside)."""

    domains: list[Domain] = []
    local_parts: list[Words] = []


class FreeMail(Part):
    """Corrections to the built-in list of free-mail domains."""

    also: list[Domain] = []
    never: list[Domain] = []


class Spam(Part):
    """Statuses of a record by which sales marks spam, compared in any case."""

    statuses: list[str] = []


class Data(Part):
    missing: list[str] = []
    """Words that stand for "no value" in any text field, compared in any case, spaces aside."""

    precedence: list[Source] = ["contact", "lead", "person"]
    """Whose value counts where a person's records disagree: the first that has one."""

    match_accounts_by_domain: bool = True
    """A person without account belongs to the one account that has the domain of the person's business e-mail."""

    own_domains: list[Domain] = []
    competitors: Competitors = Competitors()
    test_addresses: TestAddresses = TestAddresses()
    free_mail: FreeMail = FreeMail()
    role_addresses: list[str] = []
    """What stands before the @ of mailboxes that several people read; such addresses never join records."""

    profile: list[ProfileField] = list(HAS_COLUMNS)
    """The fields that a complete profile has; `completeness` is the share of them that is filled, 0–100."""

    target_domains: list[Domain] = []
    """Target accounts besides those that the CRM marks."""

    customer_types: list[str] = ["Customer"]
    """Account types that mean a customer; a won opportunity means one too."""

    regions: dict[str, list[CountryCode]] = {}
    titles: Titles = Titles()
    spam: Spam = Spam()
