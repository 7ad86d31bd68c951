"""Scenario policy: every kind of mistake in the policy files is named, and stops the build in time."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from conftest import PROJECT, dbt, rows

from scripts.generate_sample_data import TABLES
from scripts.policy_files import check, lines_of

SHIPPED = PROJECT / "seeds" / "policy"
QUARTER = "orders_quarter,>="
KEY = "orders_quarter|>="


@dataclass(frozen=True)
class Bad:
    """Lines appended to the shipped files, the check that names them, and the key it names them by."""

    check_name: str
    file: str
    line: str
    line_key: str
    needs: tuple[tuple[str, str], ...] = ()


def rule(rest: str, scheme: str = "value", segment: str = "GOLD") -> str:
    """A line of segment_rules.csv from its rule_group on, filled up with blanks."""
    line = f"store,{scheme},{segment},{rest}"
    return line + "," * (14 - line.count(","))


def scheme(name: str, kind: str = "rules", rest: str = ",,,,,,,") -> tuple[str, str]:
    return ("schemes.csv", f"store,{name},{kind},{rest}")


def segment(scheme_name: str, name: str, rest: str = "1,1,true,,") -> tuple[str, str]:
    return ("segments.csv", f"store,{scheme_name},{name},{rest}")


BAD = [
    Bad("missing_value", "segment_rules.csv", rule(f"t01,{QUARTER},"), f"store|value|GOLD|t01|{KEY}|*|"),
    Bad("unknown_entity_type", "schemes.csv", "shop,value,rules,,,,,,,,", "shop|value"),
    Bad("unknown_choice", "schemes.csv", "store,t02,ruls,,,,,,,,", "store|t02"),
    Bad("unknown_choice", "schemes.csv", "store,t03,rules,,,,,sideways,,,", "store|t03"),
    Bad(
        "unknown_choice",
        "segment_rules.csv",
        rule("t04,orders_quarter,=,5"),
        "store|value|GOLD|t04|orders_quarter|=|*|",
    ),
    Bad("unknown_choice", "perfect_store_standards.csv", "T05,k,mostly,,1,1,,,,", "T05|k|"),
    Bad("not_a_number", "segment_rules.csv", rule(f"t06,{QUARTER},5 000"), f"store|value|GOLD|t06|{KEY}|*|"),
    Bad("not_a_number", "segment_rules.csv", rule(f"t07,{QUARTER},nan"), f"store|value|GOLD|t07|{KEY}|*|"),
    Bad("number_does_not_fit", "segment_rules.csv", rule(f"t08,{QUARTER},1e12"), f"store|value|GOLD|t08|{KEY}|*|"),
    Bad("not_a_whole_number", "segments.csv", "store,value,T09,high,,,,", "store|value|T09"),
    Bad("count_too_small", "segment_rules.csv", rule(f"t10,{QUARTER},5,,0"), f"store|value|GOLD|t10|{KEY}|*|"),
    Bad("count_too_small", "segment_rules.csv", rule(f"t11,{QUARTER},5,,,,-1"), f"store|value|GOLD|t11|{KEY}|*|"),
    Bad(
        "not_a_date",
        "segment_rules.csv",
        rule(f"t12,{QUARTER},5,,,,,,*,2025-02-29"),
        f"store|value|GOLD|t12|{KEY}|*|2025-02-29",
    ),
    Bad("not_true_or_false", "segments.csv", "store,value,T13,13,,perhaps,,", "store|value|T13"),
    Bad("bar_in_name", "segments.csv", "store,value,T|14,14,,,,", "store|value|T|14"),
    Bad("duplicate_key", "segments.csv", "store,value, GOLD ,15,,,,", "store|value|GOLD"),
    Bad("bad_applies_to", *scheme("t16", rest="traditional,,,,,,,"), "store|t16"),
    Bad("unknown_attribute", *scheme("t17", rest="chanel=modern,,,,,,,"), "store|t17"),
    Bad("unknown_attribute", *scheme("t18", rest=",level,,,,,,"), "store|t18"),
    Bad("bad_moved_share", *scheme("t19", rest=",,,,,20,,"), "store|t19"),
    Bad("classification_without_model", *scheme("t20", "classification"), "store|t20"),
    Bad("unknown_scheme", *segment("t21", "ANY"), "store|t21|ANY"),
    Bad("unknown_scheme", "segment_rules.csv", rule(f"g,{QUARTER},1", "t22"), f"store|t22|GOLD|g|{KEY}|*|"),
    Bad("ranked_classification", *segment("display", "T23", "1,1,,,"), "store|display|T23"),
    Bad("one_default", "segments.csv", "store,t24,ANY,1,,,,", "store|t24", (scheme("t24"),)),
    Bad("one_default", "segments.csv", "store,t25,B,2,,true,,", "store|t25", (scheme("t25"), segment("t25", "A"))),
    Bad("equal_precedence", "segments.csv", "store,t26,B,1,,,,", "store|t26|B", (scheme("t26"), segment("t26", "A"))),
    Bad(
        "one_step_without_levels",
        "segments.csv",
        "store,t27,B,2,1,,,",
        "store|t27|B",
        (scheme("t27", rest=",,,,one_step,,,"), segment("t27", "A")),
    ),
    Bad(
        "rules_of_classification",
        "segment_rules.csv",
        rule(f"g,{QUARTER},1", "display"),
        f"store|display|GOLD|g|{KEY}|*|",
    ),
    Bad("unknown_segment", "segment_rules.csv", rule(f"g,{QUARTER},1", segment="T29"), f"store|value|T29|g|{KEY}|*|"),
    Bad("unknown_metric", "segment_rules.csv", rule("t30,oders,>=,1"), "store|value|GOLD|t30|oders|>=|*|"),
    Bad("exit_on_wrong_side", "segment_rules.csv", rule(f"t31,{QUARTER},5,6"), f"store|value|GOLD|t31|{KEY}|*|"),
    Bad(
        "scope_without_attribute",
        "segment_rules.csv",
        rule(f"g,{QUARTER},1,,,,,,modern", "perfect_store", "TOP"),
        f"store|perfect_store|TOP|g|{KEY}|modern|",
    ),
    Bad(
        "never_in_force",
        "segment_rules.csv",
        rule(f"t33,{QUARTER},1,,,,,,*,2025-01-01,2024-01-01"),
        f"store|value|GOLD|t33|{KEY}|*|2025-01-01",
    ),
    Bad(
        "overlapping_versions",
        "segment_rules.csv",
        rule(f"t34,{QUARTER},1,,,,,,*,2025-01-01"),
        f"store|value|GOLD|t34|{KEY}|*|2025-01-01",
        (("segment_rules.csv", rule(f"t34,{QUARTER},2")),),
    ),
    Bad(
        "gap_between_versions",
        "segment_rules.csv",
        rule(f"t35,{QUARTER},1,,,,,,*,2025-01-01"),
        f"store|value|GOLD|t35|{KEY}|*|2025-01-01",
        (("segment_rules.csv", rule(f"t35,{QUARTER},2,,,,,,*,,2024-01-01")),),
    ),
    Bad(
        "too_many_rule_groups",
        "segment_rules.csv",
        rule(f"g1,{QUARTER},1", scheme="t42"),
        "store|t42",
        (
            scheme("t42"),
            segment("t42", "LOW"),
            segment("t42", "GOLD", "2,2,,,"),
            *(("segment_rules.csv", rule(f"g{number},{QUARTER},1", scheme="t42")) for number in range(2, 64)),
        ),
    ),
    Bad("band_without_bound", "display_bands.csv", "36,t36,ANY,,", "t36|ANY"),
    Bad("mixed_position", "display_bands.csv", "1,t37,ANY,1,", "t37|ANY"),
    Bad("repeated_bound", "display_bands.csv", "1,shelf_metres,T38,4.0,", "shelf_metres|T38"),
    Bad("weight_not_positive", "perfect_store_standards.csv", "T39,k,yes_no,,0,,,,,", "T39|k|"),
    Bad("target_missing", "perfect_store_standards.csv", "T40,k,at_least,,1,,,,,", "T40|k|"),
    Bad("bad_tolerance", "perfect_store_standards.csv", "T41,k,within,,1,0,-1,,,", "T41|k|"),
    Bad("unknown_metric", "score_weights.csv", "store,t43,shelf_meters,1,0,1,,", "store|t43|shelf_meters"),
    Bad("unknown_metric", "kpi_targets.csv", "rep,portfolio,TOP,t44,1,,,", "rep|portfolio|TOP|t44|"),
    Bad("metric_name_taken", "attribute_flags.csv", "store,orders_quarter,t45,a;b", "store|orders_quarter"),
    Bad(
        "metric_name_taken",
        "score_weights.csv",
        "rep,top_client_ratio,days_off,1,0,1,,",
        "rep|top_client_ratio|days_off",
    ),
    Bad("score_of_score", "score_weights.csv", "store,t46,potential_score,1,0,1,,", "store|t46|potential_score"),
    Bad("bad_range", "score_weights.csv", "store,t47,orders_quarter,1,5,5,,", "store|t47|orders_quarter"),
    Bad("weight_not_positive", "score_weights.csv", "store,t48,orders_quarter,0,0,5,,", "store|t48|orders_quarter"),
    Bad("not_a_share", "score_weights.csv", "store,t49,orders_quarter,1,0,5,,1.5", "store|t49|orders_quarter"),
    Bad("not_a_share", "point_rules.csv", "t50,1,event,,-0.1", "t50"),
    Bad("bad_cap", "point_rules.csv", "t51,1,event,-1,", "t51"),
    Bad("bad_per", "point_rules.csv", "t52,1,100,,", "t52"),
    Bad("bad_per", "point_rules.csv", "order,1,order,,", "order"),
    Bad("negative_cost", "cost_rates.csv", "contact,t53,-1,,", "contact|t53|"),
    Bad("overlapping_versions", "cost_rates.csv", "contact,phone,5,2025-01-01,", "contact|phone|2025-01-01"),
    Bad("unknown_choice", "external_metrics.csv", "store,t55,median,", "store|t55"),
    Bad("missing_value", "rfm_bands.csv", "recency,,5,,", "recency||"),
    Bad("unknown_treatment", "treatments.csv", "store,value,GOLD,t56,1,,,,,", "store|value|GOLD|t56|1|"),
    Bad(
        "value_not_a_number",
        "treatments.csv",
        "store,value,GOLD,discount_rate,5 %,,,,,",
        "store|value|GOLD|discount_rate|5 %|",
    ),
    Bad("negative_cost", "treatments.csv", "store,value,GOLD,promotion,T58,-1,,,,", "store|value|GOLD|promotion|T58|"),
    Bad("unknown_choice", "treatments.csv", "store,value,GOLD,visit,T59,,soon,,,", "store|value|GOLD|visit|T59|"),
    Bad(
        "overlapping_versions",
        "treatments.csv",
        "store,value,GOLD,discount_rate,0.05,,,,2025-01-01,",
        "store|value|GOLD|discount_rate|0.05|2025-01-01",
    ),
    Bad(
        "unknown_metric",
        "treatment_types.csv",
        "t60,u,max,,oders,,",
        "t60",
        (("treatments.csv", "store,value,GOLD,t60,1,,,,,"),),
    ),
    Bad("unknown_choice", "treatment_types.csv", "t61,u,mean,,,,", "t61"),
    Bad("minutes_not_positive", "time_rates.csv", "visit,T62,0,,", "visit|T62|"),
    Bad("unknown_choice", "signals.csv", "store,t63,info,", "store|t63"),
    Bad("unknown_recipient", "signals.csv", "product_group,moved,info,owner", "product_group|moved"),
    Bad("missing_value", "translations.csv", "en,t65,", "en|t65"),
]


def first_words(line: str) -> list[str]:
    return [word.strip() for word in line.split(",")][:2]


def some_inputs(folder: Path) -> Path:
    """Input tables without rows: the gate looks for metrics that data name."""
    folder.mkdir()
    required = ("erp_stores", "erp_products", "erp_orders", "erp_order_lines")
    for table in (*required, "sfa_store_attributes", "market_external_metrics", "market_points_of_interest"):
        (folder / f"{table}.csv").write_text(",".join(TABLES[table]) + "\n")
    return folder


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """One build, of the gate and all that reads it, on the shipped policy with every bad line in it."""
    folder = tmp_path_factory.mktemp("bad_policy")
    policy = folder / "policy"
    shutil.copytree(SHIPPED, policy)
    for bad in BAD:
        for file, line in (*bad.needs, (bad.file, bad.line)):
            with open(policy / file, "a", encoding="utf-8") as handle:
                handle.write(line + "\n")
    assert check(policy) == [], "the bad lines must be well-formed CSV: what they say is what is wrong"
    outcome = dbt(
        ["build", "--select", "+policy_gate+", "--exclude-resource-type", "unit_test", "snapshot"],
        folder / "warehouse",
        policy_dir=policy,
        data_dir=some_inputs(folder / "data"),
        as_of_date="2026-10-06",
        check=False,
    )
    found = rows(
        folder / "warehouse" / "build.duckdb",
        "select check_name, file, line_key, problem, fix from segmentation_build_policy.policy_gate",
    )
    manifest = json.loads((folder / "warehouse" / "target" / "manifest.json").read_text())
    return outcome, found, policy, manifest


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.check_name}-{bad.line_key}")
def test_a_bad_line_is_named_with_its_file_and_a_fix(refused, bad):
    _, found, policy, _ = refused
    named = [row for row in found if row[:3] == (bad.check_name, bad.file, bad.line_key)]
    assert named, f"not found; of {bad.file}: {[row for row in found if row[1] == bad.file]}"
    assert all(problem and fix for *_, problem, fix in named)
    line = next(iter(lines_of(policy / bad.file, bad.line_key)), None)
    text = (policy / bad.file).read_text().splitlines()[line - 1]
    assert first_words(text) == first_words(bad.line)


def test_the_build_leaves_the_files_as_they_were(refused):
    """dbt writes the SQL of a seed to its target folder, and would write it over a CSV at an absolute path."""
    _, _, policy, _ = refused
    for file in SHIPPED.glob("*.csv"):
        assert (policy / file.name).read_bytes().startswith(file.read_bytes())


def test_each_check_is_tried_and_described(refused):
    _, found, _, _ = refused
    models = yaml.safe_load((PROJECT / "models" / "policy" / "_policy__models.yml").read_text())["models"]
    gate = next(model for model in models if model["name"] == "policy_gate")
    check_name = next(column for column in gate["columns"] if column["name"] == "check_name")
    # Unit tests try them: no file of ours is loaded otherwise than as text, and no added line takes another away.
    described = check_name["config"]["meta"]["checks"].keys() - {"not_loaded_as_text", "no_default_minutes"}
    assert {row[0] for row in found} == {bad.check_name for bad in BAD} == described


def test_a_refused_policy_reaches_nothing(refused):
    """Only what the gate is made of has run: everything that reads policy is skipped."""
    outcome, _, _, manifest = refused
    assert not outcome.success
    gate = "model.dynamic_segmentation.policy_gate"
    before_gate = upstream(manifest, gate) | {gate}
    ran = {row.node.unique_id for row in outcome.result if row.status != "skipped"}
    assert {name for name in ran if not name.startswith(("test.", "operation."))} == {
        name for name in before_gate if not name.startswith("source.")
    }
    assert {row.node.name for row in outcome.result if row.status == "fail"} == {"policy_gate_no_problem"}


def test_everything_that_reads_policy_stands_behind_the_gate(refused):
    *_, manifest = refused
    gate = "model.dynamic_segmentation.policy_gate"
    before_gate = upstream(manifest, gate) | {gate}
    policy = {name for name, node in manifest["nodes"].items() if node["path"].startswith("policy/")} | {
        name for name, node in manifest["nodes"].items() if node["resource_type"] == "seed"
    }
    for name, node in manifest["nodes"].items():
        reads = set(node["depends_on"].get("nodes", []))
        if node["resource_type"] == "model" and reads & policy and name not in before_gate:
            assert gate in upstream(manifest, name), f"{name} reads policy without waiting for the gate"


def upstream(manifest: dict, name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for parent in manifest["nodes"].get(waiting.pop(), {}).get("depends_on", {}).get("nodes", []):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


FORMS = {
    "an unknown name": ("scheme.csv", b"entity_type\n", "schemes.csv"),
    "a missing column": (
        "segments.csv",
        b"entity_type,scheme,segment,precedence,level,is_default,label\n",
        "description",
    ),
    "an unknown column": ("display_bands.csv", b"position,attribute,band,lower_bound,equal,equals\n", '"equal"'),
    "a column twice": ("display_bands.csv", b"position,attribute,band,lower_bound,equals,band\n", "twice"),
    "semicolons": ("display_bands.csv", b"position;attribute;band;lower_bound;equals\n", "commas"),
    "a ragged line": ("display_bands.csv", b"position,attribute,band,lower_bound,equals\n1,a,b\n", "line 2"),
    "an open quote": ("display_bands.csv", b'position,attribute,band,lower_bound,equals\n1,"a,b,1,\n', "quotes"),
    "another encoding": (
        "display_bands.csv",
        "position,attribute,band,lower_bound,equals\n1,ä,b,1,\n".encode("latin-1"),
        "UTF-8",
    ),
    "nothing in it": ("display_bands.csv", b"", "empty"),
}


@pytest.mark.parametrize("name, content, named", FORMS.values(), ids=FORMS)
def test_a_file_that_dbt_cannot_read_is_named(tmp_path, name, content, named):
    (tmp_path / name).write_bytes(content)
    problems = check(tmp_path)
    assert problems and problems[0].file == name and problems[0].fix
    assert named in str(problems[0])


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_a_file_in_order_has_no_problem(tmp_path, prefix):
    for file in SHIPPED.glob("*.csv"):
        (tmp_path / file.name).write_bytes(prefix + file.read_bytes().replace(b"\n", b"\r\n") + b",,\r\n\r\n")
    assert check(tmp_path) == []


def test_the_shipped_policy_passes(tmp_path):
    """Also as spreadsheets write it: byte order mark, carriage returns, blank lines, spaces; codes keep their zeros."""
    policy = tmp_path / "policy"
    policy.mkdir()
    for file in SHIPPED.glob("*.csv"):
        content = b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n") + b"\r\n"
        (policy / file.name).write_bytes(content)
    with open(policy / "segment_rules.csv", "a") as handle:
        handle.write(rule("codes,orders_quarter ,>=, 5,,,,,,007") + "\r\n")
    dbt(
        ["build", "--select", "+policy_segment_rules", "--exclude-resource-type", "unit_test"],
        tmp_path / "warehouse",
        policy_dir=policy,
        data_dir=some_inputs(tmp_path / "data"),
    )
    (found,) = rows(
        tmp_path / "warehouse" / "build.duckdb",
        "select metric, scope from segmentation_build_policy.policy_segment_rules where rule_group = 'codes'",
    )
    assert found == ("orders_quarter", "007")


def test_lines_are_found_by_their_keys(tmp_path):
    (tmp_path / "segments.csv").write_text(
        'entity_type,scheme,segment,label\nstore,a,B,"two\nlines"\n\nstore, b ,C,\nstore,b,D,\n'
    )
    assert lines_of(tmp_path / "segments.csv", "store|a|B")[0] == 2
    assert lines_of(tmp_path / "segments.csv", "store|b")[0] == 5
    assert lines_of(tmp_path / "segments.csv", "store|b|D")[0] == 6
    assert lines_of(tmp_path / "segments.csv", "store|c") == []


def test_keys_are_those_of_the_gate():
    from scripts.policy_files import KEY_COLUMNS, policy_columns

    macro = (PROJECT / "macros" / "checks" / "policy_columns.sql").read_text()
    for file, columns in KEY_COLUMNS.items():
        listed = ", ".join(f"'{column}'" for column in columns)
        assert f"'{Path(file).stem}': [{listed}]" in macro
        assert set(columns) <= set(policy_columns()[file])
