"""Generated tables whose truth is known: which columns matter, which leak, when the world changes."""

import numpy as np
import polars as pl

DATA = "../shared/data/x_education_dev.csv"


def company(rows: int = 1500, seed: int = 1, level: float = 0.0) -> pl.DataFrame:
    """Leads in order of `number`: honest columns of all sorts, one of them very strong, and planted leaks."""
    draw = np.random.default_rng(seed)
    strength = draw.normal(size=rows)
    seconds = np.maximum(0, np.round(np.exp(5 + strength) - 60))
    source = draw.choice(["Google", "Referral", "Chat", "Select", ""], size=rows, p=[0.4, 0.2, 0.2, 0.1, 0.1])
    logit = level - 0.6 + 2.6 * strength + 1.2 * (source == "Referral") - 0.8 * (source == "Chat")
    won = draw.random(rows) < 1 / (1 + np.exp(-logit))
    noise = draw.random(rows)
    return pl.DataFrame(
        {
            "lead": [f"L{i:06d}" for i in range(rows)],
            "number": [str(1000 + i) for i in range(rows)],
            "won": ["yes" if w else "no" for w in won],
            "time on site": [str(int(s)) for s in seconds],
            "source": source.tolist(),
            "phone": ["given" if n < 0.35 + 0.25 * w else None for n, w in zip(noise, won, strict=True)],
            "colour": draw.choice(["red", "green", "blue"], size=rows).tolist(),
            "visits": [None if n < 0.1 else str(int(10 * n)) for n in draw.random(rows)],
            "outcome code": ["A" if w != (n < 0.03) else "B" for w, n in zip(won, noise, strict=True)],
            "lost reason": ["price" if not w and n < 0.9 else None for w, n in zip(won, noise, strict=True)],
            "order value": [
                str(100 + int(900 * n)) if w and n < 0.5 else None for w, n in zip(won, noise, strict=True)
            ],
        }
    )


LEAKS = {"outcome code", "lost reason", "order value"}
