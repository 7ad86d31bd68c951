"""make deliver: send every receiver of delivery.yml what has changed since its last delivery.

What a killed or refused delivery left is sent first, as it was; then what is published is compared with what was
delivered. A receiver that fails keeps what waits for it, and holds up no other.
"""

from __future__ import annotations

import signal
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter

from scripts import delivery_report as reporting
from scripts.delivery_config import Config, Secrets, TargetBase, read_config
from scripts.delivery_plan import Plan, Planner
from scripts.delivery_source import Source, check_published, published
from scripts.delivery_state import Batch, DeliveryState
from scripts.delivery_state_file import folder_of, lock, opened
from scripts.delivery_targets import Refused, Sender, TryAgain, sender_of
from scripts.refresh import requested
from scripts.warehouse import RefreshError, Warehouse

ALERT_LIMIT, DEFAULT_ALERT_LIMIT = "max_alerts_per_recipient", 20
# The longest waits before a retry: by our own back-off, and where the receiver says how long. Who wants to be left
# alone for longer is served by the next delivery.
MAX_BACKOFF, MAX_RETRY_AFTER = 60.0, 300.0
# How often a comparison is made anew because a build published in the middle of it.
COMPARISONS = 3
OUTSIDE = ("", "keep", "withdraw")

# A traceback that shows values would show secrets.
app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
console = Console(width=None if sys.stdout.isatty() else 120)


class Republished(Exception):
    """A build published while rows were read."""


@dataclass
class Outcome:
    """What became of one target."""

    name: str
    sent: int = 0
    resumed: int = 0  # of those, what an earlier delivery had left
    waiting: int = 0
    plan: Plan = field(default_factory=Plan)
    failed: set[int] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


@dataclass
class Delivery:
    """One delivery: what was asked for."""

    warehouse: Warehouse
    config: Config
    alert_limit: int = DEFAULT_ALERT_LIMIT
    outside: str = ""
    delivery_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def limit_of(self, target: TargetBase) -> int:
        stated = (getattr(target, ALERT_LIMIT, None), self.config.max_alerts_per_recipient, self.alert_limit)
        return next(limit for limit in stated if limit is not None)

    def emails(self) -> dict[str, str]:
        with published(self.warehouse, {"rep"}) as source:
            return source.emails()

    def planner(self, state: DeliveryState, source: Source, name: str, target: TargetBase, **options) -> Planner:
        is_withdrawing = self.outside == "withdraw"
        return Planner(state, source, name, target, is_withdrawing, self.limit_of(target), **options)

    # --- one target ------------------------------------------------------------------------------

    def deliver(self, state: DeliveryState, name: str, target: TargetBase, progress: Progress) -> Outcome:
        outcome = Outcome(name)
        try:
            sender = sender_of(target, Secrets(name), self.emails)
            try:
                self.send_waiting(state, outcome, target, sender, progress)
                outcome.resumed = outcome.sent
                if not (outcome.problems and sender.is_ordered):
                    self.journal(state, outcome, target, sender, progress)
                    self.send_waiting(state, outcome, target, sender, progress)
            finally:
                sender.close()
        except RefreshError as error:
            outcome.problems.append(str(error))
        outcome.waiting = state.waiting_changes(name)
        return outcome

    def journal(
        self, state: DeliveryState, outcome: Outcome, target: TargetBase, sender: Sender, progress: Progress
    ) -> None:
        """All that is to be sent goes into the outbox, in one transaction."""
        name = outcome.name
        task = progress.add_task(f"Comparing for {name}", total=None)
        for _ in range(COMPARISONS):
            try:
                with published(self.warehouse, target.contacts_read) as source, state.transaction():
                    state.check_company(source.run["company"], folder_of(self.warehouse))
                    has_address = getattr(sender, "has_address", None)
                    planner = self.planner(state, source, name, target, has_address=has_address)
                    state.set_scope(name, target.scope)
                    for kind, recipient, drafts in planner.batches():
                        state.journal(self.batch(source, name, kind.what, recipient), drafts)
                        progress.update(task, completed=planner.plan.counts.total())
                    left_out = planner.plan.left_out
                    if left_out and not self.outside:
                        raise RefreshError(reporting.left_out(name, len(left_out)))
                    if self.outside == "keep":
                        state.unmark(left_out)
                    if not source.is_unchanged():
                        raise Republished
                    outcome.plan, outcome.remarks = planner.plan, source.unknown_values(target)
                    progress.remove_task(task)
                    return
            except Republished:
                continue
        raise RefreshError("Builds go on publishing while this delivery compares: deliver again when they have ended.")

    def batch(self, source: Source, name: str, what: str, recipient: tuple) -> Batch:
        """Its number and its key are given by the state."""
        run = source.run
        return Batch(0, name, what, "", self.delivery_id, run["company"], run["as_of_date"].isoformat(), *recipient)

    def send_waiting(
        self, state: DeliveryState, outcome: Outcome, target: TargetBase, sender: Sender, progress: Progress
    ) -> None:
        batches = [number for number in state.waiting(outcome.name) if number not in outcome.failed]
        if not batches:
            return
        task = progress.add_task(f"Sending to {outcome.name}", total=state.waiting_changes(outcome.name))

        def told(changes: int) -> None:
            outcome.sent += changes
            progress.advance(task, changes)

        for number in batches:
            try:
                send_batch(state, number, target, sender, told)
            except (TryAgain, Refused) as error:
                outcome.failed.add(number)
                outcome.problems.append(str(error))
                if sender.is_ordered:
                    return

    def mark_delivered(self, state: DeliveryState, name: str, target: TargetBase) -> int:
        """What is published now counts as delivered; what waited is dropped."""
        with published(self.warehouse, target.contacts_read) as source, state.transaction():
            state.check_company(source.run["company"], folder_of(self.warehouse))
            state.drop_waiting(name)
            planner = self.planner(state, source, name, target)
            state.set_scope(name, target.scope)
            for _, _, drafts in planner.batches():
                state.mark((*draft[:3], draft.hash) for draft in drafts if draft.hash is not None)
                state.unmark(draft[:3] for draft in drafts if draft.hash is None)
            state.unmark(planner.plan.left_out)
            if not source.is_unchanged():
                raise RefreshError("A build published in the middle of it: do it again.")
            return planner.plan.counts.total()


