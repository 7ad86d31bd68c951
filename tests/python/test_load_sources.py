"""The loader on both engines: files in, tables out, and one clear message for what cannot be used."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from conftest import connect, server_rows
from conftest import rows as file_rows

from scripts import load_sources
from scripts.load_sources import MARK, InputError, contract, found_in_warehouse, load, offer

COMPANY = {
    "erp_stores.csv": "store_id,store_name,channel\nS1,One,traditional\n",
    "erp_products.csv": "product_id,product_name,product_group,brand,category\nP1,Cola,G,B,C\n",
    "erp_orders.csv": "order_id,store_id,ordered_at,status\nO1,S1,2024-01-05,placed\n",
    "erp_order_lines.csv": "order_id,line_number,product_id,quantity,net_amount\nO1,1,P1,2,10.50\n",
}


@dataclass
class Company:
    """A folder with the least that a company delivers, and the database that it is loaded into."""

    folder: Path
    server: dict[str, str] | None

    @property
    def file(self) -> Path:
        return self.folder.parent / "build.duckdb"

    def write(self, name: str, content: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def parquet(self, name: str, select: str) -> None:
        with duckdb.connect() as connection:
            connection.execute(f"copy ({select}) to '{self.folder / name}' (format parquet)")

    def load(self, *arguments, **options) -> dict:
        return self.at_place(lambda place: load(self.folder, place, *arguments, **options))

    def at_place(self, do):
        if self.server is None:
            return do(self.file)
        with closing(connect(self.server)) as place:
            return do(place)

    def signatures(self, schema: str = "segmentation_build_refresh") -> dict[str, str]:
        lines = self.rows(f"select table_name, signature from {schema}.input_files")
        assert len(lines) == len(dict(lines))
        return dict(lines)

    def rows(self, sql: str) -> list[tuple]:
        return file_rows(self.file, sql) if self.server is None else server_rows(self.server, sql)

    def execute(self, sql: str) -> None:
        if self.server is None:
            with duckdb.connect(str(self.file)) as connection:
                connection.execute(sql)
        else:
            with closing(connect(self.server)) as connection, connection:
                connection.cursor().execute(sql)


@pytest.fixture(params=["duckdb", "postgres"])
def company(request, tmp_path) -> Company:
    return a_company(tmp_path, request.getfixturevalue("postgres").database() if request.param == "postgres" else None)


@pytest.fixture
def server_company(postgres, tmp_path) -> Company:
    """For what PostgreSQL alone knows."""
    return a_company(tmp_path, postgres.database())


def a_company(tmp_path: Path, server: dict[str, str] | None) -> Company:
    folder = tmp_path / "data"
    folder.mkdir()
    company = Company(folder, server)
    for name, content in COMPANY.items():
        company.write(name, content)
    return company


def test_contract_is_read_from_the_sources():
    tables = contract()
    assert len(tables) == 21
    assert {name for name, table in tables.items() if table.required} == {
        "erp_stores",
        "erp_products",
        "erp_orders",
        "erp_order_lines",
    }
    assert all({"loaded_at", "is_deleted"} <= table.columns.keys() for table in tables.values())
    assert tables["erp_order_lines"].key == ("order_id", "line_number")


def test_least_company(company):
    result = company.load()
    assert len(result["missing_inputs"]) == 17
    assert result["missing_columns"]["erp_order_lines"] == ["discount_amount", "loaded_at", "is_deleted"]
    assert result["row_counts"] == {"erp_stores": 1, "erp_products": 1, "erp_orders": 1, "erp_order_lines": 1}
    assert result["remarks"] == []
    assert company.rows("select * from raw.erp_order_lines") == [("O1", "1", "P1", "2", "10.50")]


def test_csv_as_people_write_it(company):
    company.write(
        "erp_stores.csv", '\ufeffChannel , STORE_ID,notes,"store_name",\r\nx, 007 ,"a, b","Say ""hi""\r\nthere",\r\n'
    )
    result = company.load()
    assert company.rows("select store_id, store_name, channel from raw.erp_stores") == [
        (" 007 ", 'Say "hi"\r\nthere', "x")
    ]
    assert result["row_counts"]["erp_stores"] == 1


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters(company, delimiter):
    company.write("erp_stores.csv", COMPANY["erp_stores.csv"].replace(",", delimiter))
    company.load()
    assert company.rows("select * from raw.erp_stores") == [("S1", "One", "traditional")]


def test_header_alone_is_no_rows(company):
    company.write("sfa_reps.csv", "rep_id,rep_name")
    assert company.load()["row_counts"]["sfa_reps"] == 0
    assert company.rows("select * from raw.sfa_reps") == []


def test_text_arrives_as_it_is(company):
    """What a copy through CSV could break: quotes, line ends, backslashes, an end mark, '' beside NULL."""
    texts = ["''", "null", "'NULL'", r"'\.'", r"'\N'", r"'a\nb'", "'x' || chr(10) || '\\.' || chr(13) || 'y'"]
    texts += ["'\"'", "' '", "'a,b'", "'Привет 🛒'"]
    values = ", ".join(f"({number}, {text})" for number, text in enumerate(texts))
    (company.folder / "erp_stores.csv").unlink()
    select = (
        f"select id::varchar as store_id, name as store_name, name as channel from (values {values}) as x (id, name)"
    )
    company.parquet("erp_stores.parquet", select)
    company.load()
    with duckdb.connect() as connection:
        wanted = connection.execute(f"select store_name, channel from ({select}) order by store_id::int").fetchall()
    assert company.rows("select store_name, channel from raw.erp_stores order by cast(store_id as integer)") == wanted


def test_a_table_of_one_column(company):
    """A line of such a table may be blank or the end mark."""
    company.parquet("own.parquet", r"select unnest(['', null, '\.', 'x']) as text")
    assert company.load(own_tables=True)["row_counts"]["own"] == 4
    got = company.rows("select text from raw.own where text is not null")
    assert sorted(got) == [("",), ("\\.",), ("x",)]


def test_nul_is_left_out_on_postgres(company):
    company.parquet("own.parquet", "select 'a' || chr(0) || 'b' as text")
    company.load(own_tables=True)
    assert company.rows("select text from raw.own") == [("a\0b" if company.server is None else "ab",)]


def test_parquet_and_parts(company):
    (company.folder / "erp_orders.csv").unlink()
    company.parquet(
        "erp_orders.parquet",
        "select 1 as ORDER_ID, 'S1' as store_id, timestamp '2024-01-05' as ordered_at, 'placed' as status",
    )
    (company.folder / "erp_order_lines.csv").unlink()
    company.write("erp_order_lines/2024-01.csv", COMPANY["erp_order_lines.csv"])
    company.write(
        "erp_order_lines/2024-02.csv",
        "net_amount,discount_amount,order_id,line_number,product_id,quantity\n5,1,O1,2,P1,1\n",
    )
    result = company.load()
    assert result["row_counts"]["erp_order_lines"] == 2
    assert result["missing_columns"]["erp_order_lines"] == ["loaded_at", "is_deleted"]
    assert company.rows("select line_number, net_amount, discount_amount from raw.erp_order_lines order by 1") == [
        ("1", "10.50", None),
        ("2", "5", "1"),
    ]
    typeof = "typeof" if company.server is None else "pg_typeof"
    name = "TIMESTAMP" if company.server is None else "timestamp without time zone"
    assert company.rows(f"select cast({typeof}(ordered_at) as varchar) from raw.erp_orders") == [(name,)]


def test_parts_of_one_form_are_one_scan(tmp_path):
    """A scan for each of many parts costs memory with every part: 38 of 100 million lines needed more than 4 GB."""
    from scripts.load_sources import contract, read_table

    folder = tmp_path / "erp_stores"
    folder.mkdir()
    forms = ["'a' as store_id, 1 as channel"] * 3 + [
        "'a' as store_id, 'x' as channel",
        "'x' as channel, 'a' as store_id",
    ]
    with duckdb.connect() as con:
        parts = [folder / f"{number}.parquet" for number in range(len(forms))]
        for part, form in zip(parts, forms, strict=True):
            con.execute(f"copy (select {form}, 'n' as store_name) to '{part}'")
        reading = read_table(con, contract()["erp_stores"], parts, tmp_path)
        assert reading.select.count("read_parquet(") == 3
        assert con.execute(f"select count(*), min(channel), max(channel) from ({reading.select})").fetchone() == (
            5,
            "1",
            "x",
        )


def test_a_file_whose_name_stands_for_others_is_read_alone(company):
    line = COMPANY["erp_order_lines.csv"]
    (company.folder / "erp_order_lines.csv").unlink()
    for number, name in enumerate(["lines [2024].csv", "lines 2.csv", "lines ?.csv", "lines *.csv"], start=1):
        company.write(f"erp_order_lines/{name}", line.replace("O1,1,", f"O1,{number},"))
    company.load()
    assert company.rows("select line_number from raw.erp_order_lines order by 1") == [("1",), ("2",), ("3",), ("4",)]


def test_the_part_that_cannot_be_read_is_named(company):
    good = COMPANY["erp_order_lines.csv"]
    (company.folder / "erp_order_lines.csv").unlink()
    company.write("erp_order_lines/2024-01.csv", good)
    company.write("erp_order_lines/2024-02.csv", good + "O1,2\n")
    with pytest.raises(InputError, match=r"^(Input: )?erp_order_lines/2024-02.csv cannot be read"):
        company.load()


TYPES = {
    "1::tinyint": "smallint",
    "1::utinyint": "smallint",
    "1::smallint": "smallint",
    "1::usmallint": "integer",
    "1::integer": "integer",
    "4294967295::uinteger": "bigint",
    "1::bigint": "bigint",
    "18446744073709551615::ubigint": "numeric",
    "1.5::float": "real",
    "'nan'::float": "real",
    "1.1::double": "double precision",
    "'-inf'::double": "double precision",
    "1.10::decimal(9, 2)": "numeric(9,2)",
    "true": "boolean",
    "date '2024-02-29'": "date",
    "date '0044-03-15 (BC)'": "date",
    "timestamp '2024-02-29 12:00:00.123456'": "timestamp without time zone",
    "timestamp_ns '2024-02-29 12:00:00.123456789'": "timestamp without time zone",
    "timestamptz '2024-02-29 12:00:00+02'": "timestamp with time zone",
    "time '12:00'": "text",
    "uuid()": "text",
    "'abc'::enum('abc')": "text",
    "[1, 2]": "text",
    "''": "text",
}


def test_types_of_parquet_on_postgres(server_company):
    columns = [f"c{number}" for number in range(len(TYPES))]
    server_company.parquet("own.parquet", "select " + ", ".join(f"{v} as {c}" for v, c in zip(TYPES, columns)))
    server_company.load(own_tables=True)
    got = server_company.rows(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = 'raw.own'::regclass and attnum > 0 order by attnum"
    )
    assert got == list(zip(columns, TYPES.values()))
    (row,) = server_company.rows(
        "select " + ", ".join(f"cast({column} as text)" for column in columns) + " from raw.own"
    )
    assert dict(zip(TYPES, row)) | {"uuid()": None} == {
        **{value: "1" for value in TYPES if value.startswith("1::")},
        "4294967295::uinteger": "4294967295",
        "18446744073709551615::ubigint": "18446744073709551615",
        "1.5::float": "1.5",
        "'nan'::float": "NaN",
        "1.1::double": "1.1",
        "'-inf'::double": "-Infinity",
        "1.10::decimal(9, 2)": "1.10",
        "true": "true",
        "date '2024-02-29'": "2024-02-29",
        "date '0044-03-15 (BC)'": "0044-03-15 BC",
        "timestamp '2024-02-29 12:00:00.123456'": "2024-02-29 12:00:00.123456",
        "timestamp_ns '2024-02-29 12:00:00.123456789'": "2024-02-29 12:00:00.123457",
        "timestamptz '2024-02-29 12:00:00+02'": "2024-02-29 10:00:00+00",
        "time '12:00'": "12:00:00",
        "uuid()": None,
        "'abc'::enum('abc')": "abc",
        "[1, 2]": "[1, 2]",
        "''": "",
    }


def test_vanished_tables_leave_nothing(company):
    company.write("sfa_reps.csv", "rep_id,rep_name\nR1,Ann\n")
    company.write("old.csv", "a\n1\n")
    company.load(own_tables=True)
    (company.folder / "sfa_reps.csv").unlink()
    (company.folder / "old.csv").unlink()
    assert "sfa_reps" in company.load()["missing_inputs"]
    names = "select table_name from information_schema.tables where table_schema = 'raw' order by 1"
    assert [name for (name,) in company.rows(names)] == ["erp_order_lines", "erp_orders", "erp_products", "erp_stores"]


def test_a_second_load_replaces_what_views_read(company):
    company.load()
    company.execute("create view on_it as select store_id from raw.erp_stores")
    company.write("erp_stores.csv", "store_id,store_name,channel\nS1,One,a\nS2,Two,b\n")
    assert company.load()["row_counts"]["erp_stores"] == 2


def rewrite(path: Path, content: str) -> None:
    """Other content of the same size, and the file as old as it was."""
    before = path.stat()
    path.write_text(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size and path.stat().st_mtime_ns == before.st_mtime_ns


def test_a_signature_follows_from_the_content(company, tmp_path):
    result = company.load()
    first = company.signatures()
    assert first.keys() == result["row_counts"].keys() == set(name.removesuffix(".csv") for name in COMPANY)
    # As old and as large as before, but for one digit.
    rewrite(company.folder / "erp_orders.csv", COMPANY["erp_orders.csv"].replace("-05", "-06"))
    # As it was, but written anew and somewhere else.
    company.folder = company.folder.rename(tmp_path / "moved")
    company.write("erp_stores.csv", COMPANY["erp_stores.csv"])
    assert company.load() == result
    second = company.signatures()
    assert {name for name in first if first[name] != second[name]} == {"erp_orders"}
    assert company.rows("select ordered_at from raw.erp_orders") == [("2024-01-06",)]


def test_a_signature_follows_from_how_files_are_read(company, monkeypatch):
    company.write("sfa_reps/a.csv", "rep_id,rep_name,email\nR1,Ann,\n")
    company.write("sfa_reps/b.csv", "rep_id,rep_name\nR2,Bob\n")
    company.load()
    seen = [company.signatures()["sfa_reps"]]
    company.write("sfa_reps/b.csv", "rep_name,rep_id\nR2,Bob\n")
    company.load()
    seen.append(company.signatures()["sfa_reps"])
    company.write("sfa_reps/c.csv", "rep_name,rep_id\n")
    company.load()
    seen.append(company.signatures()["sfa_reps"])
    without = dict(contract()["sfa_reps"].columns)
    del without["email"]
    changed = contract() | {"sfa_reps": load_sources.Table("sfa_reps", False, without, ("rep_id",))}
    monkeypatch.setattr(load_sources, "contract", lambda: changed)
    company.load()
    seen.append(company.signatures()["sfa_reps"])
    assert len(set(seen)) == 4


def test_signatures_of_what_is_read_and_of_nothing_else(company):
    company.write("sfa_reps.csv", "rep_id,rep_name\nR1,Ann\n")
    company.write("mine.csv", "a\n1\n")
    company.load(own_tables=True, build_schema="acme_build")
    assert {"sfa_reps", "mine", "erp_stores"} <= company.signatures("acme_build_refresh").keys()
    (company.folder / "sfa_reps.csv").unlink()
    company.load(from_models=["erp_stores"], own_tables=True, build_schema="acme_build")
    assert company.signatures("acme_build_refresh").keys() == {"erp_products", "erp_orders", "erp_order_lines", "mine"}
    options = dict(identifiers={}, from_models=(), own_tables=False, build_schema="acme_build")
    company.at_place(lambda place: offer(None, place, "raw", **options))
    assert company.signatures("acme_build_refresh") == {}


def test_a_load_that_fails_records_nothing(company):
    company.load()
    first = company.signatures()
    company.write("erp_orders.csv", COMPANY["erp_orders.csv"].replace("O1", "O2"))
    company.write("erp_stores.csv", COMPANY["erp_stores.csv"] + "S2\n")
    with pytest.raises(InputError):
        company.load()
    assert company.signatures() == first


def test_a_file_that_changes_while_it_is_read(company, monkeypatch):
    def hash_and_change(path):
        if path.name == "erp_orders.csv":
            company.write("erp_orders.csv", COMPANY["erp_orders.csv"] + "O2,S1,2024-01-06,placed\n")
        return "the same"

    company.load()
    first = company.signatures()
    monkeypatch.setattr(load_sources, "content_hash", hash_and_change)
    with pytest.raises(InputError, match="erp_orders.csv was changed while it was read"):
        company.load()
    assert company.signatures() == first


def test_a_server_copies_what_changed_and_nothing_else(server_company):
    tables = "select relname, oid::text from pg_class where relnamespace = 'raw'::regnamespace order by 1"
    server_company.write("sfa_reps.csv", "rep_id,rep_name\n")
    result = server_company.load()
    first = dict(server_company.rows(tables))
    server_company.execute("create view on_it as select store_id from raw.erp_stores")
    assert server_company.load() == result
    assert dict(server_company.rows(tables)) == first
    assert server_company.rows("select * from on_it") == [("S1",)]
    orders = server_company.folder / "erp_orders.csv"
    rewrite(orders, COMPANY["erp_orders.csv"].replace("-05", "-06"))
    assert server_company.load() == result
    second = dict(server_company.rows(tables))
    assert {name for name in first if first[name] != second[name]} == {"erp_orders"}
    assert server_company.rows("select ordered_at from raw.erp_orders") == [("2024-01-06",)]
    # What a crash of the server leaves of an unlogged table.
    server_company.execute("truncate raw.erp_orders")
    assert server_company.load() == result
    assert server_company.rows("select count(*) from raw.erp_orders") == [(1,)]
    # A table that does not say what it holds.
    server_company.execute(f"comment on table raw.erp_orders is '{MARK}'")
    server_company.load()
    third = dict(server_company.rows(tables))
    assert {name for name in first if first[name] != third[name]} == {"erp_orders"} and second != third


def test_unknown_file_is_a_remark(company):
    company.write("erp_complaint.csv", "complaint_id\n")
    company.write("readme.txt", "x")
    assert company.load()["remarks"] == [
        "erp_complaint.csv is not a table of the input contract and is not read (did you mean erp_complaints?)."
    ]


def test_a_quote_in_a_path(company, tmp_path):
    company.folder = company.folder.rename(tmp_path / "it's data")
    assert company.load()["row_counts"]["erp_stores"] == 1


def test_tables_that_models_deliver(company):
    (company.folder / "erp_stores.csv").unlink()
    company.write("erp_orders.csv", "anything\n1\n")
    delivered = ["erp_stores", "erp_orders", "sfa_visits"]
    result = company.load(from_models=delivered)
    assert not set(delivered) & {*result["missing_inputs"], *result["missing_columns"], *result["row_counts"]}
    assert result["remarks"] == ["erp_orders.csv is not read: a model delivers erp_orders (var inputs_from_models)."]
    result = company.load(from_models=delivered, own_tables=True)
    assert result["row_counts"]["erp_orders"] == 1
    assert company.rows("select anything from raw.erp_orders") == [("1",)]


def test_tables_of_ones_own(company):
    company.write("Store Master.csv", 'Kunnr;NAME 1;;select\n0001;"A;B";x;\n;"";;y\n')
    company.write("erp_complaint.csv", "complaint_id\n")
    company.parquet("sales.parquet", "select 7 as Units, date '2024-01-01' as Day")
    company.write("policy/schemes.csv", "a\n1\n")
    result = company.load(own_tables=True)
    assert {name: result["row_counts"][name] for name in ("store master", "sales", "erp_complaint")} == {
        "store master": 2,
        "sales": 1,
        "erp_complaint": 0,
    }
    assert result["files"]["sales"] == ["sales.parquet"]
    assert company.rows('select kunnr, "name 1", "select" from raw."store master" order by 1 nulls first') == [
        (None, None, "y"),
        ("0001", "A;B", None),
    ]
    assert company.rows("select units + 1 from raw.sales where day < date '2024-02-01'") == [(8,)]
    assert result["remarks"] == [
        "erp_complaint.csv is read as a table of its own (did you mean erp_complaints?).",
        "policy is not a table of the input contract and is not read.",
    ]
    company.write("sales.csv", "a\n")
    with pytest.raises(InputError, match="sales.csv and sales.parquet are all sales: keep one of them.$"):
        company.load(own_tables=True)


def test_a_server_keeps_tables_of_others(server_company):
    server_company.execute("create schema raw; create table raw.erp_stores as select 'kept' as store_id")
    server_company.execute("create table raw.other as select 1 as a")
    with pytest.raises(InputError, match=r"raw.erp_stores is in the database and was not loaded from files"):
        server_company.load()
    assert server_company.rows("select store_id from raw.erp_stores") == [("kept",)]
    server_company.load("raw_2")
    assert server_company.rows("select a from raw.other") == [(1,)]
    ((comment,),) = server_company.rows("select obj_description('raw_2.erp_stores'::regclass)")
    assert comment.startswith(MARK)


def test_a_failed_load_changes_nothing(server_company):
    server_company.load()
    server_company.write("erp_stores.csv", "store_id,store_name,channel\nS2,Two,a\nS3,Three,b\n")
    # Far beyond the first buffers, and after the stores were replaced.
    server_company.write(
        "sfa_visits.csv", "visit_id,store_id,rep_id,started_at,status\n" + "v,s,r,t,done\n" * 300_000 + "v,s\n"
    )
    with pytest.raises(InputError, match="sfa_visits.csv cannot be read to its end"):
        server_company.load()
    assert server_company.rows("select store_id from raw.erp_stores") == [("S1",)]


def test_a_value_that_postgres_cannot_hold(server_company):
    server_company.parquet("own.parquet", "select date '5880000-01-01' as day from range(300000)")
    with pytest.raises(InputError, match="own.parquet does not fit into PostgreSQL"):
        server_company.load(own_tables=True)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("erp_orders.csv", None, "erp_orders.csv (or .parquet) is missing"),
        ("erp_orders.csv", "order_id,store_id,status\n", "erp_orders.csv lacks the required column ordered_at"),
        ("erp_orders.csv", "order_id,store_id,order_at,status\n", "Is it the column order_at?"),
        ("sfa_reps.csv", "rep_id\nR1\n", "sfa_reps.csv lacks the required column rep_name"),
        ("erp_orders.csv", "", "erp_orders.csv is empty"),
        ("erp_orders.csv", "\n \n", "erp_orders.csv is empty"),
        ("erp_orders.csv", b"order_id\xff\xfe\n", "erp_orders.csv is not UTF-8"),
        ("erp_orders.csv", COMPANY["erp_orders.csv"] + "O2,S1\n", "erp_orders.csv cannot be read to its end"),
        ("erp_orders.csv", COMPANY["erp_orders.csv"] + "O2,S1,2024-01-01,placed,x\n", "erp_orders.csv cannot be read"),
        ("erp_orders.csv", COMPANY["erp_orders.csv"] + 'O2,"S1,2024-01-01,placed\n', "erp_orders.csv cannot be read"),
        ("erp_orders.csv", "order_id,Order_ID,store_id,ordered_at,status\n", "has column order_id twice"),
        ("erp_orders.parquet", b"PAR1", "erp_orders.csv and erp_orders.parquet are all erp_orders"),
        ("sfa_reps.parquet", b"PAR1 but cut off", "sfa_reps.parquet is not a readable Parquet file"),
        ("sfa_reps.parquet", b"", "sfa_reps.parquet is empty"),
        ("sfa_reps/notes.txt", "x", "sfa_reps/ holds no CSV or Parquet file"),
    ],
)
def test_one_clear_message(company, name, content, message):
    if content is None:
        (company.folder / name).unlink()
    else:
        company.write(name, content)
    with pytest.raises(InputError) as error:
        company.load()
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        load(tmp_path / "nowhere", tmp_path / "build.duckdb")


def found(company, schema="erp", identifiers=None, **options) -> dict:
    return company.at_place(lambda place: found_in_warehouse(place, schema, identifiers, **options))


def test_tables_that_are_there_already(company):
    company.load("erp")
    company.execute("create view erp.vw_stores as select *, 1 as more from erp.erp_stores")
    here = found(company, identifiers={"erp_stores": "vw_stores"})
    assert here == {name: company.load("other")[name] for name in ("missing_inputs", "missing_columns")}
    assert found(company, from_models=["erp_stores", "sfa_reps"])["missing_inputs"] == [
        name for name in here["missing_inputs"] if name != "sfa_reps"
    ]
    with pytest.raises(InputError, match=r"erp\.nothing is not in the warehouse: erp_stores is required"):
        found(company, identifiers={"erp_stores": "nothing"})
    with pytest.raises(InputError, match=r"nowhere\.erp_stores is not in the warehouse"):
        found(company, "nowhere")
    company.execute("create view erp.few as select store_id from erp.erp_stores")
    with pytest.raises(InputError, match=r"erp\.few lacks the required columns store_name, channel"):
        found(company, identifiers={"erp_stores": "few"})
