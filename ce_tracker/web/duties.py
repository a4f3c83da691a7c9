"""Duties and rights on pages: a person's own, an employer's by rule with its people, an
authority's by county."""

from __future__ import annotations

from flask import render_template, request

from ce_tracker.actor import Role
from ce_tracker.http.paging import newest
from ce_tracker.promotions import duty_reading
from ce_tracker.promotions.duty_flags import DutyFlag
from ce_tracker.promotions.duty_reading import RULES, Open
from ce_tracker.web.conventions import actor, keyring, page

READERS = frozenset({Role.PROFESSIONAL, Role.EMPLOYER, Role.AUTHORITY})
A_PAGE = 50


@page("/duties", roles=READERS)
def duties() -> str:
    who = actor()
    rule, state = request.args.get("rule"), request.args.get("state", "")
    rule = rule if rule in RULES else None
    chosen = Open(state) if state in set(Open) else Open.OPEN
    found = newest(
        keyring(),
        duty_reading.asked(who, rule, chosen),
        DutyFlag.id,
        request.args.get("cursor"),
        A_PAGE,
    )
    counts = duty_reading.by_rule(who) if who.role is not Role.PROFESSIONAL else []
    return render_template(
        "duties.html",
        duties=duty_reading.named(found.items),
        next_cursor=found.next_cursor,
        counts=counts,
        counties=duty_reading.by_county(who) if who.is_authority else [],
        rule=rule,
        rule_label=duty_reading.label(rule) if rule else None,
        state=chosen,
        states=list(Open),
    )
