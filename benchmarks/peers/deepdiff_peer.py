"""DeepDiff over everything, as a first draft would do it. `deepdiff_peer.py SIDES` prints CPU seconds as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from deepdiff import DeepDiff


def main() -> None:
    """Entry point."""
    sides = json.loads(Path(sys.argv[1]).read_bytes())
    desired, live = ({row["userName"]: row for row in sides[side]} for side in ("desired", "live"))
    start = time.process_time()
    difference = DeepDiff(live, desired)
    seconds = time.process_time() - start
    sys.stdout.write(json.dumps({"seconds": seconds, "changed": len(difference.get("values_changed", ()))}))


if __name__ == "__main__":
    main()
