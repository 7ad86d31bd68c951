"""Builds the real project on random cases and compares every row of the engine with the oracle.

All cases of a round go into one build: a temporary copy of the project with the cases' policy as its
seeds, a hand-made `raw` schema, and one small metric model per entity type that hands over the
cases' values (`extra_metric_models`). Nothing of the project is changed, so what is tested is what
runs. A later round on the same copy is an incremental run.
"""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from cases import METRICS, Case, World
from conftest import connect, dbt, server_rows
from oracle import (
    CURRENT,
    EVIDENCE,
    HISTORY,
    Entity,
    applies,
    current_values,
    evaluate,
    evidence_values,
    history_values,
    period_end,
    period_of,
)

PROJECT = Path(__file__).resolve().parents[2]
COPIED = ("dbt_project.yml", "profiles.yml", "selectors.yml", "macros", "models", "seeds", "snapshots", "tests/generic")

# The input contract's tables, as far as the engine needs rows in them.
TABLES = {
    "erp_stores": (
        "store_id",
        "store_name",
        "channel",
        "store_group_path",
        "legal_type",
        "industry",
        "region",
        "city",
        "latitude",
        "longitude",
        "opened_on",
        "closed_on",
        "customer_since",
        "is_served",
        "contact_email",
        "contact_phone",
    ),
    "erp_products": (
        "product_id",
        "product_name",
        "product_group",
        "brand",
        "category",
        "unit_cost",
        "list_price",
    ),
    "erp_orders": (
        "order_id",
        "store_id",
        "ordered_at",
        "status",
        "order_channel",
        "rep_id",
        "supplier_id",
        "currency",
    ),
    "erp_order_lines": ("order_id", "line_number", "product_id", "quantity", "net_amount", "discount_amount"),
    "sfa_reps": ("rep_id", "rep_name", "region", "manager_id", "hired_on", "left_on", "email"),
    "crm_manual_segments": (
        "entity_type",
        "entity_id",
        "scheme",
        "segment",
        "valid_from",
        "valid_to",
        "reason",
        "set_by",
        "approved_by",
    ),
}
MISSING = (
    "erp_complaints",
    "erp_stock_levels",
    "sfa_store_assignments",
    "sfa_visits",
    "sfa_audit_answers",
    "sfa_store_attributes",
    "sfa_working_days",
    "crm_interactions",
    "crm_survey_answers",
    "portal_events",
    "portal_points_adjustments",
    "market_category_sales",
    "market_epos_sales",
    "market_points_of_interest",
    "market_external_metrics",
)
POLICY = {
    "schemes": (
        "entity_type",
        "scheme",
        "kind",
        "applies_to",
        "scope_attribute",
        "review_every",
        "min_stay_periods",
        "demotion",
        "max_moved_share",
        "label",
        "description",
    ),
    "segments": ("entity_type", "scheme", "segment", "precedence", "level", "is_default", "label", "description"),
    "segment_rules": (
        "entity_type",
        "scheme",
        "segment",
        "rule_group",
        "metric",
        "operator",
        "enter_threshold",
        "exit_threshold",
        "enter_after",
        "exit_after",
        "hold_periods",
        "expire_after",
        "scope",
        "valid_from",
        "valid_to",
    ),
}

METRIC_MODEL = "select * from {{ var('raw_schema') }}.oracle_%s_values\n"
CLASSIFICATION_MODEL = (
    "select %s_id, period_index, segment from {{ var('raw_schema') }}.oracle_%s_classes where scheme = '%s'\n"
)


ANCHOR_DAY = date(2025, 8, 5)


def anchor(world: World) -> Entity:
    """The store whose one document makes history start: in no case, but in every common scheme."""
    return Entity("anchor", ANCHOR_DAY, period_of(ANCHOR_DAY, world.grain), world.last)


def text(value) -> str:
    return "" if value is None else str(value)


# --- the build -------------------------------------------------------------------------------------


