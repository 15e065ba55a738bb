"""The generated company that lives on both simulated platforms."""

from simulator.company.company import Company
from simulator.company.csv_leads import BadMapping

__all__ = ["BadMapping", "Company"]
