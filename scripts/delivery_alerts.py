"""Alerts as notifications: the most urgent ones of a recipient each by itself, the rest in one digest."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from urllib.parse import quote

import apprise

from scripts.delivery_config import AppriseTarget, Secrets, filled_url
from scripts.delivery_state import Batch, Change
from scripts.delivery_targets import Refused, TryAgain

# Services that send what is named +… in their address along as a header.
WITH_HEADERS = {"mailto", "mailtos", "json", "jsons", "xml", "xmls", "form", "forms"}
LEVELS = {"critical": apprise.NotifyType.FAILURE, "warning": apprise.NotifyType.WARNING}


class NoAddress(Refused):
    """The recipient of a notification has none."""


class AppriseSender:
    """Notification services know no keys: one that is sent, but whose answer is lost, is sent again. A mail, and what
    goes over HTTP in a form of apprise's own, bears the key as a header."""

    # An alert stands for itself, and a recipient who cannot be reached holds up no other.
    is_ordered = False

    def __init__(self, target: AppriseTarget, secrets: Secrets, emails: Callable[[], dict[str, str]]):
        self.target, self.secrets, self._emails = target, secrets, emails
        self.url = filled_url(secrets, target.url)

    @cached_property
    def emails(self) -> dict[str, str]:
        return self._emails() if self.target.needs_email else {}

    def has_address(self, recipient_id: str | None) -> bool:
        return not self.target.needs_email or bool(recipient_id and recipient_id in self.emails)

    def address(self, batch: Batch) -> str:
        if not self.has_address(batch.recipient_id):
            raise NoAddress(f"{batch.recipient_type} {batch.recipient_id} has no e-mail address any more")
        filled = self.url
        places = {
            "email": self.emails.get(batch.recipient_id or "", ""),
            "recipient_id": batch.recipient_id,
            "recipient_type": batch.recipient_type,
        }
        for name, value in places.items():
            filled = filled.replace(f"{{{name}}}", quote(value or "", safe=""))
        if filled.split(":", 1)[0].lower() in WITH_HEADERS:
            filled += f"{'&' if '?' in filled else '?'}+X-Idempotency-Key={batch.key}"
        return filled

    def send(self, batch: Batch, changes: list[Change]) -> None:
        alerts = [change.content for change in changes]
        service = apprise.Apprise()
        if not service.add(self.address(batch)):
            raise Refused(f"{self.target.url} is no address that apprise knows")
        with apprise.LogCapture(level=apprise.logging.WARNING) as said:
            is_sent = service.notify(
                title=title(alerts),
                body=body(alerts),
                notify_type=LEVELS.get(str(alerts[0].get("severity")), apprise.NotifyType.INFO),
                body_format=apprise.NotifyFormat.TEXT,
            )
            reason = " ".join(said.getvalue().split())
        if not is_sent:
            who = f"{batch.recipient_type} {batch.recipient_id}"
            raise TryAgain(f"{who} could not be notified{f' ({self.secrets.hidden(reason)})' if reason else ''}")

    def close(self) -> None:
        pass


def title(alerts: list[dict]) -> str:
    if len(alerts) > 1:
        return f"{len(alerts)} more alerts"
    alert = alerts[0]
    return f"{str(alert.get('severity') or 'info').capitalize()}: {alert.get('entity_type')} {alert.get('entity_id')}"


def body(alerts: list[dict]) -> str:
    if len(alerts) == 1:
        return str(alerts[0].get("text") or alerts[0].get("signal") or "")
    return "\n".join(
        f"{alert.get('severity')}: {alert.get('entity_type')} {alert.get('entity_id')}: {alert.get('text')}"
        for alert in alerts
    )


def notifications(alerts: Iterable, recipient_of: Callable, limit: int) -> Iterator[tuple[tuple, list]]:
    """(recipient, alerts) of each message. Alerts come by recipient, the most urgent first. What is over the limit is
    one message; where that is a single alert, it looks like any other."""
    for recipient, of_one in itertools.groupby(alerts, key=recipient_of):
        for alert in itertools.islice(of_one, limit):
            yield recipient, [alert]
        rest = list(of_one)
        if rest:
            yield recipient, rest