def send_batch(
    state: DeliveryState, number: int, target: TargetBase, sender: Sender, told: Callable[[int], None]
) -> None:
    """A batch, until the receiver has all of it, or has failed too often in a row without having taken anything."""
    failures = 0

    def attempt() -> None:
        batch, changes = state.batch(number)
        accepted = sender.send(batch, changes)
        left = state.acknowledge(number, accepted)
        told(len(changes) - left)
        if left:
            taken = f"{batch.target} took {len(changes) - left} of {len(changes)} changes"
            raise TryAgain(taken, has_progress=left < len(changes))

    def is_enough(call: RetryCallState) -> bool:
        nonlocal failures
        error = call.outcome.exception()
        failures = 0 if error.has_progress else failures + 1
        return failures > target.retries or (error.after or 0) > MAX_RETRY_AFTER

    backoff = wait_exponential_jitter(initial=target.backoff, max=MAX_BACKOFF, jitter=target.backoff)
    for trial in Retrying(
        retry=retry_if_exception_type(TryAgain),
        stop=is_enough,
        wait=lambda call: max(backoff(call), call.outcome.exception().after or 0),
        reraise=True,
    ):
        with trial:
            attempt()


# --- the delivery ----------------------------------------------------------------------------------


def chosen_targets(config: Config, only: str, file: Path) -> dict[str, TargetBase]:
    names = [name.strip() for name in only.split(",") if name.strip()]
    unknown = [name for name in names if name not in config.targets]
    if unknown:
        raise RefreshError(f"ONLY: {file} has no target {unknown[0]}; it has {', '.join(config.targets)}.")
    return {name: target for name, target in config.targets.items() if not names or name in names}


