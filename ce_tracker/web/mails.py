"""The authority's page of mails that were given up."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for

from ce_tracker.actor import Role
from ce_tracker.http.paging import newest
from ce_tracker.notices import undelivered
from ce_tracker.notices.models import Mail
from ce_tracker.web.conventions import actor, keyring, page, settings

AUTHORITY = frozenset({Role.AUTHORITY})
MAILS_A_PAGE = 50


@page("/mails", roles=AUTHORITY)
def mails() -> str:
    who = actor()
    found = newest(
        keyring(),
        undelivered.given_up(who),
        Mail.id,
        request.args.get("cursor"),
        MAILS_A_PAGE,
    )
    return render_template(
        "mails.html",
        rows=undelivered.with_readers(who, found.items),
        next_cursor=found.next_cursor,
        counts=undelivered.counts(who),
        mailing=settings().smtp_url is not None,
    )


@page("/mails/<uuid:mail_id>/try-again", methods=("POST",), roles=AUTHORITY)
def try_mail_again(mail_id: UUID) -> Any:
    undelivered.try_again(actor(), mail_id)
    flash("已重新排队，马上再发一次。", "success")
    return redirect(url_for("web.mails"), 303)


@page("/mails/try-again", methods=("POST",), roles=AUTHORITY)
def try_all_mails_again() -> Any:
    again = undelivered.try_all_again(actor())
    flash(f"{again} 封邮件已重新排队。", "success")
    return redirect(url_for("web.mails"), 303)