class Warehouse:
    """One copy of the project with one warehouse; each `build` is a run on the cases given.

    The warehouse is a DuckDB file or, with `server`, the PostgreSQL database of these settings.
    """

    def __init__(self, folder: Path, server: dict[str, str] | None = None):
        self.folder = Path(folder)
        self.server = server
        self.project = self.folder / "project"
        self.database = self.folder / "warehouse" / "build.duckdb"
        self.database.parent.mkdir(parents=True)
        for name in COPIED:
            source, target = PROJECT / name, self.project / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("*__unit_tests.yml"))
            elif source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)

    def build(self, cases: list[Case], world: World, full_refresh: bool = False, check: bool = True) -> None:
        self._write_policy(cases)
        self._write_models(cases)
        self._write_raw(cases)
        variables = {
            "company": "oracle",
            "missing_inputs": list(MISSING),
            "period_grain": world.grain,
            "closing_lag_days": world.closing_lag_days,
            "history_starts_on": world.history_starts_on.isoformat(),
            "dim_schemes": {"store": [], "rep": [], "product_group": []},
            "extra_metric_models": {e: {f"oracle_{e}_metrics": list(METRICS)} for e in self.entity_types(cases)},
            "extra_classification_models": {
                e: {s.name: f"oracle_{s.name}" for s in self.classifications(cases, e)}
                for e in self.entity_types(cases)
            },
        }
        marts = [
            f"+fct_{e}_{mart}" for e in self.entity_types(cases) for mart in ("segments_current", "segment_evidence")
        ]
        # The project's own tests are run elsewhere, so the gate that would have stopped a bad policy is
        # asked here.
        self._dbt(world, ["run", "-s", *marts, *(["--full-refresh"] if full_refresh else [])], variables)
        problems = check and self.rows("select * from segmentation_build_policy.policy_gate limit 5")
        assert not problems, f"the generator made a policy that the gate refuses: {problems}"

    def rows(self, sql: str) -> list[tuple]:
        if self.server:
            return server_rows(self.server, sql)
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    @staticmethod
    def entity_types(cases: list[Case]) -> list[str]:
        return sorted({case.entity_type for case in cases} | {"store"})

    @staticmethod
    def classifications(cases: list[Case], entity_type: str) -> list:
        return [
            s for case in cases if case.entity_type == entity_type for s in case.schemes if s.kind == "classification"
        ]

    def _dbt(self, world: World, command: list[str], variables: dict) -> None:
        dbt(
            command,
            self.database.parent,
            variables=variables,
            as_of_date=world.as_of.isoformat(),
            server=self.server,
            DBT_PROJECT_DIR=self.project,
            DBT_PROFILES_DIR=self.project,
            POLICY_SEEDS="seeds/policy",
        )

    def _write_policy(self, cases: list[Case]) -> None:
        schemes, segments, rules = [], [], []
        for case in cases:
            for s in case.schemes:
                key = (s.entity_type, s.name)
                schemes.append(
                    (
                        *key,
                        s.kind,
                        "=".join(s.applies_to) if s.applies_to else "",
                        text(s.scope_attribute),
                        s.review_every,
                        s.min_stay_periods,
                        s.demotion,
                        "",
                        s.name,
                        "random",
                    )
                )
                segments += [
                    (*key, x.name, x.precedence, text(x.level), str(x.is_default).lower(), x.name, "random")
                    for x in s.segments
                ]
                rules += [
                    (
                        *key,
                        r.segment,
                        r.rule_group,
                        r.metric,
                        r.operator,
                        r.enter,
                        text(r.exit),
                        r.enter_after,
                        r.exit_after,
                        r.hold_periods,
                        text(r.expire_after),
                        r.scope,
                        text(r.valid_from),
                        text(r.valid_to),
                    )
                    for r in s.rules
                ]
        for name, lines in (("schemes", schemes), ("segments", segments), ("segment_rules", rules)):
            with open(self.project / "seeds" / "policy" / f"{name}.csv", "w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(POLICY[name])
                writer.writerows(lines)

    def _write_models(self, cases: list[Case]) -> None:
        folder = self.project / "models" / "intermediate" / "oracle"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for entity_type in self.entity_types(cases):
            (folder / f"oracle_{entity_type}_metrics.sql").write_text(METRIC_MODEL % entity_type)
            for scheme in self.classifications(cases, entity_type):
                sql = CLASSIFICATION_MODEL % (entity_type, entity_type, scheme.name)
                (folder / f"oracle_{scheme.name}.sql").write_text(sql)

    def _write_raw(self, cases: list[Case]) -> None:
        # The anchor's order makes history start; it belongs to no case.
        rows = {
            "erp_stores": [{"store_id": "anchor", "store_name": "anchor"}],
            "erp_products": [{"product_id": "p", "product_group": "g", "brand": "b", "category": "c"}],
            "erp_orders": [{"order_id": "o", "store_id": "anchor", "ordered_at": ANCHOR_DAY, "status": "invoiced"}],
            "erp_order_lines": [
                {"order_id": "o", "line_number": "1", "product_id": "p", "quantity": "1", "net_amount": "10"}
            ],
            "sfa_reps": [],
            "crm_manual_segments": [],
        }
        values = {e: [] for e in self.entity_types(cases)}
        classes = {e: [] for e in self.entity_types(cases)}
        for case in cases:
            table, key = ("erp_stores", "store_id") if case.entity_type == "store" else ("sfa_reps", "rep_id")
            for entity in case.entities:
                if entity.id not in case.masters:
                    continue  # shared with the case that owns it
                rows[table].append({key: entity.id, **case.masters[entity.id]})
                for o in entity.overrides:
                    rows["crm_manual_segments"].append(
                        {
                            "entity_type": case.entity_type,
                            "entity_id": entity.id,
                            "scheme": o.scheme,
                            "segment": o.segment,
                            "valid_from": o.valid_from,
                            "valid_to": o.valid_to,
                            "reason": "random",
                            "set_by": "harness",
                            "loaded_at": o.loaded_at,
                        }
                    )
                for period in sorted({p for series in entity.metrics.values() for p in series}):
                    values[case.entity_type].append((entity.id, period, *(entity.value(m, period) for m in METRICS)))
                for scheme, series in entity.classified.items():
                    classes[case.entity_type] += [(entity.id, p, scheme, s) for p, s in series.items()]

        inputs = self.folder / "inputs"
        inputs.mkdir(exist_ok=True)

        def write(name: str, columns: list[str], lines: list) -> Path:
            file = inputs / f"{name}.csv"
            with open(file, "w", newline="") as target:
                csv.writer(target).writerows([columns, *lines])
            return file

        # (schema, table, {column: type}, file)
        tables = []
        # dbt takes minutes over seeds of this many lines; what it would load is all text, blank is NULL.
        for seed in sorted((self.project / "seeds" / "policy").glob("*.csv")):
            with open(seed, newline="") as lines:
                columns = next(csv.reader(lines))
            tables.append(("segmentation_build_policy", seed.stem, dict.fromkeys(columns, "varchar"), seed))
        for table, lines in rows.items():
            columns = [*TABLES[table], "loaded_at", "is_deleted"]
            file = write(table, columns, [[text(line.get(c)) for c in columns] for line in lines])
            tables.append(("raw", table, dict.fromkeys(columns, "varchar"), file))
        for e in values:
            key = {f"{e}_id": "varchar", "period_index": "integer"}
            given = {
                "values": (key | dict.fromkeys(METRICS, "decimal(18, 6)"), values[e]),
                "classes": (key | {"scheme": "varchar", "segment": "varchar"}, classes[e]),
            }
            for what, (types, lines) in given.items():
                name = f"oracle_{e}_{what}"
                tables.append(("raw", name, types, write(name, list(types), [[text(v) for v in x] for x in lines])))
        (self._copy_into_server if self.server else self._copy_into_file)(tables)

    def _copy_into_file(self, tables: list[tuple]) -> None:
        with duckdb.connect(str(self.database)) as connection:
            for schema, name, types, file in tables:
                casts = ", ".join(f"cast({column} as {kind}) as {column}" for column, kind in types.items())
                connection.execute(f"create schema if not exists {schema}")
                connection.execute(
                    f"create or replace table {schema}.{name} as select {casts} "
                    f"from read_csv('{file}', all_varchar = true, header = true)"
                )

    def _copy_into_server(self, tables: list[tuple]) -> None:
        with closing(connect(self.server)) as connection, connection, connection.cursor() as cursor:
            for schema, name, types, file in tables:
                definitions = ", ".join(f"{column} {kind}" for column, kind in types.items())
                cursor.execute(
                    f"create schema if not exists {schema}; drop table if exists {schema}.{name} cascade;"
                    f" create table {schema}.{name} ({definitions})"
                )
                with open(file, "rb") as lines:
                    cursor.copy_expert(f"copy {schema}.{name} from stdin with (format csv, header)", lines)
                cursor.execute(f"analyze {schema}.{name}")


# --- the comparison --------------------------------------------------------------------------------


@dataclass
class Difference:
    case: Case
    what: str
    entity: str
    scheme: str
    key: tuple
    expected: dict | None
    got: dict | None

    def __str__(self) -> str:
        columns = [
            c
            for c in (self.expected or self.got)
            if not (self.expected and self.got) or self.expected[c] != self.got[c]
        ]
        lines = [f"{self.what}: entity {self.entity}, scheme {self.scheme}, {self.key}"]
        if self.expected is None or self.got is None:
            lines.append(
                f"  a row that is {'not expected' if self.expected is None else 'missing'}: {self.expected or self.got}"
            )
        else:
            lines += [f"  {c}: expected {self.expected[c]}, got {self.got[c]}" for c in columns]
        return "\n".join(lines)


def expected_rows(cases: list[Case], world: World):
    evidence, history, current, owner = {}, {}, {}, {}
    for case in cases:
        for scheme in case.schemes:
            owner[scheme.name] = case
            for entity in case.entities:
                if not applies(scheme, entity):
                    continue
                judged, placed, now = evaluate(entity, scheme, world.as_of, world.grain)
                for e in judged:
                    key = (entity.id, scheme.name, e.period, e.segment, e.rule_group, e.metric, e.operator)
                    evidence[key] = evidence_values(e)
                for h in placed:
                    history[(entity.id, scheme.name, h.period)] = history_values(h, world.grain)
                current[(entity.id, scheme.name)] = current_values(now)
    return evidence, history, current, owner


def actual_rows(warehouse: Warehouse, entity_type: str):
    schema, key = "segmentation_build", f"{entity_type}_id"
    conditions = "segment, rule_group, metric, operator"
    # Whether a value qualifies is not asked of a condition that is out of force or has no value.
    columns = ", ".join("coalesce(qualifies, false)" if c == "qualifies" else c for c in EVIDENCE)
    evidence = warehouse.rows(
        f"select {key}, scheme, period_index, {conditions}, {columns} from {schema}.fct_{entity_type}_segment_evidence"
    )
    history = warehouse.rows(
        f"select {key}, scheme, period_index, {', '.join(HISTORY)} from {schema}.fct_{entity_type}_segment_history"
    )
    current = warehouse.rows(
        f"select {key}, scheme, {', '.join(CURRENT)} from {schema}.fct_{entity_type}_segments_current"
    )
    return [
        (Counter(row[:width] for row in rows), {row[:width]: row[width:] for row in rows})
        for rows, width in ((evidence, 7), (history, 3), (current, 2))
    ]


def differences(warehouse: Warehouse, cases: list[Case], world: World) -> tuple[list[Difference], dict[str, int]]:
    """Every row in which the build and the oracle disagree, and the number of rows compared."""
    found: list[Difference] = []
    compared: Counter = Counter()
    for entity_type in warehouse.entity_types(cases):
        ours = [case for case in cases if case.entity_type == entity_type]
        *expected, owner = expected_rows(ours, world)
        actual = actual_rows(warehouse, entity_type)
        for what, columns, wanted, (counts, got) in zip(
            ("evidence", "history", "current"), (EVIDENCE, HISTORY, CURRENT), expected, actual
        ):
            compared[what] += len(wanted)
            repeated = [key for key, number in counts.items() if number > 1]
            assert not repeated, f"{what} repeats {repeated[:3]}"
            for key in wanted.keys() | got.keys():
                if wanted.get(key) != got.get(key):
                    entity, scheme, *rest = key
                    found.append(
                        Difference(
                            owner.get(scheme),
                            what,
                            entity,
                            scheme,
                            tuple(rest),
                            dict(zip(columns, wanted[key])) if key in wanted else None,
                            dict(zip(columns, got[key])) if key in got else None,
                        )
                    )
    return found, dict(compared)


def report(found: list[Difference], world: World) -> str:
    """The smallest case that differs, in full: policy, life, values, and where it first goes wrong."""
    order = {"evidence": 0, "history": 1, "current": 2}
    schemes = {d.scheme for d in found}
    tally = Counter(
        (d.what, c)
        for d in found
        for c in (d.expected or d.got)
        if d.expected is None or d.got is None or d.expected[c] != d.got[c]
    )
    lines = [
        f"{len(found)} rows in {len(schemes)} schemes differ; by column: "
        + ", ".join(f"{w}.{c} {n}" for (w, c), n in tally.most_common(12))
    ]
    smallest = min(
        found,
        key=lambda d: (d.case is None, d.case.size if d.case else 0, d.scheme, d.entity, order[d.what], str(d.key)),
    )
    mine = [d for d in found if (d.entity, d.scheme) == (smallest.entity, smallest.scheme)]
    mine.sort(key=lambda d: (order[d.what], d.key[:1] and d.key[0] or 0, str(d.key)))
    lines += [str(d) for d in mine[:4]]
    if smallest.case is not None:
        scheme = next(s for s in smallest.case.schemes if s.name == smallest.scheme)
        lines.append(
            f"scheme {scheme.name}: kind {scheme.kind}, applies_to {scheme.applies_to}, scope {scheme.scope_attribute},"
            f" review {scheme.review_every}, stay {scheme.min_stay_periods}, {scheme.demotion}"
        )
        lines += [f"  {s}" for s in scheme.segments]
        lines += [
            f"  {r.segment}/{r.rule_group}: {r.metric} {r.operator} {r.enter} exit {r.exit_threshold} after "
            f"{r.enter_after}/{r.exit_after} hold {r.hold_periods} expire {r.expire_after} scope {r.scope} "
            f"[{r.valid_from}, {r.valid_to})"
            for r in sorted(scheme.rules, key=lambda r: (*r.condition, r.scope, str(r.valid_from or "")))
        ]
        entity = next((e for e in smallest.case.entities if e.id == smallest.entity), None)
        if entity is None:
            return "\n".join(lines)
        lines.append(
            f"entity {entity.id}: periods {entity.first_period}-{entity.last_period} of {world.first}-{world.last} "
            f"(ends {period_end(world.last, world.grain)}), starts {entity.starts_on}, active {entity.is_active}, "
            f"master {smallest.case.masters.get(entity.id)}"
        )
        lines += [f"  {o}" for o in entity.overrides if o.scheme == scheme.name]
        used = {r.metric for r in scheme.rules}
        for metric in sorted(used):
            series = [text(entity.value(metric, p)) or "-" for p in range(entity.first_period, entity.last_period + 1)]
            lines.append(f"  {metric}: {' '.join(series)}")
    return "\n".join(lines)
