"""A session's pages bear whatever is sent to them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from ce_tracker.actor import Role
from ce_tracker.extensions import db
from ce_tracker.training.models import TrainingSession
from tests.factories import YINCHUAN, Factory
from tests.http.visitor import Visitor, signed_in

FORM: dict[str, Any] = {
    "title": "骨干教师培训班",
    "course": "单元教学",
    "subject": "specialty",
    "field": "school-01",
    "purpose": "ordinary",
    "training_form": "class",
    "online": "yes",
    "starts_at": "2026-03-02T09:00",
    "ends_at": "2026-03-02T17:00",
    "hours": "8",
}


@pytest.fixture
def visitor(web: Flask, make: Factory) -> Visitor:
    return signed_in(web, make.account(Role.PROVIDER))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"training_form": "magic"}, "请选择培训形式"),
        ({"subject": "magic"}, "请选择科目"),
        ({"field": "magic"}, "没有代码为 magic 的专业"),
        ({"title": "一" * 101}, "班次名称最多 100 个字"),
        ({"title": "一班\a"}, "不能保存的字符"),
        ({"online": "no"}, "线下培训请填写地点"),
        ({"starts_at": "2026-03-02"}, "日期和几点几分都要有"),
        ({"hours": "1000.5"}, "最多 1000"),
    ],
)
def test_a_form_that_is_wrong_comes_back_with_why(
    visitor: Visitor, change: dict[str, str], said: str
) -> None:
    answer = visitor.post("/sessions/new", FORM | change)
    assert answer.status_code == 422
    assert said in answer.text
    assert db.session.query(TrainingSession).count() == 0
    assert visitor.post("/sessions/new", FORM).status_code == 303


@pytest.mark.parametrize(
    "query", ["state=magic", "year=20260", "year=x", "subject=1", "provider=x", "q=%25"]
)
def test_a_list_bears_any_question(visitor: Visitor, query: str) -> None:
    assert visitor.get(f"/sessions?{query}").status_code == 200


def test_a_list_of_a_provider_that_is_not_there_is_not_there(
    visitor: Visitor, make: Factory
) -> None:
    for number in (make.provider(YINCHUAN).id, 10**17, 10**30):
        assert visitor.get(f"/sessions?provider={number}").status_code == 404
