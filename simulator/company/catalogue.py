"""The company's web site, forms and mails, under names and addresses by which a playbook can tag them.

Ids are the platform's and fixed, so that a form is the same asset in every run. Lines are the product lines that
the company sells; an asset of no line speaks of all.
"""

from __future__ import annotations

from dataclasses import dataclass

SITE = "www.northbeam.example"
LINES = ("Platform", "Analytics", "Field Service", "Payments")
_SLUGS = {
    "Platform": "platform",
    "Analytics": "analytics",
    "Field Service": "field-service",
    "Payments": "payments",
}


@dataclass(frozen=True, slots=True)
class Page:
    id: int
    path: str
    kind: str  # what it is about: pricing, product, blog, careers...
    line: str | None = None

    @property
    def address(self) -> str:
        return SITE + self.path


@dataclass(frozen=True, slots=True)
class Form:
    id: int
    name: str
    kind: (
        str  # contact, demo, trial, whitepaper, ebook, tool, survey, support, job, newsletter, webinar, event
    )
    page: Page
    line: str | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    id: int
    name: str
    kind: str  # newsletter, nurture, invitation, follow_up
    links: tuple[str, ...]


_BLOG = (
    "five-signs-your-planning-runs-late",
    "what-dispatchers-wish-planners-knew",
    "spring-release-notes",
    "how-we-run-incident-reviews",
    "from-spreadsheets-to-shared-plans",
    "the-cost-of-an-empty-truck",
    "meet-our-partners",
    "three-forecasts-that-failed",
    "a-day-in-the-depot",
    "reading-list-operations",
    "when-to-automate-approvals",
    "quarterly-benchmark-results",
)
_CASES = (
    "northern-freight",
    "alpine-foods",
    "rivermouth-telecom",
    "stadtwerke-linz",
    "outback-mining",
    "casa-moda",
)
WHITEPAPERS = (
    ("Late Deliveries", "late-deliveries", "Platform"),
    ("Forecast Errors", "forecast-errors", "Analytics"),
    ("First-Time Fix Rate", "first-time-fix-rate", "Field Service"),
    ("Payment Disputes", "payment-disputes", "Payments"),
)
EBOOKS = (
    ("The Operations Handbook", "operations-handbook"),
    ("Glossary of Planning", "glossary-of-planning"),
)


def _pages() -> list[Page]:
    found: list[tuple[str, str, str | None]] = [
        ("/", "home", None),
        ("/about", "about", None),
        ("/pricing", "pricing", None),
        ("/pricing/enterprise", "pricing", None),
        ("/integrations", "integration", None),
        ("/integrations/sap", "integration", None),
        ("/integrations/salesforce", "integration", None),
        ("/compare/northbeam-vs-cobaltworks", "comparison", None),
        ("/compare/northbeam-vs-spreadsheets", "comparison", None),
        ("/careers", "careers", None),
        ("/careers/backend-engineer-hamburg", "careers", None),
        ("/careers/account-executive-london", "careers", None),
        ("/contact-us", "contact", None),
        ("/demo", "demo", None),
        ("/free-trial", "trial", None),
        ("/support", "support", None),
        ("/newsletter", "newsletter", None),
        ("/feedback", "survey", None),
        ("/tools/roi-calculator", "tool", None),
        ("/tools/planning-self-assessment", "tool", None),
        ("/tools/benchmark", "tool", None),
        ("/events/operations-days", "event", None),
        ("/legal/privacy", "legal", None),
        ("/docs/getting-started", "docs", None),
    ]
    for line in LINES:
        found.append((f"/products/{_SLUGS[line]}", "product", line))
        found.append((f"/webinars/{_SLUGS[line]}", "webinar", line))
        found.append((f"/demo/{_SLUGS[line]}", "demo", line))
    found += [(f"/blog/{slug}", "blog", None) for slug in _BLOG]
    found += [(f"/case-studies/{slug}", "case_study", LINES[i % len(LINES)]) for i, slug in enumerate(_CASES)]
    found += [(f"/resources/whitepapers/{slug}", "whitepaper", line) for _, slug, line in WHITEPAPERS]
    found += [(f"/resources/ebooks/{slug}", "ebook", None) for _, slug in EBOOKS]
    return [Page(2001 + i, path, kind, line) for i, (path, kind, line) in enumerate(found)]


