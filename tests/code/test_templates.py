"""What a template may not say because a browser reads it as something else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "ce_tracker" / "web" / "templates"
PARAGRAPH = re.compile(r"<p\b[^>]*>.*?</p>", re.DOTALL)
BLOCK = re.compile(r"<(details|div|dl|fieldset|form|h\d|ol|p|section|table|ul)\b")


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_block_stands_in_a_paragraph(path: Path) -> None:
    """A browser ends the paragraph before it, and what the paragraph lays out side by side stands
    one below the other."""
    paragraphs = PARAGRAPH.findall(path.read_text())
    assert [each for each in paragraphs if BLOCK.search(each, len("<p"))] == []
