"""`ce-tracker policy`, without any database."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ce_tracker.cli import commands
from ce_tracker.errors import PacksError
from tests.policy.case_files import LOCAL

Run = Callable[..., Result]
ASKED = {
    "--region": "370000",
    "--year": "2025",
    "--on": "2026-01-15",
    "--general": "30",
    "--specialty": "60",
}
ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(*words: str, **environ: str) -> Result:
        nowhere = {"DATABASE_URL": "postgresql://127.0.0.1:1/none", "CE_HOME": str(tmp_path)}
        return CliRunner().invoke(commands, ["policy", *words], env=nowhere | environ)

    return run


def _judge(run: Run, *more: str, **changes: str) -> Result:
    asked = ASKED | {f"--{name}": value for name, value in changes.items()}
    return run("judge", *(word for pair in asked.items() for word in pair), *more)


def test_a_year_is_judged_as_json_with_exactly_what_is_promised(run: Run) -> None:
    done = _judge(run, "--grassroots", "--json", general="41")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert set(told) == {"regime", "outcome", "rules", "plan"}
    assert (told["regime"], told["outcome"]) == ("shandong", "failed")
    assert told["plan"] == "还需 22 学时，其中专业科目至少 22 学时"
    annual, share = told["rules"]
    assert annual == {
        "rule": "annual_hours",
        "outcome": "met",
        "asked": "90",
        "have": "101",
        "missing": "0",
        "strength": "flags",
        "regime": "shandong",
        "document": "鲁人社字〔2020〕42号",
        "clause": "七",
        "quote": "确保基层专业技术人员每年参加继续教育学习不低于90学时",
        "inherited": False,
        "note": "",
    }
    assert set(share) == set(annual)
    assert (share["regime"], share["inherited"], share["missing"]) == ("national", True, "22")


def test_nothing_to_mend_is_no_plan(run: Run) -> None:
    assert json.loads(_judge(run, "--grassroots", "--json").output)["plan"] is None


def test_a_verdict_is_told_in_words(run: Run) -> None:
    said = _judge(run, "--grassroots", specialty="40").output
    assert "2025 年度（按 2025-12-31 的规定）：未达标" in said
    assert "还需 20 学时" in said
    assert "山东省 鲁人社字〔2020〕42号 七" in said
    assert "“确保基层专业技术人员每年参加继续教育学习不低于90学时”" in said


def test_who_is_no_grassroots_is_judged_by_the_nation(run: Run) -> None:
    told = json.loads(_judge(run, "--no-grassroots", "--json").output)
    assert told["regime"] == "national"
    assert all(rule["inherited"] for rule in told["rules"])


def test_a_reduced_year_and_a_sector_are_taken(run: Run) -> None:
    told = json.loads(
        _judge(
            run, "--grassroots", "--json", required="45", sector="health", general="0",
            specialty="0",
        ).output
    )  # fmt: skip
    assert told["rules"][0]["asked"] == "45"
    assert told["plan"] == "还需 45 学时，其中专业科目至少 30 学时"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"region": "999999"}, "没有代码为“999999”的行政区划"),
        ({"region": ""}, "没有代码为"),
        ({"general": "1.234"}, "最多两位小数"),
        ({"general": "-1"}, "不是学时数"),
        ({"specialty": "NaN"}, "不是学时数"),
        ({"specialty": "1e3"}, "不是学时数"),
        ({"specialty": "９０"}, "不是学时数"),
        ({"specialty": "Infinity"}, "不是学时数"),
        ({"required": "many"}, "不是学时数"),
        ({"on": "2025-02-30"}, "没有 2025-02-30 这一天"),
        ({"on": "20250228"}, "应写成 2026-01-15 这样"),
        ({"year": "20255"}, "--year"),
        ({"sector": "trade"}, "--sector"),
    ],
)
def test_what_cannot_be_is_refused_with_a_clear_line(
    run: Run, changes: dict[str, str], said: str
) -> None:
    done = _judge(run, **changes)
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output


def test_the_command_itself_ends_with_two_and_no_traceback(tmp_path: Path) -> None:
    asked = ASKED | {"--general": "NaN"}
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from ce_tracker.cli import main; main()", "policy", "judge"),
            *(word for pair in asked.items() for word in pair),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "“NaN”不是学时数" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_folder_of_local_packs_counts(run: Run) -> None:
    words = [word for pair in (ASKED | {"--region": "320000"}).items() for word in pair]
    done = run("judge", *words, "--json", CE_POLICY_DIR=str(LOCAL))
    told = json.loads(done.output)
    assert told["regime"] == "jiangsu"
    assert [rule["rule"] for rule in told["rules"]] == [
        "annual_hours",
        "specialty_share",
        "general_hours",
        "specialty_hours",
    ]


def test_a_folder_in_order_is_listed(run: Run) -> None:
    done = run("check", str(LOCAL))
    assert done.exit_code == 0, done.output
    assert "山东省（shandong）：2026-07-01 起施行，2 条，shandong.toml" in done.output
    assert "没有发现问题" in done.output


def test_the_example_of_the_document_is_in_order(run: Run, tmp_path: Path) -> None:
    text = (ROOT / "docs/adding-a-province.md").read_text()
    example, conversion = (part.partition("```")[0] for part in text.split("```toml\n")[1:])
    (tmp_path / "beijing.toml").write_text(example + conversion)
    done = run("check", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert "北京市（beijing）：2027-01-01 起施行，1 条" in done.output


def test_what_is_wrong_in_a_folder_is_said_line_by_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text('regime = "x"\nregion = "110000"\n')
    done = run("check", str(tmp_path))
    assert isinstance(done.exception, PacksError)
    assert done.exception.problems == [
        "wrong.toml：name：缺少这一项",
        "wrong.toml：version：至少要有一个 [[version]]",
    ]
    (tmp_path / "wrong.toml").write_text("")
    assert run("check", str(tmp_path / "none")).exit_code == 1