PAGES = tuple(_pages())
PAGES_OF: dict[str, tuple[Page, ...]] = {
    kind: tuple(page for page in PAGES if page.kind == kind) for kind in {page.kind for page in PAGES}
}
_BY_PATH = {page.path: page for page in PAGES}


def _forms() -> list[Form]:
    found: list[tuple[str, str, str, str | None]] = [
        ("Contact Us", "contact", "/contact-us", None),
        ("Demo Request", "demo", "/demo", None),
        ("Free Trial", "trial", "/free-trial", None),
        ("Free Trial (in docs)", "trial", "/docs/getting-started", None),
        ("Support Request", "support", "/support", None),
        ("Job Application", "job", "/careers", None),
        ("Newsletter", "newsletter", "/newsletter", None),
        ("Survey - Customer Feedback", "survey", "/feedback", None),
        ("ROI Calculator", "tool", "/tools/roi-calculator", None),
        ("Planning Self-Assessment", "tool", "/tools/planning-self-assessment", None),
        ("Benchmark", "tool", "/tools/benchmark", None),
        ("Event Registration - Operations Days", "event", "/events/operations-days", None),
    ]
    for line in LINES:
        found.append((f"Demo Request - {line}", "demo", f"/demo/{_SLUGS[line]}", line))
        found.append((f"Webinar Registration - {line}", "webinar", f"/webinars/{_SLUGS[line]}", line))
    for name, slug, line in WHITEPAPERS:
        found.append((f"Whitepaper - {name}", "whitepaper", f"/resources/whitepapers/{slug}", line))
    found += [(f"eBook - {name}", "ebook", f"/resources/ebooks/{slug}", None) for name, slug in EBOOKS]
    return [
        Form(1001 + i, name, kind, _BY_PATH[path], line) for i, (name, kind, path, line) in enumerate(found)
    ]


FORMS = tuple(_forms())
FORMS_OF: dict[str, tuple[Form, ...]] = {
    kind: tuple(form for form in FORMS if form.kind == kind) for kind in {form.kind for form in FORMS}
}


def _mails() -> list[Mail]:
    mails: list[Mail] = []

    def add(name: str, kind: str, *paths: str) -> None:
        links = tuple(
            f"https://{SITE}{path}?utm_source=email&utm_campaign={3001 + len(mails)}" for path in paths
        )
        mails.append(Mail(3001 + len(mails), name, kind, links))

    for number in range(1, 14):
        blog = [f"/blog/{_BLOG[(number * 3 + i) % len(_BLOG)]}" for i in range(3)]
        add(
            f"NL Operations Letter {number:02d}",
            "newsletter",
            *blog,
            f"/case-studies/{_CASES[number % len(_CASES)]}",
        )
    for line in LINES:
        slug = _SLUGS[line]
        add(f"Nurture {line} 1 Why it matters", "nurture", f"/products/{slug}", f"/blog/{_BLOG[1]}", "/about")
        add(
            f"Nurture {line} 2 How others do it",
            "nurture",
            f"/case-studies/{_CASES[0]}",
            f"/products/{slug}",
            "/demo",
        )
        add(f"Nurture {line} 3 What it takes", "nurture", "/pricing", f"/products/{slug}", "/integrations")
        add(f"Invitation Webinar {line}", "invitation", f"/webinars/{slug}", f"/products/{slug}", "/about")
        add(f"Recording Webinar {line}", "follow_up", f"/webinars/{slug}", "/demo", "/pricing")
    return mails


MAILS = tuple(_mails())
MAILS_OF: dict[str, tuple[Mail, ...]] = {
    kind: tuple(mail for mail in MAILS if mail.kind == kind) for kind in {mail.kind for mail in MAILS}
}


def invitation(line: str) -> Mail:
    return next(mail for mail in MAILS_OF["invitation"] if mail.name.endswith(line))


def recording(line: str) -> Mail:
    return next(mail for mail in MAILS_OF["follow_up"] if mail.name.endswith(line))
