"""The pages of a year's hours: a person's own, and what employer and authority see of somebody.

They show what the API answers: both ask `ledger/reading.py` for the hours and `compliance` whether
they suffice, and nothing is added up here.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from flask import render_template, request

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.compliance.explained import RULES, flags, is_open
from ce_tracker.compliance.verdicts import verdict
from ce_tracker.hours import parsed
from ce_tracker.ledger import reading
from ce_tracker.promotions import duty_reading
from ce_tracker.registry import record
from ce_tracker.registry.items import Errors
from ce_tracker.registry.kinds import EARLIEST
from ce_tracker.registry.models import Professional
from ce_tracker.training.models import FIRST_DAY, Form, Subject
from ce_tracker.web import forms, verdict_words
from ce_tracker.web.conventions import actor, page
from ce_tracker.web.people import READERS, words_of
from ce_tracker.web.years import closed_words

OWN = frozenset({Role.PROFESSIONAL})

# A year of the least that is asked fills nine tenths of the bar; a fuller one fills all of it.
_BAR_X100 = 100_00


@page("/hours", roles=OWN)
def own_hours() -> str:
    found = record.visible_person(actor(), actor().professional_id or 0)
    return render_template("hours.html", duties=duty_reading.of_person(actor()), **_asked_of(found))


@page("/people/<int:professional_id>/hours", roles=READERS)
def person_hours(professional_id: int) -> str:
    found = record.visible_person(actor(), professional_id)
    return render_template("person_hours.html", **_asked_of(found), **words_of(found))


def in_words(answer: str) -> dict[str, Any]:
    """What `reading.hours_of` answers, as pages say it."""
    found: dict[str, Any] = json.loads(answer)
    found["entries"] = [_entry(entry) for entry in found["entries"]]
    shown_from = found["shown_from"]
    found["shown_from"] = date.fromisoformat(shown_from) if shown_from else None
    found["bar"] = _bar(parsed(found["specialty"]) or 0, parsed(found["total"]) or 0)
    return found


def _asked_of(person: Professional) -> dict[str, Any]:
    year, (as_of, errors) = asked_year(), _asked_moment()
    hours = in_words(reading.hours_of(person.id, year, as_of))
    return {
        "hours": hours,
        "verdict": verdict_words.in_words(verdict(person.id, year, moment=as_of)),
        "flags": [
            {
                "label": RULES[each.rule].label,
                "opened_on": each.opened_on,
                "closed_on": each.closed_on,
                "open": is_open(each, as_of),
            }
            for each in flags(actor(), person, year, as_of)
        ],
        "closed_verdicts": closed_words(person, year, as_of),
        "years": sorted({clock.today().year, year, *hours["years"]}, reverse=True),
        "as_of": as_of,
        "now": clock.now(),
        "typed": as_of.strftime("%Y-%m-%dT%H:%M") if as_of else request.args.get("as_of", ""),
        "errors": errors,
    }


def asked_year() -> int:
    year = request.args.get("year", type=int)
    in_range = year is not None and FIRST_DAY.year <= year <= forms.LAST_YEAR
    return year if year is not None and in_range else clock.today().year


def _asked_moment() -> tuple[datetime | None, Errors]:
    text = request.args.get("as_of", "").strip()
    if not text:
        return None, {}
    try:
        moment = forms.moment(text, "截至时间")
    except ValueError as error:
        return None, {"as_of": str(error)}
    if moment > clock.now():
        return None, {"as_of": "这一刻还没有到，请检查日期和时间。"}
    if moment.year < EARLIEST.year:
        return None, {"as_of": f"时间过早，应在 {EARLIEST.year} 年以后。"}
    return moment, {}


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    session, reversal = entry["session"], entry["reversal"]
    return entry | {
        "subject": Subject(session["subject"]).label,
        "form": Form(session["form"]).label,
        "posted_at": datetime.fromisoformat(entry["posted_at"]),
        "reversal": reversal
        and reversal | {"posted_at": datetime.fromisoformat(reversal["posted_at"])},
    }


def _bar(specialty_x100: int, total_x100: int) -> dict[str, Any]:
    """In hundredths of its length: each part, and where the marks of the least stand."""
    whole = max(_BAR_X100, total_x100)
    crowded = total_x100 > _BAR_X100
    return {
        "specialty": round(specialty_x100 * 100 / whole, 2),
        "general": round((total_x100 - specialty_x100) * 100 / whole, 2),
        "marks": [
            ("专业 60", round(60 * 100_00 / whole, 2), "end" if crowded else "middle"),
            ("合计 90", round(90 * 100_00 / whole, 2), "start" if crowded else "middle"),
        ],
    }
