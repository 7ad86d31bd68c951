"""What a delivery says: what was sent and what waits, or, before it, what would be sent."""

from __future__ import annotations

import json
from collections import Counter

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.delivery_config import Config
from scripts.delivery_source import KINDS, published
from scripts.delivery_state import DeliveryState

# Changes of a target that a dry run shows.
SHOWN = 10
# Recipients and problems that are told one by one.
NAMED = 10


def left_out(name: str, count: int) -> str:
    return (
        f"Target {name}: its filters have changed, and {count:,} rows that were delivered are outside them now. Nothing"
        f" was sent. Say what is to become of them at the receiver: ONLY={name} OUTSIDE=withdraw withdraws them,"
        f" ONLY={name} OUTSIDE=keep leaves them as they are and forgets them."
    )


def gone_targets(state: DeliveryState, config: Config) -> list[str]:
    """Targets that the configuration has no more."""
    lines = []
    for name in state.targets():
        if name not in config.targets:
            waiting = state.waiting_changes(name)
            lines.append(
                f"{name} is a target no more; what it was sent stays with it"
                + (f", and {waiting:,} changes still wait for it" if waiting else "")
                + "."
            )
    return lines


def amount(count: int, one: str) -> str:
    return f"{count:,} {one}{'s' if count != 1 else ''}"


def counted(counts: Counter) -> str:
    """3 treatments, 1 of them withdrawn."""
    parts = []
    for what, kind in KINDS.items():
        upserts, deletes = counts[what, "upsert"], counts[what, "delete"]
        if upserts or deletes:
            parts.append(amount(upserts + deletes, kind.one) + (f" ({deletes:,} withdrawn)" if deletes else ""))
    return ", ".join(parts) or "no changes"


def no_address_lines(counts: Counter) -> list[str]:
    lines = [
        f"{recipient_type} {recipient_id} has no e-mail address: {amount(count, 'alert')} not sent yet"
        for (recipient_type, recipient_id), count in counts.most_common(NAMED)
    ]
    if len(counts) > NAMED:
        rest = sum(count for _, count in counts.most_common()[NAMED:])
        lines.append(f"{len(counts) - NAMED} more recipients have no e-mail address: {rest} alerts not sent yet")
    return lines


def show(console: Console, outcomes: list, gone: list[str]) -> None:
    def line(text: str, mark: str = "") -> None:
        console.print(f"{mark}{escape(text)}", highlight=False, soft_wrap=True)

    for outcome in outcomes:
        plan, name = outcome.plan, outcome.name
        sent = f"{name}: sent {amount(outcome.sent, 'change')}"
        if outcome.resumed:
            sent += f", {outcome.resumed:,} of them left by an earlier delivery"
        line(f"{sent}. New: {counted(plan.counts)}{', the first delivery sends all' if plan.is_first else ''}.")
        for problem in outcome.problems[:NAMED]:
            line(problem, "  [bold red]failed[/] ")
        if len(outcome.problems) > NAMED:
            line(f"{len(outcome.problems) - NAMED} more failures", "  [bold red]failed[/] ")
        if outcome.waiting:
            line(f"{amount(outcome.waiting, 'change')} not sent yet; the next delivery begins with them", "  ")
        for remark in [*no_address_lines(plan.no_address), *outcome.remarks]:
            line(remark, "  ")
    for text in gone:
        line(text)


def show_plan(console: Console, delivery, state: DeliveryState, name: str, target) -> None:
    """What would be sent. No receiver is spoken to, and no secret is needed."""
    waiting = state.waiting_changes(name)
    with published(delivery.warehouse, target.contacts_read) as source:
        has_address = None
        if getattr(target, "needs_email", False):
            emails = source.emails()
            has_address = emails.__contains__
        planner = delivery.planner(state, source, name, target, has_address=has_address, is_dry=True)
        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in ("kind", "operation", "recipient" if target.kind == "apprise" else "", "change"):
            table.add_column(column, overflow="fold")
        batches = 0
        for kind, recipient, drafts in planner.batches():
            batches += 1
            for draft in drafts[: max(0, SHOWN - table.row_count)]:
                content = json.loads(draft.content)
                told = ", ".join(f"{key}={value}" for key, value in content.items() if value is not None)
                who = " ".join(part or "" for part in recipient)
                table.add_row(kind.one, draft.operation, escape(who), escape(told))
        remarks = [*no_address_lines(planner.plan.no_address), *source.unknown_values(target)]
    plan = planner.plan
    unit = "message" if target.kind == "apprise" else "request" if target.kind == "webhook" else "part"
    text = f"{name} ({target.kind}) would be sent {counted(plan.counts)} in {amount(batches, unit)}"
    text += ", as its first delivery" if plan.is_first else ""
    text += f", after {waiting:,} changes that an earlier delivery left" if waiting else ""
    console.print(f"{escape(text)}.", highlight=False, soft_wrap=True)
    if table.row_count:
        console.print(table)
        if plan.counts.total() > table.row_count:
            console.print(f"and {plan.counts.total() - table.row_count:,} more", highlight=False)
    if plan.left_out and not delivery.outside:
        remarks.insert(0, left_out(name, len(plan.left_out)))
    for remark in remarks:
        console.print(f"  {escape(remark)}", highlight=False, soft_wrap=True)
    console.print()
