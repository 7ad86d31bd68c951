"""The SQL of the lower bound that the policy files other than the schemes' decide: written for one policy."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import ceil
from pathlib import Path

from benchmarks.lower_bound_sql_stores import METRICS

# a value that is known to be none, as an integer
NOTHING = -9_000_000_000_000_000_000
# attributes of the master, which flags could be made of too
MASTER_ATTRIBUTES = ("channel", "region", "city", "industry", "legal_type", "is_served", "store_group")
CONTACT_CHANNELS = ("phone", "email", "chat", "visit")


def lines_of(folder: Path, name: str) -> list[dict]:
    with open(folder / f"{name}.csv", newline="") as file:
        return list(csv.DictReader(file))


def decimal(column: str, unit: int = 1) -> str:
    """What a column of integers says, as the project's marts say it."""
    return f"cast(cast({column} as decimal(20, 0)) * {Decimal(unit) / 1_000_000:f} as decimal(18, 6))"


def undated(folder: Path, name: str) -> list[dict]:
    lines = lines_of(folder, name)
    if any(line["valid_from"] or line["valid_to"] for line in lines):
        raise SystemExit(f"The lower bound knows no dated lines of {name}.")
    return lines


def micro(text: str) -> int:
    return int(Decimal(text) * 1_000_000)


# --- the display bands and the standards of Perfect Store ---------------------------------------


def display_sql(folder: Path) -> dict[str, str]:
    """The parts of the display SQL that follow from the bands of each position."""
    positions: dict[int, list[dict]] = {}
    for line in lines_of(folder, "display_bands"):
        positions.setdefault(int(line["position"]), []).append(line)
    bands, attributes = [], []
    for position, lines in sorted(positions.items()):
        attribute = lines[0]["attribute"]
        attributes.append(f"'{attribute}'")
        cases = [f"when value = '{line['equals']}' then '{line['band']}'" for line in lines if line["equals"]]
        bounds = sorted((line for line in lines if line["lower_bound"]), key=lambda line: -Decimal(line["lower_bound"]))
        cases += [
            f"when try_cast(value as decimal(18, 6)) >= {line['lower_bound']} then '{line['band']}'" for line in bounds
        ]
        # '-': recorded, but blank
        bands.append(
            f"max(case when attribute <> '{attribute}' then null when value = '' then '-' {' '.join(cases)} "
            f"else 'UNKNOWN' end) as b{position}"
        )
    columns = [f"b{position}" for position in sorted(positions)]
    return {
        "display_attributes": ", ".join(attributes),
        "display_bands": ", ".join(bands),
        "display_carried": ", ".join(f"last_value({b} ignore nulls) over w as {b}" for b in columns),
        "display_unknown": " and ".join(f"coalesce({b}, '-') = '-'" for b in columns),
        "display_text": "concat_ws('-', "
        + ", ".join(f"if(coalesce({b}, '-') = '-', 'UNKNOWN', {b})" for b in columns)
        + ")",
    }


def standards_sql(folder: Path) -> str:
    kinds = ["at_least", "at_most", "within", "yes_no"]
    lines = undated(folder, "perfect_store_standards")
    sets = sorted({line["standard_set"] for line in lines})
    rows = ", ".join(
        f"('{line['standard_set']}', {sets.index(line['standard_set'])}, '{line['kpi']}', {kinds.index(line['kind'])}, "
        f"{micro(line['weight'])}::bigint, {micro(line['target'] or '0')}::bigint, {micro(line['tolerance'] or '0')}::bigint, "
        f"{line['is_must_have']})"
        for line in lines
    )
    return f"""
        create temp table standards as select * from (values {rows})
        as t (standard_set, set_no, kpi, kind_no, weight, target, tolerance, is_must_have);
        create temp table standard_sets as
        select set_no, standard_set, count(*) as kpis, count(*) filter (is_must_have) as must_haves, sum(weight)::bigint as weight
        from standards group by all;
    """


# --- loyalty points and service costs -------------------------------------------------------------


