from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.service import Service, running


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all who are cruel to it: it is to be as good as new after each of them."""
    with running(tmp_path_factory.mktemp("service") / "home") as found:
        yield found
