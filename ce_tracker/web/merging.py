"""Two records that are one person: the authority finds the other, looks at both, says why."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select

from ce_tracker import clock
from ce_tracker.actor import Role
from ce_tracker.errors import Conflict, Invalid
from ce_tracker.extensions import db
from ce_tracker.registry import finding, merging, record
from ce_tracker.registry.models import Employer, Professional
from ce_tracker.registry.reasons import written
from ce_tracker.web import forms
from ce_tracker.web.conventions import actor, keyring, page

AUTHORITY = frozenset({Role.AUTHORITY})
_ONE = "/people/<int:professional_id>"


@page(f"{_ONE}/merge", methods=("GET", "POST"), roles=AUTHORITY)
def merge_person(professional_id: int) -> Any:
    """First the other's number; then both beside each other, and the reason."""
    person = record.visible_person(actor(), professional_id)
    words: dict[str, Any] = {"person": _shown(person), "other": None, "reason": "", "errors": {}}
    if request.method == "GET":
        return render_template("merge.html", **words)
    try:
        other = _other(person)
        words["other"] = _shown(other)
        if "reason" in request.form:
            words["reason"] = request.form["reason"]
            merging.merge(other.id, person.id, words["reason"])
            flash("已合并。两条记录此后合在一起看，需要时可以拆分。", "success")
            return redirect(url_for("web.person", professional_id=person.id), 303)
    except Invalid as error:
        words["errors"] = forms.objections(error, ["id_number", "reason"])
    except Conflict as error:
        words["errors"] = {"reason" if words["other"] else "id_number": error.detail}
    return render_template("merge.html", **words), 422 if words["errors"] else 200


@page(f"{_ONE}/split", methods=("GET", "POST"), roles=AUTHORITY)
def split_person(professional_id: int) -> Any:
    """The records that are read as part of this one; each can stand for itself again."""
    person = record.visible_person(actor(), professional_id)
    merged = db.session.scalars(
        select(Professional)
        .where(Professional.merged_into == person.id, Professional.visible_to(actor()))
        .order_by(Professional.id)
    ).all()
    words: dict[str, Any] = {
        "person": _shown(person),
        "merged": [_shown(one) for one in merged],
        "reason": request.form.get("reason", ""),
        "chosen": request.form.get("record", ""),
        "errors": {},
    }
    if request.method == "GET":
        return render_template("split.html", **words)
    chosen = next((one for one in merged if str(one.id) == words["chosen"]), None)
    if chosen is None:
        words["errors"]["record"] = "请选择要拆分的记录。"
    try:
        written(words["reason"], "reason", "拆分理由")
        if chosen is not None:
            merging.split(chosen.id, words["reason"])
            flash("已拆分，这条记录重新单独成立。", "success")
            return redirect(url_for("web.person", professional_id=chosen.id), 303)
    except Invalid as error:
        words["errors"] |= forms.objections(error, ["reason"])
    return render_template("split.html", **words), 422


def _other(person: Professional) -> Professional:
    """Chosen before, or found by the whole number that was typed."""
    if chosen := request.form.get("other", "").strip():
        return record.visible_person(actor(), int(chosen) if chosen.isdecimal() else 0)
    found = finding.by_id_number(keyring(), actor(), request.form.get("id_number", ""))
    objection = None
    if found is None:
        objection = "没有找到这个号码的人员，或者不归您管理。"
    elif found.id == person.id:
        objection = "这就是同一条记录，请填写另一条记录的证件号码。"
    if found is None or objection:
        raise Invalid(objection, errors=[{"field": "id_number", "message": objection or ""}])
    return found


def _shown(person: Professional) -> dict[str, Any]:
    """Enough to judge by: who, where, and since when."""
    known = record.record_of(actor(), person, clock.today(), None)
    employer = None
    if person.employer_id is not None:
        employer = db.session.scalar(select(Employer.name).where(Employer.id == person.employer_id))
    return {
        "id": person.id,
        "name": person.name,
        "id_kind": person.id_kind,
        "id_tail": person.id_tail,
        "employer": employer,
        "department": person.department,
        "titles": "、".join(title.name for title in known.titles),
    }
