"""Everything that can go wrong, as one tree.

CeTrackerError                      500 internal_error
├── SettingsError                   (never reaches a client: the process does not start)
├── PacksError                      (nor does this one: policy packs that cannot be read)
├── BadRequest                      400 bad_request
│   └── Invalid                     422 invalid            one entry per wrong field
├── NotSignedIn                     401 not_signed_in
├── NotAllowed                      403 not_allowed
│   ├── PasswordChangeNeeded        403 password_change_needed
│   └── ForgedForm                  403 forged_form
├── NotFound                        404 not_found
├── WrongMethod                     405 wrong_method
├── NotAcceptable                   406 not_acceptable
├── Conflict                        409 conflict
│   ├── RequestUnderWay             409 request_under_way
│   └── PromotionBlocked            409 promotion_blocked  every failing rule in `rules`
├── TooLarge                        413 too_large
├── WrongMediaType                  415 wrong_media_type
├── UnreadableFile                  422 unreadable_file    kinds in sheets/refusals.py
├── KeyReused                       422 idempotency_key_reused
├── TooMany                         429 too_many_requests
└── Unavailable                     503 unavailable

A class gives the stable `code`, the HTTP status, a title, and what its reader can do about it
(`remedy`); an instance adds the detail of the case. `ce_tracker.http.problems` turns them into
problem+json (RFC 9457) or a page; nothing else decides what an error looks like.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar


class CeTrackerError(Exception):
    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "服务出错了"
    remedy: ClassVar[str] = "请稍后再试；如仍不行，请把页面上的请求编号告诉管理员。"

    def __init__(self, detail: str | None = None, **facts: Any) -> None:
        self.detail = detail or self.title
        self.facts = facts
        super().__init__(self.detail)


class SettingsError(CeTrackerError):
    """All that is wrong with the settings, at once."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("设置有误：\n" + "\n".join(f"  · {line}" for line in self.problems))


class PacksError(CeTrackerError):
    """All that is wrong with the policy packs, at once."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("政策规则有误：\n" + "\n".join(f"  · {line}" for line in self.problems))


class BadRequest(CeTrackerError):
    code = "bad_request"
    status = 400
    title = "请求无法理解"
    remedy = "请对照接口文档检查请求的格式。"


class Invalid(BadRequest):
    """Well-formed, but a value is wrong; `errors` says which and why."""

    code = "invalid"
    status = 422
    title = "填写的内容有误"
    remedy = "请按 errors 中逐项的说明改正后再提交。"

    def __init__(self, detail: str | None = None, errors: Sequence[dict[str, str]] = ()) -> None:
        super().__init__(detail, errors=list(errors))


class NotSignedIn(CeTrackerError):
    code = "not_signed_in"
    status = 401
    title = "尚未登录"
    remedy = "请先登录，或在 Authorization 头中带上有效的令牌。"


class NotAllowed(CeTrackerError):
    code = "not_allowed"
    status = 403
    title = "您的身份不能做这件事"
    remedy = "请换用有此权限的账号，或向主管部门申请。"


class PasswordChangeNeeded(NotAllowed):
    code = "password_change_needed"
    title = "请先修改初始密码"
    remedy = "请登录网页修改密码，之后即可继续。"


class ForgedForm(NotAllowed):
    code = "forged_form"
    title = "页面已过期"
    remedy = "请返回上一页刷新后重新提交。"


class NotFound(CeTrackerError):
    code = "not_found"
    status = 404
    title = "没有找到"
    remedy = "请检查地址或编号；不属于您的内容也会显示为没有找到。"


class WrongMethod(CeTrackerError):
    code = "wrong_method"
    status = 405
    title = "这个地址不支持此操作"
    remedy = "请按 Allow 头列出的方法访问。"


class NotAcceptable(CeTrackerError):
    code = "not_acceptable"
    status = 406
    title = "无法按所要求的格式回答"
    remedy = "本接口以 application/json 回答，请相应设置 Accept 头。"


class Conflict(CeTrackerError):
    code = "conflict"
    status = 409
    title = "与现状冲突"
    remedy = "请重新读取最新内容后再操作。"


class RequestUnderWay(Conflict):
    code = "request_under_way"
    title = "同一请求正在处理"
    remedy = "请稍候，用同一个 Idempotency-Key 重试即可得到结果。"


class PromotionBlocked(Conflict):
    code = "promotion_blocked"
    title = "暂不能申报"
    remedy = "请按每一条的说明补齐后再提交；确有特殊情况的，由主管部门书面特批。"


class TooLarge(CeTrackerError):
    code = "too_large"
    status = 413
    title = "提交的内容过大"
    remedy = "请减小后再提交。"


class WrongMediaType(CeTrackerError):
    code = "wrong_media_type"
    status = 415
    title = "不支持这种内容格式"
    remedy = "请以 Content-Type: application/json 提交。"


class UnreadableFile(CeTrackerError):
    """A spreadsheet that cannot be read as one; `reason` says why, for programs."""

    code = "unreadable_file"
    status = 422
    title = "文件无法读取"
    remedy = "请用 Excel 或 WPS 打开文件，另存为“Excel 工作簿（*.xlsx）”后再上传。"


class KeyReused(CeTrackerError):
    code = "idempotency_key_reused"
    status = 422
    title = "Idempotency-Key 已用于另一请求"
    remedy = "内容不同的请求请换一个新的 Idempotency-Key。"


class TooMany(CeTrackerError):
    code = "too_many_requests"
    status = 429
    title = "请求过于频繁"
    remedy = "请在 Retry-After 所示的秒数之后再试。"

    def __init__(self, detail: str | None = None, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(CeTrackerError):
    code = "unavailable"
    status = 503
    title = "服务暂时不可用"
    remedy = "系统正在自行恢复，请几秒后再试；已提交的内容不会丢失。"
    retry_after = 2


def all_errors(root: type[CeTrackerError] = CeTrackerError) -> Iterator[type[CeTrackerError]]:
    """Every kind of error that a client can meet: those with a code of their own."""
    if "code" in vars(root):
        yield root
    for child in root.__subclasses__():
        yield from all_errors(child)
