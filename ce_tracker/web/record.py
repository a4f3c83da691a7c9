"""A person's own record: what is known of them, where it came from, who changed it and why."""

from __future__ import annotations

from flask import render_template

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.registry import record
from ce_tracker.web.conventions import actor, page
from ce_tracker.web.exemptions import exemption_words
from ce_tracker.web.people import asked_time, past, sections, words_of

OWN = frozenset({Role.PROFESSIONAL})


@page("/record", roles=OWN)
def own_record() -> str:
    who = actor()
    found = record.visible_person(who, who.professional_id or 0)
    on, as_of, errors = asked_time()
    known = record.record_of(who, found, on or clock.today(), as_of)
    return render_template(
        "record.html",
        **words_of(found),
        **past(found),
        **exemption_words(found, as_of),
        sections=sections(known),
        employer=next(iter(record.employer_names(known.employments).values()), None),
        errors=errors,
        on=on,
        as_of=as_of,
        now=on is None and as_of is None,
    )
