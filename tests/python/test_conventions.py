"""The house rules, held over the manifest and the committed files."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from conftest import PROJECT, dbt

from scripts.warehouse import published_spec

# Only these have no enforced contract: their columns follow var dim_schemes.
DIMENSIONS = {"dim_stores", "dim_reps", "dim_product_groups"}
PREFIXES = {"policy": ("policy_",), "intermediate": ("int_",), "marts": ("fct_", "dim_")}
MAX_LINES = 100
# Asks the record of the build, where there is one, what was made anew.
WHAT_TESTS_LOOK_AT = "macros/checks/touched.sql"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> dict:
    warehouse = tmp_path_factory.mktemp("parse")
    dbt(["parse", "--no-partial-parse"], warehouse)
    return json.loads((warehouse / "target" / "manifest.json").read_text())


@pytest.fixture(scope="module")
def nodes(manifest) -> list[dict]:
    """Our models, seeds and snapshots."""
    return [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed", "snapshot")]


@pytest.fixture(scope="module")
def models(nodes) -> list[dict]:
    return [node for node in nodes if node["resource_type"] == "model"]


def folder_of(node: dict) -> list[str]:
    """models/staging/erp/x.sql: ['staging', 'erp']"""
    return node["original_file_path"].split("/")[1:-1]


def files_of(*patterns: str) -> dict[str, str]:
    """Text of the committed files and those about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    texts = {}
    for name in filter(None, listed):
        file = PROJECT / name
        if file.is_file():
            try:
                texts[name] = file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
    return texts


def without_comments(sql: str) -> str:
    sql = re.sub(r"\{#.*?#\}", "", sql, flags=re.DOTALL)
    return re.sub(r"--[^\n]*", "", sql)


def test_models_are_named_after_their_layer(models):
    for model in models:
        layer, *rest = folder_of(model)
        if layer == "staging":
            prefixes = tuple(f"{kind}_{rest[0]}__" for kind in ("stg", "base"))
        else:
            prefixes = PREFIXES[layer]
        assert model["name"].startswith(prefixes), model["original_file_path"]


def test_every_node_is_described_beside_its_code(nodes):
    missing, elsewhere = [], []
    for node in nodes:
        if not node["description"].strip():
            missing.append(node["name"])
        described_in = (node["patch_path"] or "").split("://")[-1]
        if node["resource_type"] == "model" and (
            not node["original_file_path"].startswith(described_in.rsplit("/", 1)[0] + "/")
            or not re.match(r"_.*\.yml$", described_in.rsplit("/", 1)[-1])
        ):
            elsewhere.append(f"{node['name']}: {described_in}")
    assert not missing, "without a description"
    assert not elsewhere, "not described in a _*.yml of their folder or the one above"


def test_every_listed_column_is_described(nodes, manifest):
    missing = [
        f"{node['name']}.{column}"
        for node in [*nodes, *manifest["sources"].values()]
        for column, listed in node["columns"].items()
        if not listed["description"].strip()
    ]
    assert not missing


def test_every_column_that_is_built_is_listed(nodes, sample_build):
    built: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in sample_build.query_build(
        "select table_schema, table_name, column_name from information_schema.columns"
    ):
        built.setdefault((schema, table), set()).add(column.lower())
    # Their columns are the schemes of var dim_schemes; a generic test holds them.
    missing = {
        node["name"]: sorted(columns - {name.lower() for name in node["columns"]})
        for node in nodes
        if (columns := built.get((node["schema"], node["name"]), set())) - {name.lower() for name in node["columns"]}
    }
    assert not missing


def test_contact_data_stand_in_a_schema_of_their_own(sample_build):
    """Beside the raw tables, which are as they came."""
    found = sample_build.query_build(
        "select distinct table_schema from information_schema.columns"
        " where column_name in ('contact_email', 'contact_phone', 'email') order by 1"
    )
    assert found == [("raw",), ("segmentation_build_contacts",)]


def test_marts_and_staging_keep_contracts(models):
    for model in models:
        layer = folder_of(model)[0]
        wanted = (layer == "marts" and model["name"] not in DIMENSIONS) or model["name"].startswith("stg_")
        if wanted:
            assert model["config"]["contract"]["enforced"], model["name"]
            assert all(column["data_type"] for column in model["columns"].values()), model["name"]


def test_marts_alone_are_public(models):
    for model in models:
        assert (model["access"] == "public") == (folder_of(model)[0] == "marts"), model["name"]
        assert model["config"]["group"], model["name"]


