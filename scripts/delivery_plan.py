"""What a target is to be sent: the published rows beside those that it has been sent, both in the order of their key.

Nothing is held but a batch, however many rows there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from scripts.delivery_alerts import notifications
from scripts.delivery_config import TargetBase
from scripts.delivery_source import ALERTS, ENTITY_TYPES, SEGMENTS, TREATMENTS, Kind, Row, Shape, Source, shape
from scripts.delivery_state import DeliveryState, Draft
from scripts.warehouse import RefreshError

Recipient = tuple[str | None, str | None]
NOBODY: Recipient = (None, None)


@dataclass
class Plan:
    """What came out of comparing."""

    counts: Counter = field(default_factory=Counter)  # (what, operation)
    is_first: bool = False
    # Delivered once, and outside the target's filters now that these have changed.
    left_out: list[tuple[int, str, str]] = field(default_factory=list)
    no_address: Counter = field(default_factory=Counter)  # alerts by recipient
    messages: int = 0


@dataclass
class Planner:
    """Compares one target. `limit` and `has_address` are those of notifications."""

    state: DeliveryState
    source: Source
    name: str
    target: TargetBase
    withdraws_outside: bool = False
    limit: int = 0
    has_address: Callable[[str | None], bool] | None = None
    is_dry: bool = False

    def __post_init__(self) -> None:
        known = self.state.scope(self.name)
        self.plan = Plan(is_first=known is None)
        # Only then are rows looked at that the filters do not let through: one may have left them by itself.
        self.is_rescoped = known is not None and known != self.target.scope
        self.streams = self.state.streams(self.name)

    def batches(self) -> Iterator[tuple[Kind, Recipient, list[Draft]]]:
        """(kind, recipient, changes) of every batch, in the order in which they are to be sent."""
        for kind in (TREATMENTS, SEGMENTS):
            drafts = (draft for entity_type in ENTITY_TYPES for draft in self.drafts(kind, entity_type))
            for batch in in_batches(drafts, self.target.batch_size):
                yield kind, NOBODY, self.counted(kind, batch)
        if ALERTS.what in self.target.what:
            for recipient, batch in self.alert_batches():
                self.plan.messages += 1
                yield ALERTS, recipient, self.counted(ALERTS, batch)

    def counted(self, kind: Kind, batch: list[Draft]) -> list[Draft]:
        self.plan.counts.update((kind.what, draft.operation) for draft in batch)
        return batch

    def stream(self, kind: Kind, entity_type: str) -> int:
        known = self.streams.get((kind.what, entity_type))
        if known is None:
            # 0 is no stream's number: a dry run makes none.
            known = 0 if self.is_dry else self.state.stream(self.name, kind.what, entity_type)
        return known

    # --- treatments and segments -----------------------------------------------------------------

    def drafts(self, kind: Kind, entity_type: str) -> Iterator[Draft]:
        is_chosen = kind.what in self.target.what and entity_type in (self.target.entity_types or ENTITY_TYPES)
        if not is_chosen and (kind.what, entity_type) not in self.streams:
            return
        stream, wanted = self.stream(kind, entity_type), shape(kind, entity_type, self.target)
        rows = self.source.rows(wanted, self.target, self.is_rescoped) if is_chosen else iter(())
        for pair in merged(rows, self.state.known(stream), wanted):
            row, key = pair.row, (stream, pair.entity_id, pair.item)
            if row is not None and row.is_inside:
                if pair.hash != row.hash:
                    yield Draft(*key, "upsert", row.hash, wanted.content(row))
            elif pair.hash is not None:
                is_left_out = self.is_rescoped and (row is not None or not is_chosen)
                if is_left_out:
                    self.plan.left_out.append(key)
                if self.withdraws_outside or not is_left_out:
                    yield Draft(*key, "delete", None, wanted.key_content(pair.entity_id, pair.item))

    # --- alerts ----------------------------------------------------------------------------------

    def alert_batches(self) -> Iterator[tuple[Recipient, list[Draft]]]:
        if self.target.kind == "apprise":
            for recipient, alerts in notifications(self.new_alerts(), lambda found: found[0], self.limit):
                yield recipient, [draft for _, draft in alerts]
        else:
            for batch in in_batches((draft for _, draft in self.new_alerts()), self.target.batch_size):
                yield NOBODY, batch

    def new_alerts(self) -> Iterator[tuple[Recipient, Draft]]:
        """Alerts not yet on record, with their recipients; those of a recipient without an address stay for later."""
        stream, wanted = self.stream(ALERTS, ""), shape(ALERTS, "", self.target)
        for row in self.source.alerts(wanted, self.target):
            if self.state.knows(stream, row.entity_id):
                continue
            values = dict(zip(wanted.all_columns, row.values))
            recipient = (values.get("recipient_type"), values.get("recipient_id"))
            if self.has_address is not None and not self.has_address(recipient[1]):
                self.plan.no_address[recipient] += 1
            else:
                yield recipient, Draft(stream, row.entity_id, row.item, "upsert", row.hash, wanted.content(row))


class Pair(NamedTuple):
    """A key, with its published row and the hash of what was delivered; one of them may be none."""

    entity_id: str
    item: str
    row: Row | None
    hash: bytes | None


def merged(rows: Iterable[Row], delivered: Iterable[tuple[str, str, bytes]], wanted: Shape) -> Iterator[Pair]:
    delivered = iter(delivered)
    known = next(delivered, None)
    last = None
    for row in rows:
        key = (row.entity_id, row.item)
        if last is not None and key <= last:
            raise RefreshError(
                f"{wanted.kind.table.format(wanted.entity_type)} has two rows of {' '.join(key)}, and a receiver can be"
                " told of one only."
            )
        last = key
        while known is not None and known[:2] < key:
            yield Pair(*known[:2], None, known[2])
            known = next(delivered, None)
        if known is not None and known[:2] == key:
            yield Pair(*key, row, known[2])
            known = next(delivered, None)
        else:
            yield Pair(*key, row, None)
    while known is not None:
        yield Pair(*known[:2], None, known[2])
        known = next(delivered, None)


def in_batches(drafts: Iterable[Draft], size: int) -> Iterator[list[Draft]]:
    drafts = iter(drafts)
    while batch := list(islice(drafts, size)):
        yield batch
