"""What says the input contract a second time says the same as the sources' YAML."""

import re

import yaml
from conftest import PROJECT

STAGING = PROJECT / "models" / "staging"


def sources():
    return {
        table["name"]: table
        for path in STAGING.glob("*/_*__models.yml")
        for source in yaml.safe_load(path.read_text())["sources"]
        for table in source["tables"]
    }


def base_model(table):
    system, name = table.split("_", 1)
    return (STAGING / system / "base" / f"base_{system}__{name}.sql").read_text()


def test_contract_tables_are_the_sources():
    macro = (PROJECT / "macros" / "inputs" / "contract_tables.sql").read_text()
    listed = dict(re.findall(r"'(\w+)': (none|'\w+'),", macro))
    declared = {name: table["config"]["meta"].get("event_time") for name, table in sources().items()}
    assert {name: None if event == "none" else event.strip("'") for name, event in listed.items()} == declared


def test_base_models_name_the_columns_of_the_contract():
    for name, table in sources().items():
        sql = base_model(name)
        named = re.findall(r"'(\w+)': '([\w(),]+)',", sql.split("columns={")[1].split("}")[0])
        declared = [(column["name"], column["data_type"]) for column in table["columns"]]
        assert named == declared[:-2], name
        assert [column for column, _ in declared[-2:]] == ["loaded_at", "is_deleted"]
        meta = table["config"]["meta"]
        assert f"key={meta['key']}" in sql, name
        assert ("event_time" in meta) == (f"event_time='{meta.get('event_time')}'" in sql), name
