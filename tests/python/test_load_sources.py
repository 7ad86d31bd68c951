"""The loader: files in, views out, and one clear message for what cannot be used."""

import duckdb
import pytest

from scripts.load_sources import InputError, contract, load

COMPANY = {
    "erp_stores.csv": "store_id,store_name,channel\nS1,One,traditional\n",
    "erp_products.csv": "product_id,product_name,product_group,brand,category\nP1,Cola,G,B,C\n",
    "erp_orders.csv": "order_id,store_id,ordered_at,status\nO1,S1,2024-01-05,placed\n",
    "erp_order_lines.csv": "order_id,line_number,product_id,quantity,net_amount\nO1,1,P1,2,10.50\n",
}


@pytest.fixture
def company(tmp_path):
    """A folder with the least that a company delivers, and a function that writes more into it."""
    folder = tmp_path / "data"
    folder.mkdir()

    def write(name, content):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    for name, content in COMPANY.items():
        write(name, content)
    return folder, write


def loaded(folder, schema="raw"):
    return load(folder, folder.parent / "build.duckdb", schema)


def rows(folder, sql):
    with duckdb.connect(str(folder.parent / "build.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def parquet(path, select):
    with duckdb.connect() as connection:
        connection.execute(f"copy ({select}) to '{path}' (format parquet)")


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
    folder, _ = company
    result = loaded(folder)
    assert len(result["missing_inputs"]) == 17
    assert result["missing_columns"]["erp_order_lines"] == ["discount_amount", "loaded_at", "is_deleted"]
    assert result["row_counts"] == {"erp_stores": 1, "erp_products": 1, "erp_orders": 1, "erp_order_lines": 1}
    assert result["remarks"] == []
    assert rows(folder, "select * from raw.erp_order_lines") == [("O1", "1", "P1", "2", "10.50")]


def test_csv_as_people_write_it(company):
    folder, write = company
    write("erp_stores.csv", '\ufeffChannel , STORE_ID,notes,"store_name",\r\nx, 007 ,"a, b","Say ""hi""\r\nthere",\r\n')
    result = loaded(folder)
    assert rows(folder, "select store_id, store_name, channel from raw.erp_stores") == [
        (" 007 ", 'Say "hi"\r\nthere', "x")
    ]
    assert result["row_counts"]["erp_stores"] == 1


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters(company, delimiter):
    folder, write = company
    write("erp_stores.csv", COMPANY["erp_stores.csv"].replace(",", delimiter))
    loaded(folder)
    assert rows(folder, "select * from raw.erp_stores") == [("S1", "One", "traditional")]


def test_header_alone_is_no_rows(company):
    folder, write = company
    write("sfa_reps.csv", "rep_id,rep_name")
    assert loaded(folder)["row_counts"]["sfa_reps"] == 0


def test_parquet_and_parts(company):
    folder, write = company
    (folder / "erp_orders.csv").unlink()
    parquet(
        folder / "erp_orders.parquet",
        "select 1 as ORDER_ID, 'S1' as store_id, timestamp '2024-01-05' as ordered_at, 'placed' as status",
    )
    (folder / "erp_order_lines.csv").unlink()
    write("erp_order_lines/2024-01.csv", COMPANY["erp_order_lines.csv"])
    write(
        "erp_order_lines/2024-02.csv",
        "net_amount,discount_amount,order_id,line_number,product_id,quantity\n5,1,O1,2,P1,1\n",
    )
    result = loaded(folder)
    assert result["row_counts"]["erp_order_lines"] == 2
    assert result["missing_columns"]["erp_order_lines"] == ["loaded_at", "is_deleted"]
    assert rows(folder, "select line_number, net_amount, discount_amount from raw.erp_order_lines order by 1") == [
        ("1", "10.50", None),
        ("2", "5", "1"),
    ]
    assert rows(folder, "select typeof(ordered_at) from raw.erp_orders") == [("TIMESTAMP",)]


def test_vanished_tables_leave_no_view(company):
    folder, write = company
    write("sfa_reps.csv", "rep_id,rep_name\nR1,Ann\n")
    loaded(folder)
    (folder / "sfa_reps.csv").unlink()
    assert "sfa_reps" in loaded(folder)["missing_inputs"]
    assert rows(folder, "select count(*) from information_schema.tables where table_name = 'sfa_reps'") == [(0,)]


def test_unknown_file_is_a_remark(company):
    folder, write = company
    write("erp_complaint.csv", "complaint_id\n")
    write("readme.txt", "x")
    assert loaded(folder)["remarks"] == [
        "erp_complaint.csv is not a table of the input contract and is not read (did you mean erp_complaints?)."
    ]


def test_a_quote_in_a_path(company, tmp_path):
    folder, _ = company
    other = folder.rename(tmp_path / "it's data")
    assert loaded(other)["row_counts"]["erp_stores"] == 1


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
    folder, write = company
    if content is None:
        (folder / name).unlink()
    else:
        write(name, content)
    with pytest.raises(InputError) as error:
        loaded(folder)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        load(tmp_path / "nowhere", tmp_path / "build.duckdb")
