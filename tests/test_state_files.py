from __future__ import annotations

from pathlib import Path

from reconciler.core.plan_model import TenantIdentity
from reconciler.state_files import tenant_file


def test_each_account_of_a_tenant_has_a_file_of_its_own() -> None:
    endpoint = "https://x.example"
    tenants = [TenantIdentity("prod", endpoint, account) for account in (None, "a", "b")]
    tenants.append(TenantIdentity("prod", "https://y.example"))
    paths = [tenant_file(Path("state/applied"), each, ".gz") for each in tenants]
    assert len({*paths}) == len(paths)
    assert {path.parent for path in paths} == {Path("state/applied").absolute()}
    assert paths[0].name == "prod-a8344fef.gz"  # as earlier versions named it
