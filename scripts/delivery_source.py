"""What is published, as a delivery reads it: which tables, which columns, and which of their changes count.

Everything is read as text and in the order of its key, so that it can be compared with what was delivered
(delivery_state.py) row by row, whatever the engine and however many rows there are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from scripts.delivery_config import TargetBase
from scripts.warehouse import RefreshError, Session, Warehouse

ENTITY_TYPES = ("store", "rep", "product_group")
NUMBER, DATE, TIMESTAMP, BOOLEAN, TEXT = "numeric(18,6)", "date", "timestamp", "boolean", "text"
# Stand in the build's contact schema: its tables, and their columns.
CONTACTS = {
    "store": ("int_store_contacts", ("contact_email", "contact_phone")),
    "rep": ("int_rep_contacts", ("email",)),
    "product_group": ("", ()),
}
DIMENSIONS = {"store": "dim_stores", "rep": "dim_reps"}


@dataclass(frozen=True)
class Kind:
    """Something that is sent. `item` is what, with the entity, makes the key. A row is sent anew when one of `compared`
    has changed; what is not compared goes along. Alerts never change: they are sent once."""

    what: str
    one: str
    table: str
    item: str
    columns: dict[str, str]
    compared: frozenset[str] = frozenset()

    @property
    def key(self) -> tuple[str, ...]:
        return ("entity_type", "entity_id", self.item) if self.compared else (self.item,)

    def chosen(self, columns: list[str] | None) -> list[str]:
        return [column for column in self.columns if columns is None or column in columns]

    def types(self) -> dict[str, str]:
        """Of all that a change of it can hold."""
        contacts = {column: TEXT for _, columns in CONTACTS.values() for column in columns}
        return {name: TEXT for name in self.key} | self.columns | contacts


TREATMENTS = Kind(
    what="treatments",
    one="treatment",
    table="fct_{}_treatments",
    item="treatment",
    columns={
        "value": TEXT,
        "value_number": NUMBER,
        "unit": TEXT,
        "scheme": TEXT,
        "segment": TEXT,
        "given_by": TEXT,
        "beats": TEXT,
        "in_force_since": DATE,
        "ends_on": DATE,
        "unit_cost": NUMBER,
        "cost": NUMBER,
    },
    compared=frozenset(
        ("value", "value_number", "unit", "scheme", "segment", "in_force_since", "ends_on", "unit_cost", "cost")
    ),
)
SEGMENTS = Kind(
    what="segments",
    one="segment",
    table="fct_{}_segments_current",
    item="scheme",
    columns={
        "segment": TEXT,
        "computed_segment": TEXT,
        "segment_since": DATE,
        "reason": TEXT,
        "is_active": BOOLEAN,
        "last_judged_period": DATE,
    },
    compared=frozenset(("segment", "is_active")),
)
ALERTS = Kind(
    what="alerts",
    one="alert",
    table="fct_alerts",
    item="alert_key",
    columns={
        "entity_type": TEXT,
        "entity_id": TEXT,
        "scheme": TEXT,
        "signal": TEXT,
        "severity": TEXT,
        "recipient_type": TEXT,
        "recipient_id": TEXT,
        "text": TEXT,
        "raised_on": DATE,
        "raised_at": TIMESTAMP,
    },
)
KINDS = {kind.what: kind for kind in (TREATMENTS, SEGMENTS, ALERTS)}


@dataclass(frozen=True)
class Row:
    """A published row: its key, a hash of what is compared, and whether the target's filters let it through."""

    entity_id: str
    item: str
    hash: bytes
    values: tuple
    is_inside: bool


@dataclass
class Shape:
    """What a target is sent of an entity type."""

    kind: Kind
    entity_type: str
    columns: list[str]
    contacts: list[str]
    types: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.types = self.kind.types()
        self.all_columns = [*self.columns, *self.contacts]
        watched = [*self.kind.chosen([name for name in self.columns if name in self.kind.compared]), *self.contacts]
        self.watched = [self.all_columns.index(name) for name in watched]
        # Other columns are other content: everything is sent anew where a user has chosen others.
        self.prefix = "\x1f".join(self.all_columns)

    def hash(self, values: tuple) -> bytes:
        parts = [self.prefix, *("\x00" if (value := values[at]) is None else value for at in self.watched)]
        return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).digest()

    def content(self, row: Row) -> str:
        """The change as JSON: its key and its columns."""
        found = self.key_of(row.entity_id, row.item)
        found |= {name: typed(value, self.types[name]) for name, value in zip(self.all_columns, row.values)}
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"))

    def key_content(self, entity_id: str, item: str) -> str:
        return json.dumps(self.key_of(entity_id, item), ensure_ascii=False, separators=(",", ":"))

    def key_of(self, entity_id: str, item: str) -> dict:
        if not self.kind.compared:
            return {self.kind.item: entity_id}
        return {"entity_type": self.entity_type, "entity_id": entity_id, self.kind.item: item}


