"""Nights over a small town, and a mail server to which its mails go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from config import Settings
from tests.factories import Factory
from tests.notices.world import Nights, Post, by_mail, post_office


@pytest.fixture
def nights(make: Factory, worker: Flask) -> Nights:
    return Nights(make, worker)


@pytest.fixture
def post(worker: Flask, settings: Settings) -> Iterator[Post]:
    """The worker sends its mails there."""
    with post_office() as post:
        worker.config["CE_SETTINGS"] = by_mail(settings, post.url)
        yield post
        worker.config["CE_SETTINGS"] = settings
