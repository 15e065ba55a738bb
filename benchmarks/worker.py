"""`python -m benchmarks.worker`: one phase in a process of its own, so that peaks of memory don't mix."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.company import Scene
from benchmarks.measure import Result, peak_mb


def phases() -> dict[str, Callable[[Scene], Result]]:
    """By name. Imported late: a phase must not pay for what another needs."""
    name = sys.argv[1]
    if name.startswith("sync."):
        from benchmarks import against

        return {
            "sync.door": against.door,
            "sync.adopt": against.adopt,
            "sync.go_live": against.go_live,
            "sync.after_push": against.after_push,
            "sync.hour": against.hour,
            "sync.quiet": against.quiet,
        }
    if name.startswith("midnight."):
        from benchmarks import midnight

        return {
            "midnight.found": midnight.found,
            "midnight.night": midnight.night,
            "midnight.everybody": midnight.everybody,
        }
    if name.startswith("engine."):
        from benchmarks import engine_alone

        return {
            "engine.files": engine_alone.files,
            "engine.lines": engine_alone.of_engine,
            "engine.polars": engine_alone.of_polars,
            "engine.duckdb": engine_alone.of_duckdb,
        }
    if name.startswith("ledger."):
        from benchmarks import incremental

        return {
            "ledger.filled": incremental.filled,
            "ledger.filled_much": incremental.filled_much,
            "ledger.touched": incremental.touched,
            "ledger.everybody": incremental.everybody,
        }
    if name.startswith("prefect."):
        from benchmarks import in_prefect

        return {"prefect.syncs": in_prefect.syncs}
    from benchmarks import year

    return {"year.catch_up": year.catch_up}


def main() -> int:
    name, scene, out = sys.argv[1:]
    result = phases()[name](Scene.from_json(Path(scene).read_text(encoding="utf-8")))
    result.peak_mb = peak_mb()
    Path(out).write_text(json.dumps(result.as_json()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
