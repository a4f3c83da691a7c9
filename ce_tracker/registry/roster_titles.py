"""What a roster's line says of somebody's title and appointment, beside what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from ce_tracker.registry.dated import TitleLevel, Track
from ce_tracker.registry.roster_holdings import Appointment, Person, Plan, Title
from ce_tracker.registry.roster_reading import has_title, meanings
from ce_tracker.registry.rosters import Line
from ce_tracker.registry.title_series import Reading, catalogue, field_of, is_no_title

_RANKS = {level.value: rank for rank, level in enumerate(TitleLevel)}
_MOST_NAMED = 4


def decide(line: Line, person: Person, employer_id: int, as_of: date, made: Plan) -> None:
    if not has_title(line):
        return
    known = [title for title in person.titles if title.holds_on(as_of)]
    meant = _meant(line, known, made)
    if meant is None:
        return
    _title(line, meant, known, made)
    _appointment(line, meant, person, employer_id, made)


def _meant(line: Line, known: list[Title], made: Plan) -> Title | None:
    """The one title that the words mean, with what is known of it, or as a new one."""
    said = meanings(line.title, line.level, line.series)
    fitting = [
        title
        for title in known
        if any(
            title.level == reading.level
            and reading.series_code in {None, title.series_code}
            and _track(line, reading) in {None, title.track}
            for reading in said
        )
    ]
    if fitting:
        return max(fitting, key=lambda title: (_RANKS[title.level], title.start))
    if len({(reading.level, reading.series_code) for reading in said}) > 1:
        made.wrong("职称", _which(said))
        return None
    [reading, *_] = said
    if reading.series_code is None:
        made.wrong("职称", "只写了级别，看不出是哪个系列。请照证书写职称全称，或加“职称系列”一列。")
        return None
    return Title(
        None,
        None,
        line.obtained_on or date.max,
        None,
        reading.level.value,
        (_track(line, reading) or Track.UNIFIED),
        reading.series_code,
        None,
        reading.name,
    )


def _track(line: Line, reading: Reading) -> str | None:
    """Nothing: not said, and then it is as it is known."""
    if line.track:
        return line.track
    return Track.GRASSROOTS.value if reading.track is Track.GRASSROOTS else None


def _which(said: Sequence[Reading]) -> str:
    levels = {reading.level for reading in said}
    if len(levels) > 1:
        return f"可能是{'或'.join(level.label for level in sorted(levels, key=_rank))}，请写明。"
    names = [catalogue()[r.series_code].name for r in said if r.series_code]
    listed = "、".join(dict.fromkeys(names[:_MOST_NAMED]))
    return f"不止一个系列有这个职称（{listed}），请加“职称系列”一列写明。"


def _rank(level: TitleLevel) -> int:
    return _RANKS[level.value]


def _title(line: Line, meant: Title, known: list[Title], made: Plan) -> None:
    code = field_of(line.field, meant.series_code) if line.field else None
    if line.field and code is None:
        made.warn(
            "专业",
            f"“{line.field}”不在{catalogue()[meant.series_code].name}的专业目录中，没有记录。",
        )
    if meant.id is None and line.obtained_on is None:
        made.warn("取得资格时间", "没有填写，职称暂不记录；补上后再次导入即可。")
        return
    words = line.title if line.title and not is_no_title(line.title) else None
    [reading, *_] = meanings(line.title, line.level, line.series)
    after = replace(
        meant,
        id=None,
        start=line.obtained_on or meant.start,
        field_code=code or meant.field_code,
        name=reading.name if words else meant.name,
    )
    if meant.id is None:
        highest = max(known, key=lambda title: _RANKS[title.level], default=None)
        made.changes.append(("职称", highest.name if highest else "无", after.name))
        made.titles.become((), [after])
        return
    before = replace(meant, id=None)
    if after == before or (after.end is not None and after.end <= after.start):
        return
    for what, old, new in (
        ("职称", before.name, after.name),
        ("取得资格时间", str(before.start), str(after.start)),
        ("专业", _field(before), _field(after)),
    ):
        if old != new:
            made.changes.append((what, old, new))
    made.titles.become([meant], [after])


def _field(title: Title) -> str:
    code = title.field_code
    return catalogue()[title.series_code].fields.get(code, code) if code else "无"


def _appointment(line: Line, meant: Title, person: Person, employer_id: int, made: Plan) -> None:
    """A higher post ends the lower one at the same unit."""
    start = line.appointed_on
    if start is None or line.left_on is not None:
        return
    new = Appointment(
        None, None, start, None, employer_id, meant.level, meant.track, meant.series_code
    )
    held = [each for each in person.appointments if each.employer_id == employer_id]
    same = [each for each in held if _post(each) == _post(new) and each.end is None]
    if same:
        if same[0].start != start:
            made.changes.append(("聘任时间", str(same[0].start), str(start)))
            made.appointments.become(same[:1], [replace(same[0], id=None, start=start)])
        return
    if any(_post(each) == _post(new) and each.start == start for each in held):
        return  # it was held from then on, and has ended
    after = [
        replace(each, id=None, end=start) if each.end is None and each.start < start else each
        for each in held
    ]
    made.changes.append(("聘任时间", "无", str(start)))
    made.appointments.become(held, [*after, new])


def _post(held: Appointment) -> tuple[str, str, str]:
    return held.level, held.track, held.series_code
