"""Writes what peers work on: the same organisation in the form that each understands.

`python -m benchmarks.peer_material FOLDER USERS`. `sides.json`: desired and live users under the manifests' names.
`live.json`: live users as 4me gives them. `zones/`: as many DNS records as users, on two sides, for octodns.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml_rs

from benchmarks.floor import flatten_user
from benchmarks.organisation import Organisation, user_json, user_lines

_ZONE = "widget.example"
_CONFIG = """\
providers:
  source: {{class: octodns.provider.yaml.YamlProvider, directory: {folder}/source}}
  target: {{class: octodns.provider.yaml.YamlProvider, directory: {folder}/target}}
zones:
  {zone}.: {{sources: [source], targets: [target]}}
"""


def write_material(folder: Path, company: Organisation) -> None:
    """All of it."""
    numbers = range(1, company.users + 1)
    desired = [yaml_rs.loads(user_lines(number), parse_datetime=False) for number in numbers]
    live = [json.loads(user_json(number, changed=company.is_changed(number))) for number in numbers]
    folder.mkdir(parents=True, exist_ok=True)
    sides = {"desired": desired, "live": [flatten_user(row) for row in live]}
    (folder / "sides.json").write_text(json.dumps(sides), encoding="utf-8")
    (folder / "live.json").write_text(json.dumps(live), encoding="utf-8")
    _write_zones(folder.resolve() / "zones", company)


def _write_zones(folder: Path, company: Organisation) -> None:
    for side in ("source", "target"):
        (folder / side).mkdir(parents=True, exist_ok=True)
        records = (
            f"host-{number:07}:\n  ttl: 300\n  type: A\n"
            f"  value: 10.{int(side == 'target' and company.is_changed(number))}.{number // 250 % 250}.{number % 250}\n"
            for number in range(1, company.users + 1)
        )
        (folder / side / f"{_ZONE}.yaml").write_text("---\n" + "".join(records), encoding="utf-8")
    (folder / "config.yaml").write_text(_CONFIG.format(folder=folder, zone=_ZONE), encoding="utf-8")


if __name__ == "__main__":
    write_material(Path(sys.argv[1]), Organisation(int(sys.argv[2]), groups=0))