def points_sql(folder: Path) -> dict[str, str]:
    """The rules as numbers, the events that they reward, and the sums that their decays need."""
    rules = lines_of(folder, "point_rules")
    values, sources, decays = [], [], {}
    for number, rule in enumerate(rules):
        decay = micro(rule["decay_per_period"] or "0")
        amount = "null" if rule["per"] in ("", "event") else micro(rule["per"])
        cap = micro(rule["cap_per_period"]) if rule["cap_per_period"] else "null"
        values.append(
            f"({number}, '{rule['event']}', {micro(rule['points'] or '1')}::bigint, {amount}::bigint, {cap}::bigint, {decay})"
        )
        decays.setdefault(decay, []).append(number)
        kind, _, channel = rule["event"].partition(":")
        table, at, amount, where = {
            "order": ("", "", "", ""),
            "manual": ("points_adjustments", "granted_at", "money_units(points)", "true"),
            "visit_done": ("visits", "started_at", "0::bigint", "status = 'done'"),
            "interaction": ("interactions", "occurred_at", "0::bigint", f"channel = '{channel}'"),
        }.get(kind, ("events", "occurred_at", "0::bigint", f"event_type = '{rule['event']}'"))
        if kind == "order":
            sources.append(f"select store_no as no, period, {number} as rule_no, net as amount from documents where is_order")
        elif table != "events":
            sources.append(
                f"select names.no, period_of({at}) as period, {number} as rule_no, {amount} as amount from {table} "
                f"inner join store_names as names on {table}.store_id = names.id where {where} and {at}::date <= date '$as_of'"
            )
    # the longest table is read once
    sources.append(
        "select names.no, period_of(occurred_at) as period, rules.rule_no, 0::bigint as amount from events "
        "inner join point_rules as rules on events.event_type = rules.event and rules.event not in "
        "('order', 'visit_done', 'manual') and not starts_with(rules.event, 'interaction:') "
        "inner join store_names as names on events.store_id = names.id where occurred_at::date <= date '$as_of'"
    )
    by_decay, windows, balance = [], [], []
    for number, (decay, own) in enumerate(decays.items()):
        length = min(12, ceil(Fraction(1_000_000, decay))) if decay else 12
        over = f"over (partition by no order by period rows {length - 1} preceding)"
        mine = f"rule_no in ({', '.join(map(str, own))})"
        by_decay.append(f"coalesce(sum(points) filter ({mine}), 0)::bigint as points_{number}")
        windows.append(f"coalesce(sum(points_{number}) {over}, 0) as sum_{number}")
        windows.append(f"coalesce(sum(points_{number} * period) {over}, 0) as dated_{number}")
        balance.append(f"1000000 * sum_{number} - {decay} * (period * sum_{number} - dated_{number})")
    return {
        "point_rules": ", ".join(values), "point_events": " union all ".join(sources),
        "points_by_decay": ", ".join(by_decay), "decay_windows": ", ".join(windows), "balance": " + ".join(balance),
        "manual_rule": str(next((number for number, rule in enumerate(rules) if rule["event"] == "manual"), -1)),
    }  # fmt: skip


def service_costs(folder: Path) -> tuple[str, dict[str, int]]:
    """Sixty times what the year's service costs, in millionths, and the rates of visits and contacts."""
    rates = {(line["activity"], line["channel"] or "*"): micro(line["unit_cost"]) for line in undated(folder, "cost_rates")}
    if any(activity == "contact" and channel not in (*CONTACT_CHANNELS, "*") for activity, channel in rates) or any(
        activity == "complaint" and channel != "*" for activity, channel in rates
    ):
        raise SystemExit("The lower bound knows no rates of other channels.")

    def rate(activity: str, channel: str) -> int:
        return rates.get((activity, channel), rates.get((activity, "*"), 0))

    found = {channel: rate("contact", channel) for channel in CONTACT_CHANNELS}
    other = rate("contact", "*")
    packed = "contacts_year_packed"
    contacts = " + ".join(
        f"{cost - other} * field({packed}, {number})::bigint" for number, cost in enumerate(found.values(), 2)
    )
    sixty = (
        f"({rate('visit_minute', 'visit')} * seconds_year + 60 * ({contacts} + {other} * field({packed}, 1)::bigint"
        f" + {rate('complaint', '*')} * field({packed}, 6)::bigint))"
    )
    return sixty, found | {"visit_second": rate("visit_minute", "visit")}


