"""Mails: sent at least once, tried again with patience, given up in sight of everybody."""

from __future__ import annotations

import os
import signal
import ssl
from datetime import date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from flask import Flask
from sqlalchemy import update

from ce_tracker import clock, jobs
from ce_tracker.accounts.models import User
from ce_tracker.extensions import db
from ce_tracker.identity import hidden
from ce_tracker.jobs import Job, State
from ce_tracker.notices import delivery, server
from ce_tracker.notices.delivery import FACTOR, FIRST_WAIT, MOST_ATTEMPTS
from ce_tracker.notices.models import Mail, MailState
from config import Settings
from tests.factories import Account
from tests.notices.world import Nights, Post, by_mail, hours_before, night_of, post_office
from workers import doing
from workers.tasks import KINDS

DAY = date(2026, 10, 2)
NOW = night_of(DAY)


def sent_out(nights: Nights, at: datetime = NOW) -> None:
    with clock.pinned(at):
        nights.works_on("mail")


def short(nights: Nights, address: str | None, name: str = "王晓岚") -> Account:
    with clock.pinned(hours_before(DAY, 24)):
        person = nights.person(nights.employer())
        nights.opens(person, 2026, clock.now())
        if address is not None:
            nights.reached_at(person, address)
    return person


def test_a_reminder_is_mailed_with_a_link_and_without_a_number(nights: Nights, post: Post) -> None:
    person = short(nights, "wang@example.cn")
    nights.pass_(DAY)
    sent_out(nights)
    [(address, letter)] = post.taken
    [message] = nights.told(person)
    assert address == "wang@example.cn"
    assert letter["Subject"] == "2026 年度继续教育提醒：距年底还有 90 天，学时还没有达到要求"
    assert letter["From"] == "继续教育学时服务 <ce@example.cn>"
    body = letter.get_content()
    assert f"https://ce.example.cn/messages/{message.id}" in body
    assert "还需 90 学时，其中专业科目至少 60 学时" in body
    assert hidden(letter.as_string()) == letter.as_string()
    [mail] = nights.mails()
    assert (mail.state, mail.attempts, mail.error) == (MailState.SENT, 1, None)


def test_the_night_asks_for_the_mails_to_be_sent(nights: Nights, post: Post) -> None:
    short(nights, "wang@example.cn")
    nights.pass_(DAY)
    job = db.session.query(Job).filter_by(kind="mail").one()
    assert (job.key, job.state) == (DAY.isoformat(), State.WAITING)


def test_no_mail_is_made_without_an_address_or_without_a_server(
    nights: Nights, post: Post, worker: Flask, settings: Settings
) -> None:
    short(nights, None)
    nights.pass_(DAY)
    worker.config["CE_SETTINGS"] = settings
    other = short(nights, "li@example.cn")
    nights.pass_(DAY + timedelta(1))
    assert len(nights.told(other)) == 1
    assert nights.mails() == []


def test_many_mails_go_over_one_connection_and_each_once(nights: Nights, post: Post) -> None:
    for number in range(5):
        short(nights, f"p{number}@example.cn")
    nights.pass_(DAY)
    sent_out(nights)
    sent_out(nights)
    assert sorted(address for address, _ in post.taken) == [f"p{n}@example.cn" for n in range(5)]
    assert post.connections == 1


def test_who_is_refused_for_good_is_given_up_at_once_and_stops_nobody(
    nights: Nights, post: Post
) -> None:
    for name in ("gone", "here"):
        short(nights, f"{name}@example.cn")
    post.answers["gone@example.cn"] = "550 5.1.1 <gone@example.cn> unknown"
    nights.pass_(DAY)
    sent_out(nights)
    assert [address for address, _ in post.taken] == ["here@example.cn"]
    [given_up] = nights.mails(MailState.GIVEN_UP)
    assert given_up.error == "邮件服务器答复 550：5.1.1 <…> unknown"
    assert len(nights.mails(MailState.SENT)) == 1


