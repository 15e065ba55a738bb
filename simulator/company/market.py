"""Where the company's people live and in what trades: countries, industries, sizes, with their shares.

Names are those that Salesforce's standard picklists and English country lists use. Unsupported regions and
verticals are places and trades that the company does not sell to.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from simulator.company.dice import Weighted


@dataclass(frozen=True, slots=True)
class Country:
    name: str
    code: str
    region: str  # Americas, EMEA, APAC
    locale: str  # of Faker, for the names of its people
    zone: ZoneInfo
    state: str | None = None


def _country(name: str, code: str, region: str, locale: str, zone: str, state: str | None = None) -> Country:
    return Country(name, code, region, locale, ZoneInfo(zone), state)


SUPPORTED: tuple[tuple[Country, float], ...] = (
    (_country("United States", "US", "Americas", "en_US", "America/New_York", "New York"), 8),
    (_country("United States", "US", "Americas", "en_US", "America/New_York", "Massachusetts"), 5),
    (_country("United States", "US", "Americas", "en_US", "America/Chicago", "Texas"), 8),
    (_country("United States", "US", "Americas", "en_US", "America/Chicago", "Illinois"), 5),
    (_country("United States", "US", "Americas", "en_US", "America/Los_Angeles", "California"), 9),
    (_country("United States", "US", "Americas", "en_US", "America/Los_Angeles", "Washington"), 3),
    (_country("Canada", "CA", "Americas", "en_CA", "America/Toronto", "Ontario"), 4),
    (_country("United Kingdom", "GB", "EMEA", "en_GB", "Europe/London"), 9),
    (_country("Germany", "DE", "EMEA", "de_DE", "Europe/Berlin"), 8),
    (_country("France", "FR", "EMEA", "fr_FR", "Europe/Paris"), 5),
    (_country("Netherlands", "NL", "EMEA", "nl_NL", "Europe/Amsterdam"), 4),
    (_country("Austria", "AT", "EMEA", "de_AT", "Europe/Vienna"), 2),
    (_country("Switzerland", "CH", "EMEA", "de_CH", "Europe/Zurich"), 2),
    (_country("Sweden", "SE", "EMEA", "sv_SE", "Europe/Stockholm"), 2),
    (_country("Spain", "ES", "EMEA", "es_ES", "Europe/Madrid"), 2.5),
    (_country("Italy", "IT", "EMEA", "it_IT", "Europe/Rome"), 2.5),
    (_country("Poland", "PL", "EMEA", "pl_PL", "Europe/Warsaw"), 2),
    (_country("Israel", "IL", "EMEA", "he_IL", "Asia/Jerusalem"), 1),
    (_country("United Arab Emirates", "AE", "EMEA", "ar_SA", "Asia/Dubai"), 1),
    (_country("Greece", "GR", "EMEA", "el_GR", "Europe/Athens"), 0.6),
    (_country("Australia", "AU", "APAC", "en_AU", "Australia/Sydney"), 4),
    (_country("New Zealand", "NZ", "APAC", "en_NZ", "Pacific/Auckland"), 1.2),
    (_country("India", "IN", "APAC", "en_IN", "Asia/Kolkata"), 5),
    (_country("Singapore", "SG", "APAC", "zh_CN", "Asia/Singapore"), 1.5),
    (_country("Japan", "JP", "APAC", "ja_JP", "Asia/Tokyo"), 2),
    (_country("South Korea", "KR", "APAC", "ko_KR", "Asia/Seoul"), 1),
    (_country("Brazil", "BR", "Americas", "pt_BR", "America/Sao_Paulo"), 2.5),
    (_country("Mexico", "MX", "Americas", "es_MX", "America/Mexico_City"), 1.5),
)
UNSUPPORTED: tuple[Country, ...] = (
    _country("Iran", "IR", "EMEA", "fa_IR", "Asia/Tehran"),
    _country("North Korea", "KP", "APAC", "ko_KR", "Asia/Pyongyang"),
    _country("Syria", "SY", "EMEA", "ar_SA", "Asia/Damascus"),
    _country("Cuba", "CU", "Americas", "es_MX", "America/Havana"),
)
COUNTRIES = Weighted(SUPPORTED)

# How people and lists spell a country when nobody made them choose from a list.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "US": ("USA", "US", "U.S.A.", "united states"),
    "GB": ("UK", "GB", "England", "Great Britain"),
    "DE": ("DE", "Deutschland", "GERMANY"),
    "NL": ("The Netherlands", "NL"),
    "AU": ("AU", "australia"),
    "KR": ("Korea, Republic of", "KR"),
}

INDUSTRIES = Weighted(
    [
        ("Technology", 19),
        ("Manufacturing", 15),
        ("Finance", 10),
        ("Retail", 8),
        ("Transportation", 7),
        ("Shipping", 5),
        ("Telecommunications", 5),
        ("Healthcare", 6),
        ("Insurance", 4),
        ("Energy", 4),
        ("Consulting", 5),
        ("Food & Beverage", 3),
        ("Construction", 3),
        ("Media", 2.5),
        ("Education", 3),
        ("Government", 2),
        ("Hospitality", 2),
        ("Not For Profit", 1.5),
        ("Agriculture", 1),
    ]
)
UNSUPPORTED_INDUSTRIES = ("Gambling", "Tobacco")

# (least, most) employees of a size class; within it small firms are more frequent than large ones.
SIZES = Weighted(
    [
        ((2, 19), 14.0),
        ((20, 99), 20.0),
        ((100, 499), 27.0),
        ((500, 1999), 20.0),
        ((2000, 9999), 13.0),
        ((10000, 180000), 6.0),
    ]
)
REGIONS = ("Americas", "EMEA", "APAC")