# --- metrics by name, scores, targets -----------------------------------------------------------


@dataclass
class Weight:
    """One line of a score: its metric, and what its value adds, in millionths."""

    score: str
    metric: str
    weight: int
    total: int
    floor: int
    ceiling: int
    is_reversed: bool
    missing: int
    unit: int

    def contribution(self) -> str:
        clamped = f"least(greatest({self.metric}::bigint * {self.unit}, {self.floor}), {self.ceiling})"
        distance = f"{self.ceiling} - {clamped}" if self.is_reversed else f"{clamped} - {self.floor}"
        of = Fraction(100 * self.weight, self.total * (self.ceiling - self.floor)) * 1_000_000
        p, q = of.numerator, of.denominator
        return f"if({self.metric} is null, {self.missing}, ({2 * p} * ({distance}) + {q}) // {2 * q})"


def score_weights(folder: Path) -> list[Weight]:
    lines = lines_of(folder, "score_weights")
    if any(line["entity_type"] != "store" for line in lines):
        raise SystemExit("The lower bound knows scores of stores only.")
    totals: dict[str, int] = {}
    for line in lines:
        totals[line["score"]] = totals.get(line["score"], 0) + micro(line["weight"])
    return [
        Weight(
            line["score"], line["metric"], micro(line["weight"]), totals[line["score"]], micro(line["floor"]),
            micro(line["ceiling"]), line["direction"] == "lower_is_better",
            rounded(100 * Fraction(line["weight"]) * Fraction(line["missing"] or 0) * 1_000_000 * 1_000_000 / totals[line["score"]]),
            METRICS[line["metric"]][1] if line["metric"] in METRICS else 1,
        )
        for line in lines
    ]  # fmt: skip


def rounded(number: Fraction) -> int:
    return int((Decimal(number.numerator) / Decimal(number.denominator)).quantize(Decimal(1), ROUND_HALF_UP))


def scores_sql(weights: list[Weight]) -> str:
    """A column of every score, and one of the share of its weight that is observed."""
    columns = []
    for score in dict.fromkeys(weight.score for weight in weights):
        own = [weight for weight in weights if weight.score == score]
        observed = " + ".join(f"if({weight.metric} is null, 0, {weight.weight})" for weight in own)
        points = " + ".join(weight.contribution() for weight in own)
        # too little known is no score (var min_weight_present)
        columns.append(f"if(2 * ({observed}) >= {own[0].total}, {points}, null)::bigint as {score}")
        columns.append(f"ratio({observed}, {own[0].total})::integer as {score}_weight")
    return ", ".join(columns)


def score_views(weights: list[Weight]) -> str:
    """The scores and what every metric adds to them, under the project's names."""
    scores = dict.fromkeys(weight.score for weight in weights)
    of_scores = " union all ".join(
        f"select names.id as store_id, period::integer as period_index, '{score}' as score, {decimal(score)} as value,"
        f" {decimal(score + '_weight')} as weight_present from store_metrics inner join store_names as names using (no)"
        for score in scores
    )
    of_metrics = " union all ".join(
        f"select names.id as store_id, period::integer as period_index, '{weight.score}' as score, '{weight.metric}' as metric,"
        f" {decimal(weight.metric, weight.unit)} as value, {decimal(weight.contribution())} as contribution,"
        f" {decimal(str(rounded(Fraction(100_000_000 * weight.weight, weight.total))))} as max_contribution,"
        f" {weight.metric} is not null as is_observed from store_metrics inner join store_names as names using (no)"
        for weight in weights
    )
    return f"create view fct_store_scores as {of_scores}; create view fct_store_score_contributions as {of_metrics};"


def targets(folder: Path) -> list[dict]:
    """What is expected of the members of a segment."""
    return undated(folder, "kpi_targets")