def progress_bars() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def run_delivery(delivery: Delivery, targets: dict[str, TargetBase]) -> list[Outcome]:
    folder = folder_of(delivery.warehouse)
    check_published(delivery.warehouse)
    with lock(folder), opened(folder) as state:
        with progress_bars() as progress:
            outcomes = [delivery.deliver(state, name, target, progress) for name, target in targets.items()]
        state.shrink()
        reporting.show(console, outcomes, reporting.gone_targets(state, delivery.config))
    return outcomes


def run_marking(delivery: Delivery, targets: dict[str, TargetBase]) -> None:
    folder = folder_of(delivery.warehouse)
    check_published(delivery.warehouse)
    with lock(folder), opened(folder) as state:
        for name, target in targets.items():
            count = delivery.mark_delivered(state, name, target)
            said = f"{name}: what is published counts as delivered ({count:,} changes were not sent)."
            console.print(said, highlight=False, soft_wrap=True)


def run_forgetting(delivery: Delivery, names: list[str]) -> None:
    folder = folder_of(delivery.warehouse)
    with lock(folder), opened(folder) as state:
        for name in names:
            if name not in state.targets():
                raise RefreshError(f"FORGET: nothing was ever delivered to {name}.")
            state.forget(name)
            said = f"{name}: forgotten what was delivered; the next delivery sends everything."
            console.print(said, highlight=False, soft_wrap=True)


def run_dry(delivery: Delivery, targets: dict[str, TargetBase]) -> None:
    check_published(delivery.warehouse)
    with opened(folder_of(delivery.warehouse), is_read_only=True) as state:
        for name, target in targets.items():
            reporting.show_plan(console, delivery, state, name, target)


def alert_limit(refresh) -> int:
    limit = refresh.setting(ALERT_LIMIT)
    if limit is None:
        return DEFAULT_ALERT_LIMIT
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise RefreshError(f"var {ALERT_LIMIT}: '{limit}' is no number of alerts, as in {DEFAULT_ALERT_LIMIT}.")
    return limit


@app.command()
def deliver(
    config: Annotated[str, typer.Option(envvar="DELIVERY_CONFIG", help="Who receives what.")] = "",
    only: Annotated[str, typer.Option(envvar="ONLY", help="Names of targets, by commas; left out: all.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", envvar="DRY_RUN", help="Say what would be sent.")] = False,
    from_now: Annotated[
        bool, typer.Option("--from-now", envvar="FROM_NOW", help="Send nothing; what is published counts as delivered.")
    ] = False,
    outside: Annotated[
        str, typer.Option(envvar="OUTSIDE", help="Delivered rows that changed filters leave out: keep or withdraw.")
    ] = "",
    forget: Annotated[str, typer.Option(envvar="FORGET", help="Targets to which everything is to be sent again.")] = "",
    warehouse_dir: Annotated[str, typer.Option(envvar="WAREHOUSE_DIR", help="Folder of the result.")] = "",
    project_dir: Annotated[str, typer.Option(envvar="PROJECT_DIR", help="dbt project that was built.")] = "",
    variables: Annotated[str, typer.Option("--vars", envvar="VARS", help="dbt variables as JSON.")] = "",
    target: Annotated[str, typer.Option(envvar="TARGET", help="Where it is published: duckdb or postgres.")] = "",
) -> None:
    """Send every receiver what has changed since its last delivery."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        refresh = requested("", "", "", warehouse_dir, project_dir, variables, target or "duckdb")
        file = Path(config or "delivery.yml")
        if outside not in OUTSIDE:
            raise RefreshError(f"OUTSIDE: '{outside}' is none of keep and withdraw.")
        delivery = Delivery(refresh.warehouse, read_config(file), alert_limit(refresh), outside)
        targets = chosen_targets(delivery.config, only, file)
        if dry_run:
            run_dry(delivery, targets)
        elif forget:
            run_forgetting(delivery, [name.strip() for name in forget.split(",")])
        elif from_now:
            run_marking(delivery, targets)
        elif any(outcome.problems for outcome in run_delivery(delivery, targets)):
            raise typer.Exit(1)
    except RefreshError as error:
        console.print(f"[bold red]Stopped.[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("Interrupted: the next delivery goes on where this one ended.")
        raise typer.Exit(130) from None


if __name__ == "__main__":
    app()
