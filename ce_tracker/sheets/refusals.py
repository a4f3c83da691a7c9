"""Why a file cannot be read: one kind each, in words that say what to do about it.

`reason` is for programs and for the pipe: the child sends it, the parent makes the error of it.
"""

from __future__ import annotations

from typing import ClassVar

from ce_tracker.errors import UnreadableFile

_SAVE_AS = "请用 Excel 或 WPS 打开文件，另存为“Excel 工作簿（*.xlsx）”后再上传。"


def _on(sheet: str) -> str:
    return f"工作表“{sheet}”" if sheet else ""


class Refusal(UnreadableFile):
    reason: ClassVar[str] = "unreadable"

    def __init__(self, detail: str | None = None, **facts: str | int) -> None:
        super().__init__(detail, reason=self.reason, **facts)


class Empty(Refusal):
    reason = "empty"
    title = "文件中没有内容"
    remedy = "请确认选对了文件，并且内容在没有隐藏的工作表中，保存后再上传。"


class Encrypted(Refusal):
    reason = "encrypted"
    title = "文件加了密码"
    remedy = "请用 Excel 或 WPS 打开，在“文件 → 信息 → 保护工作簿”中去掉打开密码，保存后再上传。"


class NotASpreadsheet(Refusal):
    reason = "not_a_spreadsheet"
    title = "这不是表格文件"
    remedy = (
        "请上传 Excel 工作簿（*.xlsx、*.xls）或 CSV 文件；只改扩展名不会改变文件的格式。"
        "如果本单位装有文件加密软件，请先解密再上传。"
    )


class OtherFormat(Refusal):
    """A spreadsheet, of a kind that we do not read."""

    reason = "other_format"
    title = "不支持这种表格格式"
    remedy = _SAVE_AS


class Damaged(Refusal):
    reason = "damaged"
    title = "文件已损坏或不完整"
    remedy = "可能没有传完或没有保存好。" + _SAVE_AS


class Suspicious(Refusal):
    """What no spreadsheet program writes."""

    reason = "suspicious"
    title = "文件里有正常表格不会有的内容"
    remedy = "请新建一个空白工作簿，把数据复制过去（粘贴为数值），保存后再上传。"


class TooLargeInside(Refusal):
    reason = "too_large"
    title = "表格过大"
    remedy = (
        "请新建一个空白工作簿，只复制有数据的区域（粘贴为数值），保存后再上传；"
        "数据确实很多时请分成几份。"
    )


class TooManyRows(TooLargeInside):
    reason = "too_many_rows"
    title = "行数过多"
    remedy = "请分成几份上传；如果多出的是空行，请选中后整行删除并保存。"

    @classmethod
    def found(cls, sheet: str, row: int, most: int) -> TooManyRows:
        return cls(f"{_on(sheet)}第 {row} 行还有内容，最多可读 {most} 行。", limit=most)


class TooManyColumns(TooLargeInside):
    reason = "too_many_columns"
    title = "列数过多"
    remedy = "请删去不需要的列；如果多出的是空列，请选中后整列删除并保存。"

    @classmethod
    def found(cls, sheet: str, column: int, most: int) -> TooManyColumns:
        return cls(f"{_on(sheet)}第 {column} 列还有内容，最多可读 {most} 列。", limit=most)


class CellTooLong(TooLargeInside):
    reason = "cell_too_long"
    title = "单元格内容过长"
    remedy = "请删短这个单元格的内容后再上传。"


class Stuck(Refusal):
    """It took the child too long, or too much, or the child broke off."""

    reason = "stuck"
    title = "读取这份文件时出了问题"
    remedy = (
        "请新建一个空白工作簿，把数据复制过去（粘贴为数值），保存后再上传；仍不行，请告诉管理员。"
    )


class HeaderNotFound(Refusal):
    reason = "header_not_found"
    title = "没有找到标题行"
    remedy = "请在数据上方写一行列名，如“姓名”“身份证号”，位置在前 30 行之内。"


class ColumnsMissing(Refusal):
    reason = "columns_missing"
    title = "缺少必填的列"
    remedy = "请在标题行补上这些列，或把列名改成所列的写法之一，再上传。"


class ColumnsDoubled(Refusal):
    reason = "columns_doubled"
    title = "同一列出现了两次"
    remedy = "请只保留一列，删去或改名另一列后再上传。"


def by_reason() -> dict[str, type[Refusal]]:
    kinds: dict[str, type[Refusal]] = {}
    waiting: list[type[Refusal]] = [Refusal]
    while waiting:
        kind = waiting.pop()
        kinds[kind.reason] = kind
        waiting += kind.__subclasses__()
    return kinds