def test_who_is_refused_for_now_is_tried_again_later_and_later_and_then_given_up(
    nights: Nights, post: Post
) -> None:
    short(nights, "busy@example.cn")
    post.answers["busy@example.cn"] = "451 4.3.0 come back later"
    nights.pass_(DAY)
    at = NOW
    waits = []
    for attempt in range(1, MOST_ATTEMPTS):
        sent_out(nights, at)
        [mail] = nights.mails()
        assert (mail.state, mail.attempts) == (MailState.WAITING, attempt)
        waits.append(mail.due_at - at)
        sent_out(nights, mail.due_at - timedelta(seconds=1))  # too early: nothing is tried
        assert [each.attempts for each in nights.mails()] == [attempt]
        at = mail.due_at
    assert waits == [FIRST_WAIT * FACTOR**n for n in range(MOST_ATTEMPTS - 1)]
    sent_out(nights, at)
    [mail] = nights.mails()
    assert (mail.state, mail.attempts) == (MailState.GIVEN_UP, MOST_ATTEMPTS)


def test_a_job_with_mails_for_later_waits_for_them_and_counts_no_attempt(
    nights: Nights, post: Post
) -> None:
    short(nights, "busy@example.cn")
    post.answers["busy@example.cn"] = "451 come back later"
    nights.pass_(DAY)
    sent_out(nights)
    job = db.session.query(Job).filter_by(kind="mail", due_at=NOW + FIRST_WAIT).one()
    assert (job.state, job.attempts) == (State.WAITING, 0)
    del post.answers["busy@example.cn"]
    sent_out(nights, NOW + FIRST_WAIT)
    assert len(post.taken) == 1
    db.session.refresh(job)
    assert job.state == State.DONE


def test_a_server_that_is_away_puts_all_off_and_they_arrive_when_it_is_back(
    nights: Nights, post: Post, worker: Flask, settings: Settings
) -> None:
    for name in ("one", "two"):
        short(nights, f"{name}@example.cn")
    nights.pass_(DAY)
    worker.config["CE_SETTINGS"] = by_mail(settings, "smtp://127.0.0.1:9")
    sent_out(nights)
    for mail in nights.mails():
        assert (mail.state, mail.attempts, mail.due_at) == (MailState.WAITING, 1, NOW + FIRST_WAIT)
        assert mail.error is not None
        assert "连接不上发信服务器" in mail.error
    worker.config["CE_SETTINGS"] = by_mail(settings, post.url)
    sent_out(nights, NOW + FIRST_WAIT)
    assert len(post.taken) == 2


def test_a_mail_at_which_the_server_breaks_off_does_not_stop_the_others(
    nights: Nights, post: Post
) -> None:
    for name in ("one", "poison", "two"):
        short(nights, f"{name}@example.cn")
    post.answers["poison@example.cn"] = "421 4.7.0 closing"
    nights.pass_(DAY)
    sent_out(nights)
    assert sorted(address for address, _ in post.taken) == ["one@example.cn", "two@example.cn"]
    assert post.connections <= 2, "anew only for whom it broke off, and not at all after the last"
    attempts = {mail.attempts for mail in nights.mails()}
    [poison] = nights.mails(MailState.WAITING)
    assert (poison.due_at, attempts) == (NOW + FIRST_WAIT, {1})


def test_a_connection_that_is_cut_costs_the_mail_under_way_one_attempt(
    nights: Nights, post: Post
) -> None:
    for name in ("one", "cut", "two"):
        short(nights, f"{name}@example.cn")
    post.cuts_off.add("cut@example.cn")
    nights.pass_(DAY)
    sent_out(nights)
    assert sorted(address for address, _ in post.taken) == ["one@example.cn", "two@example.cn"]
    [cut] = nights.mails(MailState.WAITING)
    assert cut.attempts == 1
    assert cut.error == "连接不上发信服务器或连接中断（SMTPServerDisconnected）"


def test_a_password_is_not_said_where_nothing_is_encrypted(settings: Settings) -> None:
    with (
        patch("smtplib.SMTP", _Plain),
        pytest.raises(server.ServerError, match="不支持加密"),
        server.connected(by_mail(settings, "smtp://ce:secret@mail.example.cn")),
    ):
        pass
    assert not _Plain.logged_in


def test_the_user_and_password_of_the_address_are_said_as_they_are(
    nights: Nights, post: Post, worker: Flask, settings: Settings
) -> None:
    short(nights, "one@example.cn")
    nights.pass_(DAY)
    post.passwords["ce"] = "p@ss:/%"
    there = f"ce:{quote('p@ss:/%', safe='')}@127.0.0.1"
    worker.config["CE_SETTINGS"] = by_mail(settings, post.url.replace("127.0.0.1", there))
    sent_out(nights)
    assert len(post.taken) == 1


