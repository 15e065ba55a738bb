"""`python -m simulator serve …`"""

from __future__ import annotations

import sys

from simulator.serve import main

if __name__ == "__main__":
    sys.exit(main())
