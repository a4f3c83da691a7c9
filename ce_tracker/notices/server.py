"""The mail server: one conversation for many mails, and what its refusals mean."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import SplitResult, unquote, urlsplit

from config import Settings

PATIENCE_SECONDS = 30
PERMANENT = 500
LONGEST_SAID = 200
_HERE = {"localhost", "127.0.0.1", "::1"}


class ServerError(Exception):
    """Of the server itself: of the other mails it would say the same."""


class RefusedError(Exception):
    """Of this one mail. `for_good`: the server says that trying again is in vain."""

    def __init__(self, said: str, *, for_good: bool) -> None:
        self.said = said
        self.for_good = for_good
        super().__init__(said)


class Server:
    def __init__(self, connection: smtplib.SMTP, sender: str) -> None:
        self._connection = connection
        self._sender = parseaddr(sender)[1]

    def send(self, mail: EmailMessage, address: str) -> None:
        try:
            self._connection.send_message(mail, self._sender, [address])
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise _refusal(code, said, address) from None
        except smtplib.SMTPDataError as error:
            raise _refusal(error.smtp_code, error.smtp_error, address) from None
        except smtplib.SMTPResponseException as error:  # it wants none of the sender's
            raise ServerError(_of_server(error)) from None
        except (smtplib.SMTPException, OSError) as error:
            # Perhaps this mail made it break off: the others are not to suffer for it.
            self._connection.close()
            raise RefusedError(_of_server(error), for_good=False) from None

    @property
    def broken(self) -> bool:
        """It broke off: another connection is needed for the next."""
        return self._connection.sock is None


@contextmanager
def connected(settings: Settings) -> Iterator[Server]:
    assert settings.smtp_url is not None  # noqa: S101  looked at before
    assert settings.mail_from is not None  # noqa: S101  demanded with it
    try:
        connection = _connect(settings.smtp_url)
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise ServerError(_of_server(error)) from None
    try:
        yield Server(connection, settings.mail_from)
    finally:
        try:
            connection.quit()
        except (smtplib.SMTPException, OSError):
            connection.close()


def _connect(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host = parts.hostname or ""
    context = ssl.create_default_context()
    if parts.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            host, parts.port or 465, timeout=PATIENCE_SECONDS, context=context
        )
    else:
        connection = smtplib.SMTP(host, parts.port or 25, timeout=PATIENCE_SECONDS)
    try:
        _enter(connection, parts, context)
    except BaseException:
        connection.close()
        raise
    return connection


def _enter(connection: smtplib.SMTP, parts: SplitResult, context: ssl.SSLContext) -> None:
    """A password is said where nobody can listen, and nowhere else."""
    private = parts.scheme == "smtps" or parts.hostname in _HERE
    connection.ehlo()
    if parts.scheme == "smtp" and connection.has_extn("starttls"):
        connection.starttls(context=context)
        private = True
    if parts.username:
        if not private:
            raise smtplib.SMTPNotSupportedError("no STARTTLS: the password is not said in clear")
        connection.login(unquote(parts.username), unquote(parts.password or ""))


def _refusal(code: int, said: bytes | str, address: str) -> RefusedError:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    plain = " ".join(text.split()).replace(address, "…")
    shown = f"邮件服务器答复 {code}：{plain[:LONGEST_SAID]}"
    return RefusedError(shown, for_good=code >= PERMANENT)


def _of_server(error: Exception) -> str:
    """Never what was said to it, nor its address."""
    if isinstance(error, smtplib.SMTPAuthenticationError | UnicodeError):
        return "发信服务器不接受登录，请核对 CE_SMTP_URL"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "发信服务器不支持加密，没有登录"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"发信服务器答复 {error.smtp_code}"
    return f"连接不上发信服务器或连接中断（{type(error).__name__}）"