def test_a_wrong_password_puts_all_off_and_is_not_repeated(
    nights: Nights, post: Post, worker: Flask, settings: Settings
) -> None:
    short(nights, "one@example.cn")
    nights.pass_(DAY)
    url = post.url.replace("127.0.0.1", "ce:wrong-secret@127.0.0.1")
    worker.config["CE_SETTINGS"] = by_mail(settings, url)
    sent_out(nights)
    [mail] = nights.mails()
    assert (mail.state, mail.attempts) == (MailState.WAITING, 1)
    assert mail.error == "发信服务器不接受登录，请核对 CE_SMTP_URL"


def test_a_server_that_cannot_prove_who_it_is_gets_no_mail(
    nights: Nights, worker: Flask, settings: Settings, tmp_path: Path
) -> None:
    short(nights, "one@example.cn")
    with post_office(_made_up(tmp_path)) as impostor:
        worker.config["CE_SETTINGS"] = by_mail(settings, impostor.url)
        nights.pass_(DAY)
        sent_out(nights)
        worker.config["CE_SETTINGS"] = settings
    assert impostor.taken == []
    [mail] = nights.mails()
    assert mail.error == "连接不上发信服务器或连接中断（SSLCertVerificationError）"


def _made_up(folder: Path) -> ssl.SSLContext:
    """A certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=9000))
        .not_valid_after(NOW + timedelta(days=9000))
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "made-up.pem").write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "made-up.pem")
    return context


class _Plain:
    """A server far away that offers no STARTTLS."""

    logged_in = False

    def __init__(self, *_: object, **__: object) -> None: ...

    def ehlo(self) -> None: ...

    def has_extn(self, _: str) -> bool:
        return False

    def close(self) -> None: ...

    def login(self, *_: object) -> None:
        type(self).logged_in = True


def test_a_kill_between_sending_and_committing_doubles_one_mail_recognisably(
    nights: Nights, post: Post, worker: Flask
) -> None:
    for number in range(3):
        short(nights, f"p{number}@example.cn")
    nights.pass_(DAY)
    with clock.pinned(NOW):
        assert _killed_after_sending(worker, mails=2) == -signal.SIGKILL
    db.session.rollback()
    assert (len(post.taken), len(nights.mails(MailState.SENT))) == (2, 1)
    sent_out(nights, NOW + timedelta(minutes=1))
    received = [address for address, _ in post.taken]
    assert sorted(set(received)) == ["p0@example.cn", "p1@example.cn", "p2@example.cn"]
    assert len(received) == 4
    assert len({letter["Message-ID"] for _, letter in post.taken}) == 3
    assert len(nights.mails(MailState.SENT)) == 3


def _killed_after_sending(worker: Flask, mails: int) -> int:
    """A worker that is killed when the server has just taken so many."""
    child = os.fork()
    if child == 0:
        left = iter(range(mails))
        send = server.Server.send

        def send_and_die(*given: object) -> None:
            send(*given)  # type: ignore[arg-type]
            if next(left) == mails - 1:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            with worker.app_context(), patch.object(server.Server, "send", send_and_die):
                db.session.remove()
                db.engine.dispose(close=False)
                jobs.ask("mail", "killed")
                db.session.commit()
                doing.run_next(KINDS, 60)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def test_the_address_is_that_of_the_moment_of_sending(nights: Nights, post: Post) -> None:
    person, closed = short(nights, "old@example.cn"), short(nights, "closed@example.cn")
    gone = short(nights, "gone@example.cn")
    nights.pass_(DAY)
    nights.forgets(person)
    nights.reached_at(person, "new@example.cn")
    nights.forgets(gone)
    out = update(User).where(User.id == closed.user.id).values(disabled_at=clock.now())
    db.session.execute(out)
    db.session.commit()
    sent_out(nights)
    assert [address for address, _ in post.taken] == ["new@example.cn"]
    said = {mail.error for mail in nights.mails(MailState.GIVEN_UP)}
    assert said == {"账号没有邮箱地址", "账号已停用"}


def test_a_mail_that_another_worker_holds_is_left_to_it(nights: Nights, post: Post) -> None:
    short(nights, "one@example.cn")
    nights.pass_(DAY)
    db.session.query(Mail).with_for_update().one()
    with clock.pinned(NOW), nights.worker.app_context():
        [due] = delivery._due()
        with server.connected(by_mail(nights.make.settings, post.url)) as connection:
            settings = nights.worker.config["CE_SETTINGS"]
            assert not delivery._send(connection, settings, due)
        db.session.remove()
    db.session.rollback()
    assert post.taken == []
