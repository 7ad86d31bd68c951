"""The lower bound: the same marts by one hand-written DuckDB script, as tight as we can make it.

    python -m benchmarks.lower_bound DATA_DIR OUT.duckdb AS_OF_DATE [--policy-dir seeds/policy]

It shares no SQL with the project, and does what a general project cannot: the policy is known when its SQL
is written (conditions become bit masks, weights of scores one fraction, decays of points sums of periods),
every key is an integer, counts of several kinds are summed as one packed integer, only what cannot be
computed again is recorded, and of the metrics by name (attributes, external metrics, flags, distances) only
those are made that some score, rule or target reads. It reads the same Parquet and judges the same rows.

It knows the features of the default policy and stops at others: dated rules, standards, rates, targets and
bands, reviews, one-step demotion, scores or metrics by name of reps and product groups, rates of further
channels. The vars are the default ones, and no metric is limited in its age.

Every mart (fct_*) is made, under the project's names by views, but for fct_segment_transitions and the
scores of reps and product groups, which the default policy has none of. Left out of the others are columns
that repeat the calendar or the policy (period_start_date, as_of_date, policy_version, condition_id, and the
parameters of a condition beside its thresholds in the evidence). Not part of it: the consequences
(models/marts/activation), dimensions, tests, snapshots, policy checks and publishing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Annotated

import duckdb
import typer

from benchmarks.lower_bound_policy import (
    decimal,
    display_sql,
    lines_of,
    micro,
    named_sql,
    points_sql,
    rfm_bands,
    score_views,
    score_weights,
    scores_sql,
    service_costs,
    standards_sql,
    undated,
    used_names,
)
from benchmarks.lower_bound_sql import LINES, MACROS, MASTERS
from benchmarks.lower_bound_sql_groups import PRODUCT_GROUP_UNITS, PRODUCT_GROUPS, REP_UNITS, REPS
from benchmarks.lower_bound_sql_marts import (
    COMPARISONS,
    EVENT_MARTS,
    HEALTH,
    HEALTH_VIEWS,
    LEDGER_VIEWS,
    MART_MACROS,
    POINTS_VIEWS,
    PROFILES,
    STORE_MARTS,
    TEAMS,
)
from benchmarks.lower_bound_sql_stores import ANSWERS, AUDITS, METRICS, NAMED, POINTS, STORE_METRICS, STORES

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
POLICY = Path(__file__).resolve().parent.parent / "seeds" / "policy"
# Conditions of one entity type are numbered within five bits, schemes within four.
CONDITION_BITS, SCHEME_BITS = 5, 4
REASONS = (
    "override", "first", "override_ended", "promoted", "demoted", "moved", "kept", "unobserved", "held", "waiting",
)  # fmt: skip
HIGH = "HIGH"
# What the segments of each entity type should explain.
REVENUES = {"store": "order_value_year", "rep": "client_revenue_year", "product_group": "sales_year"}
REASON = {reason: number for number, reason in enumerate(REASONS)}


@dataclass
class Scheme:
    """One scheme of the policy: its segments in order of precedence, their groups of conditions."""

    entity_type: str
    name: str
    number: int
    is_classification: bool
    applies_to: str
    scope_attribute: str
    min_stay: int
    segments: list[str] = field(default_factory=list)
    levels: list[int | None] = field(default_factory=list)
    default: int = 0
    groups: dict[int, dict[str, list[int]]] = field(default_factory=dict)


def read_policy(folder: Path) -> tuple[dict[str, list[Scheme]], dict[str, list[dict]]]:
    """The schemes and the conditions of each entity type, numbered; an error at what is not covered."""
    schemes: dict[str, list[Scheme]] = {}
    for line in lines_of(folder, "schemes"):
        if line["review_every"] != "1" or line["demotion"] != "direct":
            raise SystemExit(f"The lower bound knows no reviews and no stepwise demotion ({line['scheme']}).")
        own = schemes.setdefault(line["entity_type"], [])
        own.append(
            Scheme(
                line["entity_type"], line["scheme"], len(own), line["kind"] == "classification", line["applies_to"],
                line["scope_attribute"], int(line["min_stay_periods"] or 0),
            )
        )  # fmt: skip
    for line in sorted(lines_of(folder, "segments"), key=lambda line: int(line["precedence"])):
        scheme = next(s for s in schemes[line["entity_type"]] if s.name == line["scheme"])
        if line["is_default"] == "true":
            scheme.default = len(scheme.segments)
        scheme.segments.append(line["segment"])
        scheme.levels.append(int(line["level"]) if line["level"] else None)
    conditions: dict[str, list[dict]] = {entity_type: [] for entity_type in schemes}
    for line in lines_of(folder, "segment_rules"):
        if line["valid_from"] or line["valid_to"]:
            raise SystemExit("The lower bound knows no dated rules.")
        own, keys = conditions[line["entity_type"]], ("scheme", "segment", "rule_group", "metric", "operator")
        found = next((c for c in own if all(c[key] == line[key] for key in keys)), None)
        if not found:
            found = {key: line[key] for key in keys} | {"number": len(own), "lines": []}
            own.append(found)
            scheme = next(s for s in schemes[line["entity_type"]] if s.name == line["scheme"])
            groups = scheme.groups.setdefault(scheme.segments.index(line["segment"]), {})
            groups.setdefault(line["rule_group"], []).append(found["number"])
        found["lines"].append(line)
    for own in conditions.values():
        if any("*" not in {line["scope"] for line in c["lines"]} for c in own) or len(own) > 1 << CONDITION_BITS:
            raise SystemExit("The lower bound wants a line with scope * of every condition, and 32 conditions at most.")
    return schemes, conditions


# --- the engine, written for one policy ---------------------------------------------------------


class Engine:
    """The two loops of one entity type: evidence, then history, one insert a period."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, schemes: list[Scheme], conditions: list[dict], units: dict[str, int],
        more: tuple[str, ...] = (),
    ):  # fmt: skip
        """`units`: what one unit of each built-in metric is, in millionths; `more`: scores and metrics by name."""
        self.con, self.schemes, self.conditions = con, schemes, conditions
        self.built_in, self.units = tuple(units), units | dict.fromkeys(more, 1)
        self.entity = schemes[0].entity_type
        self.make_names()
        self.make_rules()
        con.execute(f"""
            create table {self.entity}_evidence (
                key integer, period smallint, rule_no utinyint, value bigint, streak smallint,
                unobserved_streak smallint, last_signal smallint, is_met boolean, is_state_change boolean
            );
            create table {self.entity}_history (
                key integer, period smallint, candidate smallint, computed smallint, segment smallint,
                without_memory smallint, override smallint, previous smallint, is_change boolean,
                run smallint, reason utinyint, last_change smallint
            );
        """)

    def make_names(self) -> None:
        """What the numbers of schemes, segments and conditions stand for."""
        segments = ", ".join(
            f"({s.number}, {code}, '{name}')" for s in self.schemes for code, name in enumerate(s.segments)
        )
        schemes = ", ".join(f"({s.number}, '{s.name}', {s.default})" for s in self.schemes)
        conditions = ", ".join(
            f"({c['number']}, '{c['scheme']}', '{c['segment']}', '{c['rule_group']}', '{c['metric']}', '{c['operator']}')"
            for c in self.conditions
        )
        e = self.entity
        self.con.execute(f"""
            create table {e}_schemes as
            select * from (values {schemes}) as t (scheme_no, scheme, default_code);
            create table {e}_segments as
            select * from (values {segments}) as t (scheme_no, code, segment)
            {"union all select scheme_no, code, segment from store_display_codes" if e == "store" else ""};
            create table {e}_conditions as
            select * from (values {conditions}) as t (condition_no, scheme, segment, rule_group, metric, operator);
        """)

    def scopes_of(self, scheme: Scheme) -> list[str]:
        """The scopes that some line of a scheme names, and `*`."""
        named = {line["scope"] for c in self.conditions if c["scheme"] == scheme.name for line in c["lines"]}
        return sorted(named | {"*"})

    def scope_no(self, scheme: Scheme, scope: str) -> int:
        return scheme.number * 1000 + self.scopes_of(scheme).index(scope)

    def make_rules(self) -> None:
        """The thresholds of every condition for every scope that some line names, blanks filled."""
        rows = []
        for condition in self.conditions:
            lines = {line["scope"]: line for line in condition["lines"]}
            scheme = next(s for s in self.schemes if s.name == condition["scheme"])
            for scope in self.scopes_of(scheme):
                line = lines.get(scope, lines["*"])
                enter = line["enter_threshold"]
                rows.append((
                    len(rows), condition["number"], self.scope_no(scheme, scope), micro(enter),
                    micro(line["exit_threshold"] or enter),
                    int(line["enter_after"] or 1), int(line["exit_after"] or 1), int(line["hold_periods"] or 0),
                    int(line["expire_after"]) if line["expire_after"] else None,
                ))  # fmt: skip
        self.con.execute(f"""
            create table {self.entity}_rules (
                rule_no utinyint, condition_no utinyint, scope_no smallint,
                enter_threshold bigint, exit_threshold bigint, enter_after smallint,
                exit_after smallint, hold_periods smallint, expire_after smallint
            );
        """)
        self.con.executemany(f"insert into {self.entity}_rules values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def step_evidence(self, period: int) -> None:
        """A row for each condition: its state from its value and its own row of the period before."""
        values = " ".join(
            f"when {c['number']} then metrics.{c['metric']}::bigint * {self.units[c['metric']]}"
            for c in self.conditions
        )
        by_operator: dict[str, list[str]] = {}
        for c in self.conditions:
            by_operator.setdefault(c["operator"], []).append(str(c["number"]))

        def holds(threshold: str) -> str:
            first, *others = by_operator
            cases = " ".join(
                f"when condition_no in ({', '.join(by_operator[o])}) then value {o} {threshold}" for o in others
            )
            return f"case {cases} else value {first} {threshold} end" if others else f"value {first} {threshold}"

        self.con.execute(f"""
            insert into {self.entity}_evidence
            with judged as (
                select
                    metrics.no * {1 << CONDITION_BITS} + rules.condition_no as key, rules.*,
                    -- of two columns: DuckDB 2.0.0 stops where a CASE hands on now this small table's column, now that one's
                    case rules.condition_no {values} end + 0 * members.no as value
                from {self.entity}_metrics as metrics
                inner join {self.entity}_members as members using (no)
                inner join {self.entity}_rules as rules using (scope_no)
                where metrics.period = {period}
            ),
            signals as (
                select
                    judged.*, coalesce(before.streak, 0) as streak_before, before.last_signal, coalesce(before.is_met, false) as was_met,
                    coalesce({holds("enter_threshold")}, false) as qualifies,
                    coalesce(not ({holds("exit_threshold")}), false) as fails,
                    case when value is null then coalesce(before.unobserved_streak, 0) + 1 else 0 end as unobserved
                from judged
                left join (
                    select key, streak, unobserved_streak, last_signal, is_met
                    from {self.entity}_evidence where period = {period - 1}
                ) as before using (key)
            ),
            streaks as (
                select
                    *, coalesce(unobserved >= expire_after, false) as forgets,
                    case when value is null then streak_before when qualifies then greatest(streak_before, 0) + 1
                        when fails then least(streak_before, 0) - 1 else 0 end as streak
                from signals
            ),
            states as (
                select
                    *, qualifies and streak >= enter_after as gives_signal,
                    case
                        when forgets then false
                        when qualifies and streak >= enter_after then true
                        when fails and -streak >= exit_after and coalesce({period} - last_signal > hold_periods, true) then false
                        else was_met
                    end as is_met
                from streaks
            )
            select
                key, {period}, rule_no, value, if(forgets, 0, streak), unobserved,
                case when forgets then null when gives_signal then {period} else last_signal end, is_met,
                is_met <> was_met
            from states
        """)

    def step_history(self, period: int) -> None:
        """A row for each scheme: the segment from the candidate, the stay and the row before, and why."""
        wide, long = [], []
        for s in self.schemes:
            if not s.is_classification:
                wide += [
                    f"{self.highest(s, 'met')} as candidate_{s.number}",
                    f"{self.highest(s, 'plain')} as plain_{s.number}",
                    f"{self.unobserved(s)} as unobserved_{s.number}",
                ]
                long.append(f"""
                    select masks.no, {s.number} as scheme_no, masks.candidate_{s.number} as candidate,
                        masks.plain_{s.number} as plain, masks.unobserved_{s.number} as unobserved
                    from wide as masks {self.only_members(s)}""")
            else:
                long.append(f"""
                    select no, {s.number} as scheme_no, {s.name} as candidate, {s.name} as plain, 0 as unobserved
                    from {self.entity}_{s.name} where period = {period}""")
        mask = " ".join(
            f"bit_or(if({what}, 1::bigint << (key & {(1 << CONDITION_BITS) - 1}), 0)) as {name},"
            for name, what in (
                ("met", "is_met"),
                ("plain", "streak > 0 and value is not null"),
                ("empty", "value is null"),
            )
        )
        self.con.execute(f"""
            insert into {self.entity}_history
            with masks as (
                select key >> {CONDITION_BITS} as no, {mask}
                from {self.entity}_evidence where period = {period} group by all
            ),
            wide as materialized (select no, {", ".join(wide)} from masks),
            candidates as ({" union all ".join(long)}),
            compared as (
                select
                    no * {1 << SCHEME_BITS} + candidates.scheme_no as key, candidates.*, overrides.override,
                    before.key is null as is_first, before.segment as segment_before, before.run,
                    before.override as override_before, before.last_change, before.computed as computed_before,
                    case
                        when before.key is null
                            or coalesce({period} >= before.last_change + {self.min_stay()}, true)
                            then candidates.candidate
                        else before.computed
                    end as computed
                from candidates
                left join (select * from {self.entity}_history where period = {period - 1}) as before
                    on no * {1 << SCHEME_BITS} + candidates.scheme_no = before.key
                left join (select * from {self.entity}_overrides where period = {period}) as overrides
                    using (no, scheme_no)
            ),
            decided as (
                select *, coalesce(override, computed) as segment,
                    coalesce(coalesce(override, computed) <> segment_before, false) as is_change
                from compared
            ),
            levelled as (
                select *, if(is_change, {self.levels("segment")} - {self.levels("segment_before")}, null) as level_change
                from decided
            )
            select
                key, {period}, candidate, computed, segment, plain, override, segment_before, is_change,
                if(is_change or is_first, 1, run + 1),
                case
                    when override is not null then {REASON["override"]}
                    when is_first then {REASON["first"]}
                    when is_change and override_before is not null then {REASON["override_ended"]}
                    when is_change and level_change > 0 then {REASON["promoted"]}
                    when is_change and level_change < 0 then {REASON["demoted"]}
                    when is_change then {REASON["moved"]}
                    when plain = segment then {REASON["kept"]}
                    when plain < segment and unobserved & (1 << segment) <> 0 then {REASON["unobserved"]}
                    when plain < segment then {REASON["held"]}
                    else {REASON["waiting"]}
                end,
                case when not is_first and computed <> computed_before then {period} else last_change end
            from levelled
        """)

    def highest(self, scheme: Scheme, mask: str) -> str:
        """The segment of highest precedence one of whose groups is whole in the mask."""
        cases = []
        for segment in sorted(scheme.groups, reverse=True):
            groups = [sum(1 << number for number in group) for group in scheme.groups[segment].values()]
            held = " or ".join(f"{mask} & {group} = {group}" for group in groups)
            cases.append(f"when {held} then {segment}")
        return f"case {' '.join(cases)} else {scheme.default} end"

    def unobserved(self, scheme: Scheme) -> str:
        """The segments (bits) that hold, but only by groups of which some value is missing."""
        terms = []
        for segment, named in scheme.groups.items():
            groups = [sum(1 << number for number in group) for group in named.values()]
            some = " or ".join(f"met & {group} = {group}" for group in groups)
            all_lack = " and ".join(f"(met & {group} <> {group} or empty & {group} <> 0)" for group in groups)
            terms.append(f"if(empty <> 0 and ({some}) and {all_lack}, {1 << segment}, 0)")
        return " + ".join(terms)

    def only_members(self, scheme: Scheme) -> str:
        if not scheme.applies_to:
            return ""
        return f"semi join (select no from {self.entity}_members where scheme_no = {scheme.number}) as m using (no)"

    def min_stay(self) -> str:
        cases = " ".join(f"when {s.number} then {s.min_stay}" for s in self.schemes if s.min_stay)
        return f"case candidates.scheme_no {cases} else 0 end" if cases else "0"

    def levels(self, column: str) -> str:
        cases = " ".join(
            f"when {s.number * 256 + code} then {level}"
            for s in self.schemes
            for code, level in enumerate(s.levels)
            if level is not None
        )
        return f"case scheme_no * 256 + {column} {cases} end"

    def finish(self, as_of: dt.date) -> None:
        """The current segments, and views that give every table the project's names."""
        e = self.entity
        self.con.execute(f"""
            create table {e}_current as
            with last_judged as (
                select history.*, history.key >> {SCHEME_BITS} as no, history.key & {
            (1 << SCHEME_BITS) - 1
        } as scheme_no
                from {e}_history as history
                inner join {e}_lives as lives
                    on history.key >> {SCHEME_BITS} = lives.no and history.period = lives.last_period
            ),
            today as (
                select no, scheme_no, arg_max((code, valid_from), (valid_from, loaded_at, segment)) as chosen
                from {e}_override_lines
                where valid_from <= date '{as_of}' and (valid_to is null or valid_to > date '{as_of}')
                group by all
            ),
            ended as (
                select lines.no, lines.scheme_no, max(lines.valid_to) as ended_on
                from {e}_override_lines as lines
                inner join {e}_lives as lives using (no)
                left join last_judged using (no, scheme_no)
                where lines.valid_to <= date '{as_of}' and lines.valid_from < lines.valid_to
                    and lines.valid_to > coalesce(period_end(last_judged.period), lives.starts_on)
                group by all
            )
            select
                members.no, members.scheme_no, coalesce(today.chosen[1], judged.computed, schemes.default_code) as segment,
                coalesce(judged.computed, schemes.default_code) as computed,
                coalesce(today.chosen[2], ended.ended_on, period_start(judged.period - judged.run + 1), lives.starts_on)
                    as segment_since,
                case
                    when today.no is not null then {REASON["override"]}
                    when ended.no is not null then {REASON["override_ended"]}
                    else coalesce(judged.reason, {REASON["first"]})
                end as reason,
                lives.is_active, judged.period as last_judged_period
            from {e}_members as members
            inner join {e}_lives as lives using (no)
            inner join {e}_schemes as schemes using (scheme_no)
            left join last_judged as judged using (no, scheme_no)
            left join today using (no, scheme_no)
            left join ended using (no, scheme_no);

            create view fct_{e}_segment_evidence as
            select
                names.id as {e}_id, evidence.period::integer as period_index, conditions.scheme, conditions.segment,
                conditions.rule_group, conditions.metric, conditions.operator,
                {decimal("evidence.value")} as value, {decimal("rules.enter_threshold")} as enter_threshold,
                {
            decimal("rules.exit_threshold")
        } as exit_threshold, evidence.value is not null and evidence.streak > 0 as qualifies,
                greatest(evidence.streak, 0) as qualifying_streak, greatest(-evidence.streak, 0) as failing_streak,
                evidence.unobserved_streak, evidence.last_signal as last_signal_period_index, evidence.is_met,
                evidence.is_state_change
            from {e}_evidence as evidence
            inner join {e}_names as names on evidence.key >> {CONDITION_BITS} = names.no
            inner join {e}_rules as rules using (rule_no)
            inner join {e}_conditions as conditions using (condition_no);

            create view fct_{e}_segment_history as
            select
                names.id as {e}_id, schemes.scheme, history.period::integer as period_index,
                candidate.segment as candidate_segment, computed.segment as computed_segment, own.segment,
                plain.segment as segment_without_memory, override.segment as override_segment,
                previous.segment as previous_segment, history.is_change, history.run as periods_in_segment,
                {list(REASONS)!r}[history.reason + 1] as reason, history.last_change as last_change_period_index
            from {e}_history as history
            inner join {e}_names as names on history.key >> {SCHEME_BITS} = names.no
            inner join {e}_schemes as schemes on history.key & {(1 << SCHEME_BITS) - 1} = schemes.scheme_no
            {
            " ".join(
                self.named(name, column)
                for name, column in (
                    ("candidate", "candidate"),
                    ("computed", "computed"),
                    ("own", "segment"),
                    ("plain", "without_memory"),
                    ("override", "override"),
                    ("previous", "previous"),
                )
            )
        };

            create view fct_{e}_segments_current as
            select
                names.id as {e}_id, schemes.scheme, own.segment, computed.segment as computed_segment,
                history.segment_since, {list(REASONS)!r}[history.reason + 1] as reason, history.is_active,
                period_start(history.last_judged_period) as last_judged_period
            from {e}_current as history
            inner join {e}_names as names using (no)
            inner join {e}_schemes as schemes using (scheme_no)
            {self.named("own", "segment")} {self.named("computed", "computed")};
        """)

    def targets(self, lines: list[dict]) -> None:
        """What the members of a segment were expected to reach in each period, and what they did reach."""
        e, rows, members, actual, lower = self.entity, [], [], [], []
        by_name = {s.name: s for s in self.schemes}
        for number, line in enumerate(line for line in lines if line["entity_type"] == e):
            scheme = by_name[line["scheme"]]
            direction = line["direction"] or "higher_is_better"
            rows.append(
                f"({number}, '{line['scheme']}', '{line['segment']}', '{line['kpi']}', {line['target']}::decimal(18, 6), "
                f"'{direction}', {micro(line['target'])}::bigint)"
            )
            members.append(f"({scheme.number}, {scheme.segments.index(line['segment'])}, {number})")
            actual.append(f"when {number} then metrics.{line['kpi']}::bigint * {self.units[line['kpi']]}")
            if direction == "lower_is_better":
                lower.append(number)
        self.con.execute(f"""
            create table {e}_target_lines as
            select * from (values {", ".join(rows)}) as t (target_no, scheme, segment, kpi, target, direction, micro);
            create table {e}_targets as
            with expected as (
                select history.key, history.period, target_no, case target_no {" ".join(actual)} end as actual
                from {e}_history as history
                inner join (values {", ".join(members)}) as t (scheme_no, code, target_no)
                    on history.key & {(1 << SCHEME_BITS) - 1} = scheme_no and history.segment = code
                inner join {e}_metrics as metrics
                    on history.key >> {SCHEME_BITS} = metrics.no and history.period = metrics.period
            )
            select
                key, period, target_no::tinyint as target_no, actual, quotient(actual, micro) as attainment,
                if(target_no in ({", ".join(map(str, lower)) or -1}), actual <= micro, actual >= micro) as is_met
            from expected inner join {e}_target_lines using (target_no);
        """)

    def named(self, alias: str, column: str) -> str:
        return f"""
            left join {self.entity}_segments as {alias}
                on schemes.scheme_no = {alias}.scheme_no and history.{column} = {alias}.code"""

    def members(self) -> str:
        """Which schemes apply to whom, and under which scope their rules are looked up."""
        selects = []
        for s in self.schemes:
            cases = " ".join(
                f"when names.{s.scope_attribute} = '{scope}' then {self.scope_no(s, scope)}"
                for scope in self.scopes_of(s)
                if scope != "*"
            )
            every, where = self.scope_no(s, "*"), self.applies(s)
            scope = f"case {cases} else {every} end" if cases else str(every)
            if self.entity == "product_group":
                where += " and names.id not like '%:unknown'"
            selects.append(f"""
                select no, {s.number} as scheme_no, cast({scope} as smallint) as scope_no
                from {self.entity}_lives inner join {self.entity}_names as names using (no) where {where}""")
        return f"create table {self.entity}_members as {' union all '.join(selects)};"

    def applies(self, scheme: Scheme) -> str:
        attribute, _, value = scheme.applies_to.partition("=")
        return f"names.{attribute} = '{value}'" if attribute else "true"

    def overrides(self) -> str:
        """The manual segments: every line, and the one in force at the end of each period."""
        e = self.entity
        return f"""
            create table {e}_override_lines as
            select names.no, schemes.scheme_no, codes.code, lines.segment, lines.valid_from, lines.valid_to,
                coalesce(lines.loaded_at, timestamp '0001-01-01') as loaded_at
            from override_lines as lines
            inner join {e}_names as names on lines.entity_id = names.id
            inner join {e}_schemes as schemes using (scheme)
            inner join {e}_segments as codes on schemes.scheme_no = codes.scheme_no and lines.segment = codes.segment
            where lines.entity_type = '{e}';
            create table {e}_overrides as
            select lines.no, lines.scheme_no, periods.period,
                arg_max(lines.code, (lines.valid_from, lines.loaded_at, lines.segment)) as override
            from {e}_override_lines as lines
            inner join periods on lines.valid_from <= period_end(periods.period)
                and (lines.valid_to is null or lines.valid_to > period_end(periods.period))
            group by all;
        """

    def metrics_view(self) -> str:
        e = self.entity
        columns = ", ".join(f"{decimal(f'metrics.{name}', self.units[name])} as {name}" for name in self.built_in)
        return f"""
            create view fct_{e}_metrics as
            select names.id as {e}_id, metrics.period::integer as period_index, {columns}
            from {e}_metrics as metrics inner join {e}_names as names using (no)
        """


# --- the script ---------------------------------------------------------------------------------


def run(data: Path, out: Path, as_of: dt.date, policy: Path = POLICY, threads: int = 2, memory: str = "4GB") -> None:
    schemes, conditions = read_policy(policy)
    everything = [s for own in schemes.values() for s in own]
    store = {s.name: s for s in schemes["store"]}
    client, top, potential = store["lifecycle"], store["perfect_store"], store["potential"]
    weights = score_weights(policy)
    sixty_costs, rates = service_costs(policy)
    fill = display_sql(policy) | points_sql(policy) | named_sql(policy) | {
        "data": str(data), "as_of": str(as_of), "closing_lag": "3", "must_have_cap": "59",
        "sixty_costs": sixty_costs, "potential_scheme": str(potential.number), "high": HIGH,
        "high_code": str(potential.segments.index(HIGH)), "condition_bits": str(CONDITION_BITS),
        "condition_mask": str((1 << CONDITION_BITS) - 1), "scores": scores_sql(weights),
        "known_segments": ", ".join(
            f"'{s.entity_type}|{s.name}|{segment}'" for s in everything if not s.is_classification for segment in s.segments
        ),
        "scheme_bits": str(SCHEME_BITS), "scheme_mask": str((1 << SCHEME_BITS) - 1),
        "classifications": ", ".join(f"'{s.entity_type}|{s.name}'" for s in everything if s.is_classification) or "''",
        "display_scheme": str(store["display"].number),
        "display_applies": "names.{} = '{}'".format(*store["display"].applies_to.split("=")),
        "client_scheme": str(client.number), "top_scheme": str(top.number), "top_code": str(top.segments.index("TOP")),
        "client_codes": ", ".join(str(client.segments.index(name)) for name in ("NEW", "ACTIVE", "KEY")),
    }  # fmt: skip
    fill |= rfm_bands(policy) | {f"{name}_rate": str(rate) for name, rate in rates.items()}
    fill |= {reason: str(number) for reason, number in REASON.items()}
    # what the policy's SQL asks for itself
    fill = {name: Template(text).safe_substitute(fill) for name, text in fill.items()}

    def execute(sql: str, **more: object) -> None:
        con.execute(Template(sql).substitute(fill, **{name: str(value) for name, value in more.items()}))

    with duckdb.connect(out) as con:
        con.execute(f"set threads = {threads}; set memory_limit = '{memory}'; set preserve_insertion_order = false")
        con.execute(MACROS)
        execute(MASTERS)
        execute(LINES)
        con.execute(MART_MACROS)
        execute(STORES)
        con.execute(standards_sql(policy))
        periods = [row[0] for row in con.execute("select period from periods order by 1").fetchall()]

        more = (*dict.fromkeys(weight.score for weight in weights), *used_names(policy))
        units = {name: unit for name, (_, unit) in METRICS.items()}
        stores = Engine(con, schemes["store"], conditions["store"], units, more)
        con.execute(stores.overrides())
        execute(POINTS)
        execute(NAMED)
        execute(AUDITS)
        execute(ANSWERS)
        execute(STORE_METRICS)
        con.execute(score_views(weights) + POINTS_VIEWS)
        con.execute(stores.members())
        walk(stores, periods, as_of, policy)

        execute(REPS)
        reps = Engine(con, schemes["rep"], conditions["rep"], REP_UNITS)
        con.execute(reps.overrides() + reps.members())
        walk(reps, periods, as_of, policy)

        execute(PRODUCT_GROUPS, bits="bigint" if len(periods) < 56 else "hugeint")
        groups = Engine(con, schemes["product_group"], conditions["product_group"], PRODUCT_GROUP_UNITS)
        con.execute(groups.overrides() + groups.members())
        walk(groups, periods, as_of, policy)

        for mart in (STORE_MARTS, EVENT_MARTS, COMPARISONS, PROFILES, TEAMS):
            execute(mart)
        for entity, revenue in REVENUES.items():
            execute(HEALTH.replace("{e}", entity).replace("{revenue}", revenue))
        for name, view in HEALTH_VIEWS.items():
            execute(f"create view {name} as " + " union all ".join(view.replace("{e}", entity) for entity in REVENUES))
        con.execute(LEDGER_VIEWS)
        con.execute("checkpoint")


def walk(engine: Engine, periods: list[int], as_of: dt.date, policy: Path) -> None:
    for period in periods:
        engine.step_evidence(period)
    for period in periods:
        engine.step_history(period)
    engine.finish(as_of)
    engine.con.execute(engine.metrics_view())
    engine.targets(undated(policy, "kpi_targets"))


@app.command()
def main(
    data_dir: Annotated[Path, typer.Argument(help="Folder with the company's Parquet.")],
    out: Annotated[Path, typer.Argument(help="DuckDB file to write.")],
    as_of_date: Annotated[str, typer.Argument(help="Day the marts speak for.")],
    policy_dir: Annotated[Path, typer.Option(help="Folder with the policy CSVs.")] = POLICY,
    threads: Annotated[int, typer.Option(help="Threads of DuckDB.")] = 2,
    memory_limit: Annotated[str, typer.Option(help="Memory limit of DuckDB.")] = "4GB",
) -> None:
    """Compute the marts from the Parquet into a new DuckDB file."""
    out.unlink(missing_ok=True)
    run(data_dir, out, dt.date.fromisoformat(as_of_date), policy_dir, threads, memory_limit)


if __name__ == "__main__":
    app()
