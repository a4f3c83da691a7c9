"""The inbox of a person, an employer or an authority, and the address that it is mailed to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for

from ce_tracker.errors import Invalid
from ce_tracker.http.paging import newest
from ce_tracker.notices import addresses, inbox
from ce_tracker.notices.inbox import READERS
from ce_tracker.notices.models import Message
from ce_tracker.notices.words import year_of
from ce_tracker.web.conventions import actor, blueprint, keyring, page, settings

MESSAGES_A_PAGE = 30


@blueprint.app_template_global()
def unread_mark() -> str:
    """In the navigation; a page about an error does not ask, since that could fail again."""
    count = inbox.unread_count(actor())
    return f"（{count}）" if count else ""


@page("/messages", roles=READERS)
def messages() -> str:
    who, unread = actor(), request.args.get("unread") == "1"
    found = newest(
        keyring(),
        inbox.messages(who, unread=unread),
        Message.id,
        request.args.get("cursor"),
        MESSAGES_A_PAGE,
    )
    return render_template(
        "messages.html",
        messages=inbox.with_reads(who, found.items),
        next_cursor=found.next_cursor,
        only_unread=unread,
        unread=inbox.unread_count(who),
        mailing=settings().smtp_url is not None,
    )


@page("/messages/<uuid:message_id>", roles=READERS)
def message(message_id: UUID) -> str:
    """Opened is read."""
    found = inbox.read(actor(), message_id)
    return render_template("message.html", found=found, year=year_of(found.message))


@page("/messages/read", methods=("POST",), roles=READERS)
def read_all_messages() -> Any:
    inbox.read_all(actor())
    flash("已全部标为已读。", "success")
    return redirect(url_for("web.messages"), 303)


@page("/account/mail", methods=("GET", "POST"), roles=READERS)
def mail_address() -> Any:
    who = actor()
    typed: dict[str, str] = {"address": addresses.own_address(keyring(), who) or ""}
    errors: dict[str, str] = {}
    if request.method == "POST":
        typed = {name: request.form.get(name, "") for name in ("address", "again")}
        try:
            addresses.enter(keyring(), who, typed["address"], typed["again"])
        except Invalid as error:
            errors = {entry["field"]: entry["message"] for entry in error.facts["errors"]}
        else:
            flash("邮箱地址已保存。", "success")
            return redirect(url_for("web.account"), 303)
    shown = render_template(
        "mail_address.html",
        typed=typed,
        errors=errors,
        mailing=settings().smtp_url is not None,
    )
    return (shown, 422) if errors else shown


@page("/account/mail/remove", methods=("POST",), roles=READERS)
def remove_mail_address() -> Any:
    addresses.remove(actor())
    flash("邮箱地址已删除，消息不再发到邮箱。", "success")
    return redirect(url_for("web.account"), 303)
