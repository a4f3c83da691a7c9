"""A directory as it is read: its name, the way that it went, and its file."""

from __future__ import annotations

from sqlalchemy import Select, select

from ce_tracker.actor import Actor
from ce_tracker.extensions import db
from ce_tracker.promotions import directory_lines, directory_sheet
from ce_tracker.registry.directories import Directory, DirectoryStep
from ce_tracker.registry.models import Region


def steps(actor: Actor, found: Directory) -> Select[DirectoryStep]:
    """The way that it went, for whom that concerns."""
    return (
        select(DirectoryStep)
        .where(DirectoryStep.directory_id == found.id, DirectoryStep.visible_to(actor))
        .order_by(DirectoryStep.id)
    )


def as_file(found: Directory) -> bytes:
    return directory_sheet.as_file(
        title(found),
        (
            (each.number, each.line.name, each.line.address, each.line.subsidy, each.line.remark)
            for each in directory_lines.shown(found)
        ),
    )


def title(found: Directory) -> str:
    region = db.session.get_one(Region, found.region_path)
    edition = f"（第 {found.edition} 版）" if found.edition > 1 else ""
    return f"{region.name} {found.year} 年度基层单位目录清单{edition}"
