"""Rules about the source that no linter holds."""

from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", ["fastapi_beyond_crud", "examples"])
def test_no_file_postpones_its_annotations(folder: str) -> None:
    """FastAPI would take a dependency that is a local name for a query parameter."""
    late = [
        str(path.relative_to(PROJECT))
        for path in (PROJECT / folder).rglob("*.py")
        if "\nfrom __future__ import annotations" in path.read_text()
    ]
    assert late == []
