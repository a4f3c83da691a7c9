"""What the policies ask, clause by clause, and what they would say of a year typed in."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import current_app, render_template, request

from ce_tracker import clock
from ce_tracker.hours import shown
from ce_tracker.http.access import EVERYBODY
from ce_tracker.policy.packs import Pack, Packs, Rule, Settings, Version
from ce_tracker.policy.what_if import EARLIEST_YEAR, LATEST_YEAR, Question
from ce_tracker.policy.words import SECTORS, SERIES, TITLE_LEVELS, Strength
from ce_tracker.registry.items import Errors, Item, Sort
from ce_tracker.registry.regions import way_to
from ce_tracker.web import forms
from ce_tracker.web.conventions import actor, page
from ce_tracker.web.verdict_words import in_words

_BY_PLACE = "unknown"
ITEMS = (
    Item(
        "region", "单位所在地", Sort.REGION, "", hint="名称或六位代码，例如：环翠区；也可以只写到省"
    ),
    Item(
        "grassroots",
        "是不是基层单位",
        Sort.CHOICE,
        "",
        ((_BY_PLACE, "按所在地判断"), ("yes", "是"), ("no", "不是")),
        hint="各省的说法不同，见下面各地的规定。",
    ),
    Item("sector", "行业", Sort.CHOICE, "", tuple(SECTORS.items()), required=False),
    Item("year", "年度", Sort.YEAR, ""),
    Item("on", "在哪一天判定", Sort.DATE, "", hint="年度过后判定的，按当年 12 月 31 日的规定。"),
    Item("general", "公需科目学时", Sort.HOURS, "", hint="没有的填 0"),
    Item("specialty", "专业科目学时", Sort.HOURS, "", hint="没有的填 0"),
    Item(
        "required",
        "减少后应完成的学时",
        Sort.HOURS,
        "",
        required=False,
        hint="主管部门批准减少的才填；全免的填 0。",
    ),
)
_STRENGTH_TONES = {
    Strength.BLOCKS: "wrong",
    Strength.FLAGS: "wait",
    Strength.ADVISES: "plain",
    Strength.FEATURE: "plain",
}


@page("/policies", roles=EVERYBODY)
def policies() -> str:
    today, who = clock.today(), actor()
    errors: Errors = {}
    verdict = None
    if "general" in request.args:
        form: dict[str, Any] = {item.name: request.args.get(item.name, "") for item in ITEMS}
        question = _question(errors)
        verdict = question.answer(_packs()) if question else None
    else:
        start = {"region": who.region_path.rpartition("/")[2], "grassroots": _BY_PLACE}
        form = forms.begin(ITEMS, {**start, "year": today.year, "on": today})
    return render_template(
        "policies.html",
        items=ITEMS,
        form=form,
        errors=errors,
        options={"region": forms.region_options(who.region_path)},
        verdict=in_words(verdict) if verdict else None,
        regimes=[_regime(pack, today) for pack in _outermost_first(_packs())],
    )


def _packs() -> Packs:
    found: Packs = current_app.config["CE_POLICIES"]
    return found


def _outermost_first(packs: Packs) -> list[Pack]:
    """The nation, then each province with the cities in it."""
    return sorted(packs.values(), key=lambda pack: way_to(pack.region) or ())


def _question(errors: Errors) -> Question | None:
    values = forms.read(ITEMS, request.args, errors)
    regions = way_to(values.get("region") or "")
    if regions is None:
        errors.setdefault("region", "没有这个代码的行政区划。")
    year = values.get("year")
    if year is not None and not EARLIEST_YEAR <= year <= LATEST_YEAR:
        errors["year"] = f"年度应在 {EARLIEST_YEAR} 到 {LATEST_YEAR} 之间。"
    if errors or regions is None:
        return None
    said = {"yes": True, "no": False}.get(values["grassroots"])
    return Question(
        regions,
        values["year"],
        values["on"],
        values["general"],
        values["specialty"],
        values["required"],
        said,
        values["sector"],
    )


def _regime(pack: Pack, today: date) -> dict[str, Any]:
    present = pack.on(today)
    return {
        "code": pack.regime,
        "name": pack.name,
        "versions": [_version(each, present, today) for each in reversed(pack.versions)],
    }


def _version(version: Version, present: Version | None, today: date) -> dict[str, Any]:
    state, tone = "已由新版本代替", "plain"
    if version is present:
        state, tone = "现行", "good"
    elif version.in_force_from > today:
        state, tone = "尚未施行", "wait"
    return {
        "from": version.in_force_from,
        "until": version.in_force_until,
        "state": state,
        "tone": tone,
        "note": version.note,
        "documents": version.documents,
        "grassroots": version.grassroots,
        "settings": _settings(version.settings),
        "rules": [_rule(each) for each in version.rules],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "label": rule.kind.label,
        "in_words": rule.kind.in_words(),
        "scope": _scope(rule),
        "strength": rule.strength.label,
        "tone": _STRENGTH_TONES[rule.strength],
        "citation": rule.citation,
        "note": rule.note,
    }


def _scope(rule: Rule) -> str:
    scope = rule.scope
    named = [f"{SECTORS[code]}行业" for code in scope.sectors]
    named += [f"{SERIES[code]}系列" for code in scope.series]
    parts = [scope.who.label]
    if named:
        parts.append(
            "、".join(named) + ("（原文有“等”，只按列明的执行）" if scope.open_list else "")
        )
    if scope.titles:
        parts.append("、".join(TITLE_LEVELS[level] for level in scope.titles) + "职称")
    if scope.regions:
        parts.append(f"文件列名的 {len(scope.regions)} 个区县")
    return "；".join(parts)


def _settings(settings: Settings) -> list[str]:
    said = []
    if settings.daily_limit_x100 is not None:
        said.append(
            f"一天超过 {shown(settings.daily_limit_x100)} 学时的，请主管部门核实，不自动扣减"
        )
    if settings.part_year is not None:
        whole = settings.part_year == "whole"
        said.append("年中入职的，全年学时照算" if whole else "年中入职的，按整月折算")
    if settings.make_up_years:
        said.append(f"可以在此后 {settings.make_up_years} 年内补学")
    said += [
        f"{each.form}：每{each.unit}折合 {shown(each.hours_x100)} 学时"
        for each in settings.conversions
    ]
    return said