def typed(value: str | None, sql_type: str) -> object:
    if value is None:
        return None
    if sql_type == NUMBER:
        return float(value)
    return value == "true" if sql_type == BOOLEAN else value


def shape(kind: Kind, entity_type: str, target: TargetBase) -> Shape:
    # The recipients of alerts are reps, and people who are written down as such.
    _, columns = CONTACTS["rep" if kind is ALERTS else entity_type]
    return Shape(kind, entity_type, kind.chosen(target.columns), [c for c in columns if c in target.contact_columns])


class Source:
    """The published state, as long as a session is open."""

    def __init__(self, warehouse: Warehouse, session: Session, prefix: str):
        self.warehouse, self.session, self.prefix = warehouse, session, prefix
        self.nodes = warehouse.nodes() if (warehouse.target / "manifest.json").exists() else {}
        runs = session.rows(f"select run_id, company, as_of_date from {self.table('fct_runs')} order by published_at")
        if not runs:
            raise RefreshError(f"Nothing is published in {warehouse.place} yet: make build comes first.")
        self.run = runs[-1]

    def table(self, name: str) -> str:
        """A published table, by the name that a user may have given it."""
        alias = self.nodes[name].alias if name in self.nodes else name
        return f'{self.prefix}"{alias}"'

    def is_unchanged(self) -> bool:
        """Whether all was read from one publication: a server's schema may be switched in between."""
        latest = self.session.rows(f"select run_id from {self.table('fct_runs')} order by published_at")
        return bool(latest) and latest[-1]["run_id"] == self.run["run_id"]

    def load_contacts(self, entity_types: Iterable[str]) -> None:
        """Copied at once, since a build cannot begin while its file is read."""
        with self.warehouse.beside_build(self.session):
            for entity_type in sorted(entity_types):
                name, columns = CONTACTS[entity_type]
                if name:
                    wanted = ", ".join([f"{entity_type}_id", *columns])
                    try:
                        self.session.run(
                            f"create temporary table delivery_{entity_type}_contacts as"
                            f" select {wanted} from {self.contacts(name)}"
                        )
                    except Exception as error:
                        told = " ".join(str(error).split())
                        raise RefreshError(f"The build has no contact data to read ({told}): make build.") from None

    def contacts(self, name: str) -> str:
        if name in self.nodes:
            return self.nodes[name].relation
        database = "build." if self.prefix.startswith("published.") else ""
        return f'{database}"{self.warehouse.build_schema}_contacts"."{name}"'

    def emails(self) -> dict[str, str]:
        """Addresses by recipient; `load_contacts` comes first."""
        found = self.session.rows("select rep_id, email from delivery_rep_contacts where email is not null")
        return {row["rep_id"]: row["email"] for row in found}

    # --- rows ------------------------------------------------------------------------------------

    def rows(self, wanted: Shape, target: TargetBase, also_outside: bool) -> Iterator[Row]:
        """In the order of the key, byte by byte; those outside the target's filters where asked for."""
        entity, kind = wanted.entity_type, wanted.kind
        facts = self.table(kind.table.format(entity))
        condition, parameters = conditions(target, kind, entity)
        join = region_join(self, target, entity, f"facts.{entity}_id") + contact_join(wanted, entity, f"{entity}_id")
        sql = f"""
            select
                cast(facts.{entity}_id as text), cast(facts.{kind.item} as text), {listed(wanted)}
                {condition} as is_inside
            from {facts} as facts{join}
            order by cast(facts.{entity}_id as text) collate "C", cast(facts.{kind.item} as text) collate "C"
        """
        yield from self._read(sql, parameters, wanted, also_outside)

    def alerts(self, wanted: Shape, target: TargetBase) -> Iterator[Row]:
        """By recipient, the most urgent first."""
        condition, parameters = conditions(target, ALERTS, None)
        join = "".join(
            f" left join {self.table(name)} as dim_{entity} on facts.entity_type = '{entity}'"
            f" and facts.entity_id = dim_{entity}.{entity}_id"
            for entity, name in DIMENSIONS.items()
            if target.regions is not None
        )
        join += contact_join(wanted, "rep", "recipient_id")
        sql = f"""
            select
                cast(facts.alert_key as text), '', {listed(wanted)}
                {condition} as is_inside
            from {self.table(ALERTS.table)} as facts{join}
            order by
                facts.recipient_type, facts.recipient_id,
                case facts.severity when 'critical' then 1 when 'warning' then 2 else 3 end,
                facts.raised_at desc nulls last, facts.alert_key
        """
        yield from self._read(sql, parameters, wanted, False)

    def _read(self, sql: str, parameters: list, wanted: Shape, also_outside: bool) -> Iterator[Row]:
        try:
            for rows in self.session.batches(sql, parameters):
                for row in rows:
                    entity_id, item, *values, is_inside = row
                    if is_inside or also_outside:
                        yield Row(entity_id, item, wanted.hash(values), values, bool(is_inside))
        except Exception as error:
            if type(error).__name__ not in ("CatalogException", "BinderException", "UndefinedTable", "UndefinedColumn"):
                raise
            raise RefreshError(
                f"{self.warehouse.place} cannot deliver {wanted.kind.what} ({' '.join(str(error).split())}): build with"
                " this version first (make build)."
            ) from None

    def unknown_values(self, target: TargetBase) -> list[str]:
        """Filters that nothing published meets, which are likely mistyped."""
        told = []
        for region in set(target.regions or ()):
            tables = [self.table(DIMENSIONS[e]) for e in DIMENSIONS if e in (target.entity_types or ENTITY_TYPES)]
            if not any(self._has(table, "region", region) for table in tables):
                told.append(f"region '{region}' is of no store or rep")
        current = [self.table(SEGMENTS.table.format(e)) for e in target.entity_types or ENTITY_TYPES]
        for name, values in (("scheme", target.schemes), ("segment", target.segments)):
            for value in sorted(set(values or ())):
                if not any(self._has(table, name, value) for table in current):
                    told.append(f"{name} '{value}' has nothing in it")
        return told

    def _has(self, table: str, column: str, value: str) -> bool:
        return bool(self.session.rows(f"select 1 as found from {table} where {column} = ? limit 1", [value]))


