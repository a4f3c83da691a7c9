"""Who did what, to whom, and why. Rows are only ever added; the database refuses anything else."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    column,
    insert,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ce_tracker import clock
from ce_tracker.actor import Actor, Role
from ce_tracker.extensions import Base, current_actor, db
from ce_tracker.logs import current_request_id

ACTIONS = {
    "account.created": "开通账号",
    "account.signed_in": "登录",
    "account.signed_out": "退出登录",
    "account.sign_in_refused": "登录未成功",
    "account.password_changed": "修改密码",
    "account.password_reset": "重设初始密码",
    "account.disabled": "停用账号",
    "account.enabled": "启用账号",
    "account.session_revoked": "下线一处登录",
    "account.mail_entered": "填写邮箱地址",
    "account.mail_removed": "删除邮箱地址",
    "account.proof_refused": "核对密码未通过",
    "token.created": "新建令牌",
    "token.revoked": "作废令牌",
    "job.restarted": "重新执行后台任务",
    "mail.tried_again": "重新发送邮件",
    "keys.rotated": "更换密钥",
    "employer.opened": "登记用人单位",
    "employer.changed": "更正用人单位",
    "employer.fund_entered": "填报工资总额和继续教育经费",
    "provider.opened": "登记施教机构",
    "provider.changed": "更正施教机构",
    "provider.accredited": "认定继续教育基地",
    "provider.accreditation_withdrawn": "撤销继续教育基地认定",
    "person.corrected": "更正人员信息",
    "roster.applied": "导入花名册",
    "session.published": "发布培训班次",
    "session.changed": "修改已发布的培训班次",
    "session.closed": "培训班次结班",
    "session.reopened": "重新开放培训班次",
    "session.revoked": "撤销培训班次",
    "upload.posted": "学时名单确认入账",
    "year.closed": "年度封账",
    "held.released": "放弃待登记人员的学时",
    "directory.drafted": "开始编制基层单位目录清单",
    "directory.uploaded": "上传基层单位目录清单",
    "directory.filed": "报备基层单位目录清单",
    "directory.returned": "退回基层单位目录清单",
    "directory.approved": "审核备案基层单位目录清单",
    "late.admitted": "同意补记已封账年度的学时",
    "late.refused": "不同意补记已封账年度的学时",
    "promotion.drafted": "填写职称申报",
    "promotion.recommended": "推荐职称申报",
    "promotion.blocked": "职称申报未获通过",
    "promotion.overridden": "特批职称申报",
    "promotion.submitted": "提交职称申报",
    "promotion.examined": "审核职称申报",
    "promotion.withdrawn": "撤回职称申报",
    "person.merged": "合并人员记录",
    "person.split": "拆分人员记录",
    "person.searched_by_id_number": "按证件号码查找人员",
    "id_number.revealed": "查看完整证件号码",
}

# Those who live above may not be imported; which of their records are one person's is read as
# row security reads it.
_people = table("professionals", column("id"), column("merged_into"))


class AuditEntry(Base):
    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "actor_id", "id"),
        Index(None, "subject_user_id", "id"),
        Index(None, "professional_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    """Nobody: the service itself, or its operator at the command line."""
    actor_name: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    """What it was done to, in words that a person understands."""
    subject_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    professional_id: Mapped[int | None] = mapped_column(ForeignKey("professionals.id"))
    """Whom it concerns, so that this person can see it."""
    region_path: Mapped[str | None] = mapped_column(ForeignKey("regions.path"))
    reason: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    request_id: Mapped[str | None]

    @property
    def action_title(self) -> str:
        return ACTIONS[self.action]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        rules = [cls.actor_id == actor.user_id, cls.subject_user_id == actor.user_id]
        if actor.role is Role.PROFESSIONAL:
            merged = select(_people.c.id).where(_people.c.merged_into == actor.professional_id)
            rules.append(cls.professional_id == actor.professional_id)
            rules.append(cls.professional_id.in_(merged))
        return or_(*rules)


def record(
    action: str,
    subject: str,
    *,
    by: Actor | None = None,
    subject_user_id: UUID | None = None,
    professional_id: int | None = None,
    region_path: str | None = None,
    reason: str | None = None,
    **facts: Any,
) -> None:
    if action not in ACTIONS:
        raise KeyError(action)
    actor = by or current_actor()
    # Not through the ORM, which would read the new row's id back: row security shows that row to
    # nobody who has not signed in yet.
    db.session.flush()
    db.session.execute(
        insert(AuditEntry)
        .inline()
        .values(
            at=clock.now(),
            actor_id=actor.user_id if actor else None,
            actor_name=actor.display_name if actor else "系统",
            action=action,
            subject=subject,
            subject_user_id=subject_user_id,
            professional_id=professional_id,
            region_path=region_path or (actor.region_path if actor else None),
            reason=reason,
            facts=facts,
            request_id=current_request_id(),
        )
    )