def test_models_are_short(models):
    long = {model["name"]: lines for model in models if (lines := len(model["raw_code"].splitlines())) > MAX_LINES}
    assert not long


def test_sql_is_what_postgresql_also_runs():
    banned = re.compile(
        r"::|\bqualify\b|\bignore nulls\b|\bgroup by all\b|\border by all\b|\bany_value\s*\(|\barg_(max|min)\s*\("
        r"|\btry_cast\s*\(|\* exclude\b",
        re.IGNORECASE,
    )
    found = [
        f"{name}: {match.group()}"
        for name, text in files_of(
            "models/*.sql", "examples/*.sql", "macros/*.sql", "tests/*.sql", "snapshots/*.sql"
        ).items()
        if not name.startswith("macros/cross_db/")
        for match in banned.finditer(without_comments(text))
    ]
    assert not found


def test_only_shims_know_an_engine():
    banned = re.compile(r"target\.type|adapter\.type\(\)|\b(duckdb|postgres|spark)__\w+")
    found = [
        f"{name}: {match.group()}"
        for name, text in files_of(
            "models", "examples/*.sql", "macros", "snapshots", "tests/*.sql", "dbt_project.yml"
        ).items()
        if not name.startswith("macros/cross_db/")
        for match in banned.finditer(without_comments(text))
    ]
    assert not found
    assert not [name for name, text in files_of("macros").items() if "macro spark__" in text]


def test_nothing_asks_the_warehouse_while_compiling():
    banned = re.compile(r"\brun_query\s*\(|\bload_result\s*\(|get_column_values|adapter\.get_columns_in_relation")
    found = [
        name
        for name, text in files_of("models/*.sql", "examples/*.sql", "macros/*.sql", "snapshots", "tests/*.sql").items()
        if not name.startswith("macros/materializations/")
        and name != WHAT_TESTS_LOOK_AT
        and banned.search(without_comments(text))
    ]
    assert not found


def test_unit_tests_pin_every_var_they_read(manifest):
    """A package's unit tests run in its user's project, under that project's vars."""
    models = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    macros = manifest["macros"]
    loose = {}
    for test in manifest["unit_tests"].values():
        model = models[test["model"]]
        read = vars_in(model["raw_code"])
        open_macros, seen = list(model["depends_on"]["macros"]), set()
        while open_macros:
            macro = open_macros.pop()
            if macro in seen or not macro.startswith("macro.dynamic_segmentation."):
                continue
            seen.add(macro)
            read |= vars_in(macros[macro]["macro_sql"])
            open_macros += macros[macro]["depends_on"]["macros"]
        pinned = set(((test.get("overrides") or {}).get("vars")) or {})
        if "as_of_date" in pinned:
            pinned.add("timezone")  # read for the day of today alone
        if read - pinned:
            loose[test["name"]] = sorted(read - pinned)
    assert not loose


def vars_in(code: str) -> set[str]:
    return set(re.findall(r"\bvar\(\s*['\"](\w+)['\"]", code))


def test_what_is_published_is_what_the_contracts_say(manifest):
    """Explicit on purpose: a new column of a mart is published when somebody lists it."""
    nodes = {
        node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "snapshot")
    }
    sources = {source["name"]: source for source in manifest["sources"].values()}
    spec = published_spec()["tables"]
    for name, table in spec.items():
        documented = list((nodes.get(name) or sources[name])["columns"])
        if "pattern" in table:
            documented = [column for column in documented if not column.endswith("_segment")]
        assert list(table["columns"]) == documented, name
    marts = {
        name for name, node in nodes.items() if node["original_file_path"].startswith(("models/marts", "snapshots"))
    }
    assert marts <= set(spec)
    assert not {"contact_email", "contact_phone", "email"} & {c for table in spec.values() for c in table["columns"]}


def test_no_machine_stands_in_a_committed_file():
    # Written so that this file does not find itself.
    places = re.compile(r"(?<![\w.])/(work|home|Users|root|tmp)" + r"/\w")
    found = [
        f"{name}: {match.group()}"
        for name, text in files_of().items()
        if not name.endswith((".csv", ".svg"))
        for match in places.finditer(text)
    ]
    assert not found
    for name, text in files_of("requirements*").items():
        assert "http" not in text and "--index" not in text, name
        pins = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        if name.endswith(".txt"):
            assert all("==" in pin for pin in pins), name


def test_the_workflow_for_ci_runs_the_script_of_the_laptop():
    assert "- run: .ci/run" in (PROJECT / ".github/workflows/ci.yml").read_text()
    assert (PROJECT / ".ci/run").stat().st_mode & 0o111