def listed(wanted: Shape) -> str:
    places = {name: "facts" for name in wanted.columns} | {name: "contacts" for name in wanted.contacts}
    return "".join(f'cast({place}."{name}" as text), ' for name, place in places.items())


def contact_join(wanted: Shape, entity_type: str, column: str) -> str:
    if not wanted.contacts:
        return ""
    contacts = f"delivery_{entity_type}_contacts"
    return f" left join {contacts} as contacts on facts.{column} = contacts.{entity_type}_id"


def region_join(source: Source, target: TargetBase, entity_type: str, column: str) -> str:
    if target.regions is None or entity_type not in DIMENSIONS:
        return ""
    dimension = source.table(DIMENSIONS[entity_type])
    return f" left join {dimension} as dim_{entity_type} on {column} = dim_{entity_type}.{entity_type}_id"


def conditions(target: TargetBase, kind: Kind, entity_type: str | None) -> tuple[str, list]:
    """An expression that is true where a target's filters let a row through, and its parameters."""
    parts, parameters = [], []

    def among(expression: str, values: list[str] | None) -> None:
        if values is not None:
            parts.append(f"coalesce({expression} in ({', '.join('?' * len(values)) or 'null'}), false)")
            parameters.extend(values)

    among("facts.scheme", target.schemes)
    if kind is ALERTS:
        among("facts.entity_type", target.entity_types)
        among("coalesce(dim_store.region, dim_rep.region)", target.regions)
        among("facts.severity", target.severities)
        among("facts.recipient_type", target.recipient_types)
    else:
        among("facts.segment", target.segments)
        if target.regions is not None:
            if entity_type in DIMENSIONS:
                among(f"dim_{entity_type}.region", target.regions)
            else:
                parts.append("false")  # a product group is of no region
    return " and ".join(parts) or "true", parameters


def check_published(warehouse: Warehouse) -> None:
    """Once, before all that reads it; in plain words where it is damaged or of someone else."""
    if not warehouse.published_runs():
        raise RefreshError(f"Nothing is published in {warehouse.place} yet: make build comes first.")


@contextmanager
def published(warehouse: Warehouse, contacts_of: Iterable[str] = ()) -> Iterator[Source]:
    with warehouse.reading_published() as (session, prefix):
        source = Source(warehouse, session, prefix)
        if contacts_of:
            source.load_contacts(contacts_of)
        yield source
