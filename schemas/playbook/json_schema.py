"""JSON Schemas of the playbook's files, so that editors complete keys and show faults while one types.

Run as `python -m schemas.playbook.json_schema FOLDER`; `make schemas` does.
"""

import json
import sys
from pathlib import Path

from schemas.playbook.load import FILES


def write_schemas(folder: Path) -> list[Path]:
    """One `<file>.json` per playbook file."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, model in FILES.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(model.model_json_schema(by_alias=True), indent=1, sort_keys=True) + "\n")
        written.append(path)
    return written


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
