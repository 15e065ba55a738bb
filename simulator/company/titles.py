"""Job titles: by seniority and department, and the ones that mislead a careless rule."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from simulator.company.dice import Weighted


@dataclass(frozen=True, slots=True)
class Job:
    title: str
    seniority: str  # c_level, vp, director, manager, other
    department: str


DEPARTMENTS: dict[str, str] = {
    "Operations": "Operations",
    "IT": "IT",
    "Engineering": "Engineering",
    "Marketing": "Marketing",
    "Sales": "Sales",
    "Finance": "Finance",
    "Procurement": "Procurement",
    "Customer Service": "Customer Service",
    "HR": "Human Resources",
    "Legal": "Legal",
}
_DEPARTMENT = Weighted(
    [
        ("Operations", 22),
        ("IT", 20),
        ("Engineering", 11),
        ("Marketing", 13),
        ("Sales", 11),
        ("Finance", 8),
        ("Procurement", 5),
        ("Customer Service", 4),
        ("HR", 4),
        ("Legal", 2),
    ]
)
_C_LEVEL = {
    "Operations": "Chief Operating Officer",
    "IT": "CIO",
    "Engineering": "Chief Technology Officer",
    "Marketing": "CMO",
    "Sales": "Chief Revenue Officer",
    "Finance": "CFO",
    "Procurement": "Chief Procurement Officer",
    "Customer Service": "Chief Customer Officer",
    "HR": "Chief People Officer",
    "Legal": "General Counsel",
}
_SENIORITY = Weighted([("c_level", 9), ("vp", 10), ("director", 19), ("manager", 31), ("other", 31)])
_PATTERNS: dict[str, tuple[str, ...]] = {
    "vp": ("VP of {}", "Vice President, {}", "VP {}", "SVP {}"),
    "director": ("Director of {}", "{} Director", "Head of {}", "Senior Director, {}"),
    "manager": ("{} Manager", "Senior {} Manager", "Manager, {}", "{} Team Lead"),
    "other": ("{} Specialist", "{} Analyst", "{} Coordinator", "Senior {} Analyst", "{} Consultant"),
}
STUDENT_TITLES = ("Student", "MBA Student", "Marketing Intern", "Intern", "PhD student", "Summer Internship")
# Whole words decide: none of these is a student or an intern.
NO_STUDENT_TITLES = (
    "Director, International Sales",
    "Head of Internal Audit",
    "VP International Operations",
    "Internal IT Manager",
    "Manager, Internet Services",
    "Student Services Director",
)
HOSTILE_TITLES = (
    '<script>alert("ops")</script>',
    "'; DROP TABLE leads; --",
    "=cmd|' /C calc'!A0",
    "{{my.token}}",
)


def draw_job(rng: Random) -> Job:
    department, seniority = _DEPARTMENT.draw(rng), _SENIORITY.draw(rng)
    if seniority == "c_level":
        title = "CEO" if rng.random() < 0.25 else _C_LEVEL[department]
    else:
        title = rng.choice(_PATTERNS[seniority]).format(DEPARTMENTS[department])
    return Job(title, seniority, department)