def rfm_bands(folder: Path) -> dict[str, str]:
    """The score of each measure as a CASE over the metrics: that of the highest band whose lower bound is reached."""
    columns = {"recency": "periods_since_last_order", "frequency": "orders_year", "monetary": "order_value_year"}
    lines, found = undated(folder, "rfm_bands"), {}
    for measure, column in columns.items():
        own = [line for line in lines if line["measure"] == measure]
        bounded = sorted((line for line in own if line["lower_bound"]), key=lambda line: -Decimal(line["lower_bound"]))
        cases = " ".join(
            f"when {column}::bigint * {METRICS[column][1]} >= {micro(line['lower_bound'])} then {line['score']}"
            for line in bounded
        )
        rest = next((line["score"] for line in own if not line["lower_bound"]), "null")
        found[measure] = f"cast(case {cases} else {rest} end as tinyint)"
    return found


def used_names(folder: Path) -> list[str]:
    """The metrics of stores by name that scores, rules and targets read: neither built in nor scores."""
    scores = {line["score"] for line in lines_of(folder, "score_weights")}
    named = [line["metric"] for line in lines_of(folder, "score_weights") + lines_of(folder, "segment_rules")
             if line["entity_type"] == "store"]  # fmt: skip
    named += [line["kpi"] for line in lines_of(folder, "kpi_targets") if line["entity_type"] == "store"]
    return [name for name in dict.fromkeys(named) if name not in METRICS and name not in scores]


def named_sql(folder: Path) -> dict[str, str]:
    """How each of the used names becomes a column: the last value, a flag of a text, a period's own mean or sum, or
    a distance where nothing was delivered."""
    ways = {(line["entity_type"], line["metric"]): line["aggregation"] or "last" for line in lines_of(folder, "external_metrics")}
    flags = {line["metric"]: line for line in lines_of(folder, "attribute_flags") if line["entity_type"] == "store"}
    last, flagged, means, distances, columns = [], [], [], [], []
    changed, mean_values, distance_values = [], [], []
    for number, name in enumerate(used_names(folder)):
        way = ways.get(("store", name), "last")
        if way != "last":
            means.append(f"('{name}', {number})")
            mine = f"filter (name_no = {number})"
            total = f"(sum(value) {mine})::bigint"
            mean = f"rounded({total}, nullif(count(*) {mine}, 0))" if way == "mean" else total
            mean_values.append(f"{mean} as m{number}")
            columns.append(f"means.m{number} as {name}")
            continue
        changed.append(number)
        last.append(f"('{name}', {number})")
        value = f"named.n{number}"
        if name in flags:
            if flags[name]["attribute"] in MASTER_ATTRIBUTES:
                raise SystemExit(f"The lower bound knows no flags of the master ({name}).")
            listed = ", ".join(f"'{text.strip()}'" for text in flags[name]["values"].split(";"))
            flagged.append(f"('{flags[name]['attribute']}', {number}, [{listed}])")
        if name.startswith("distance_to_"):
            distances.append(f"('{name}', {number})")
            value = f"coalesce({value}, distances.d{number})"
            distance_values.append(
                f"max(if(name_no = {number}, cast(cast(km as decimal(18, 3)) * 1000000 as bigint), null)) as d{number}"
            )
        columns.append(f"nullif({value}, {NOTHING}) as {name}")
    return {
        "nothing": str(NOTHING),
        "last_names": ", ".join(last) or "('', -1)",
        "flag_names": ", ".join(flagged) or "('', -1, [''])",
        "mean_names": ", ".join(means) or "('', -1)",
        "distance_names": ", ".join(distances) or "('', -1)",
        "named_changed": ", ".join(f"max(if(name_no = {n}, value, null)) as n{n}" for n in changed) or "0 as n",
        "named_carried": ", ".join(f"last_value(n{n} ignore nulls) over w as n{n}" for n in changed) or "n",
        "named_list": ", ".join(f"n{n}" for n in changed) or "n",
        "mean_values": ", ".join(mean_values) or "0 as m",
        "distance_values": ", ".join(distance_values) or "0 as d",
        "named_columns": ", ".join(columns) or "0 as none_named",
        "named_joins": "left join store_named as named using (no, period) left join store_means as means using (no, period)"
        " left join store_distances as distances using (no)",
    }
