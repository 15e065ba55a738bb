"""E-mail addresses and domains in one form, so that they can be compared."""

import polars as pl


def email_key(email: pl.Expr) -> pl.Expr:
    """The address as it is compared: lower case, no outer blanks. What stands behind a + stays: it is another one."""
    return email.str.strip_chars().str.to_lowercase()


def email_domain(email: pl.Expr) -> pl.Expr:
    """What stands behind the last @."""
    return email_key(email).str.extract(r"@([^@]+)$", 1)


def email_local(email: pl.Expr) -> pl.Expr:
    """What stands before the last @, a `+suffix` left off."""
    return email_key(email).str.extract(r"^([^+]*).*@[^@]+$", 1).str.strip_suffix("@")


def bare_domain(address: pl.Expr) -> pl.Expr:
    """The domain in a web address or a domain: `https://www.Example.com/de` is `example.com`; null if there is none."""
    bare = (
        address.str.strip_chars()
        .str.to_lowercase()
        .str.replace(r"^[a-z][a-z0-9+.-]*://", "")
        .str.replace(r"^[^/@?#]*@", "")
        .str.extract(r"^([^/:?#\s]+)", 1)
        .str.replace(r"^www\d?\.", "")
        .str.strip_chars_end(".")
    )
    return pl.when(bare.str.contains(".", literal=True)).then(bare)
