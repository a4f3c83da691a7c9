"""What tests of the year begin with: people and units to be judged, and who answers for all."""

from __future__ import annotations

import pytest
from flask import Flask

from ce_tracker.actor import Role
from tests.api.asking import Asker
from tests.compliance.world import World
from tests.factories import SHANDONG, Factory


@pytest.fixture
def world(make: Factory, worker: Flask) -> World:
    return World(make, worker)


@pytest.fixture
def province(web: Flask, make: Factory) -> Asker:
    return Asker(web, make.account(Role.AUTHORITY, SHANDONG))
