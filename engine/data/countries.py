"""Countries as people and lists spell them → ISO 3166 alpha-2."""

import unicodedata
from functools import lru_cache

import polars as pl
import pycountry

COMMON = {
    "america": "US",
    "england": "GB",
    "great britain": "GB",
    "northern ireland": "GB",
    "scotland": "GB",
    "uk": "GB",
    "wales": "GB",
    "us of a": "US",
    "united states of america": "US",
    "usa": "US",
    "bolivia": "BO",
    "bosnia": "BA",
    "brasil": "BR",
    "brunei": "BN",
    "burma": "MM",
    "cape verde": "CV",
    "czech republic": "CZ",
    "danmark": "DK",
    "deutschland": "DE",
    "espana": "ES",
    "frankreich": "FR",
    "holland": "NL",
    "hong kong sar": "HK",
    "iran": "IR",
    "italia": "IT",
    "italien": "IT",
    "ivory coast": "CI",
    "korea": "KR",
    "laos": "LA",
    "macau": "MO",
    "macedonia": "MK",
    "mainland china": "CN",
    "moldova": "MD",
    "nederland": "NL",
    "niederlande": "NL",
    "norge": "NO",
    "north korea": "KP",
    "osterreich": "AT",
    "oesterreich": "AT",
    "palestine": "PS",
    "polska": "PL",
    "pr china": "CN",
    "peoples republic of china": "CN",
    "republic of ireland": "IE",
    "republic of korea": "KR",
    "russia": "RU",
    "schweiz": "CH",
    "south korea": "KR",
    "spanien": "ES",
    "suisse": "CH",
    "suomi": "FI",
    "sverige": "SE",
    "swaziland": "SZ",
    "syria": "SY",
    "taiwan": "TW",
    "tanzania": "TZ",
    "turkey": "TR",
    "turkiye": "TR",
    "uae": "AE",
    "vatican": "VA",
    "venezuela": "VE",
    "viet nam": "VN",
    "vietnam": "VN",
}
"""Spellings beyond the names and codes of the standard, folded as `_folded` does."""


def from_names(names: pl.Series) -> pl.DataFrame:
    """raw, country: one row per distinct text; null where no country has that name."""
    distinct = names.drop_nulls().unique().to_list()
    codes = [country_code(name) for name in distinct]
    return pl.DataFrame({"raw": distinct, "country": codes}, schema={"raw": pl.String, "country": pl.String})


@lru_cache(maxsize=100_000)
def country_code(name: str) -> str | None:
    return _names().get(_folded(name))


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    found = dict(COMMON)
    for country in pycountry.countries:
        spellings: list[str | None] = [country.alpha_2, country.alpha_3, country.name]
        spellings += [getattr(country, more, None) for more in ("official_name", "common_name")]
        for spelling in spellings:
            if spelling:
                found.setdefault(_folded(spelling), country.alpha_2)
                # "Korea, Republic of" is written "Republic of Korea" as well.
                first, _, rest = spelling.partition(", ")
                if rest:
                    found.setdefault(_folded(f"{rest} {first}"), country.alpha_2)
    return found


def _folded(name: str) -> str:
    """Lower case without accents, dots, apostrophes, brackets and a leading "the"."""
    plain = unicodedata.normalize("NFKD", name.strip().lower())
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter) and letter not in ".'’()")
    return " ".join(kept.replace("&", "and").removeprefix("the ").split())
