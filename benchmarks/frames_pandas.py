"""The tabular part of the pandas contender: read, leave out repeated and deleted rows, join, group."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.dataframes import KPIS, Frames

STATUSES = ["placed", "invoiced", "cancelled", "returned"]
DAY = pd.Timedelta(days=1)


def table(data: Path, name: str, columns: list[str]) -> pd.DataFrame:
    """The columns of a table, decimals as doubles."""
    read = pq.read_table(data / name, columns=[*columns, "loaded_at", "is_deleted"])
    types = [pa.float64() if pa.types.is_decimal(field.type) else field.type for field in read.schema]
    return read.cast(pa.schema(list(zip(read.schema.names, types)))).to_pandas()


def usable(frame: pd.DataFrame, key: list[str], valid: pd.Series | None = None) -> pd.DataFrame:
    """The last row loaded of each key, unless it is a deletion."""
    frame = frame.assign(is_deleted=frame["is_deleted"].fillna(False).astype(bool))
    if valid is not None:
        frame = frame[valid | frame["is_deleted"]]
    frame = frame.dropna(subset=key)
    repeated = frame.duplicated(key, keep=False)
    last = frame[repeated].sort_values("loaded_at", kind="stable").drop_duplicates(key, keep="last")
    frame = pd.concat([frame[~repeated], last])
    return frame[~frame["is_deleted"]]


def known_since(frame: pd.DataFrame, key: str) -> pd.Series:
    """When a member was first loaded; unknown where some row does not say."""
    grouped = frame[~frame["is_deleted"].fillna(False).astype(bool)].groupby(key)["loaded_at"]
    return grouped.min().where(grouped.count() == grouped.size())


def month(days: pd.Series) -> pd.Series:
    return days.dt.year * 12 + days.dt.month


def days(column: pd.Series) -> np.ndarray:
    return pd.to_datetime(column).to_numpy("datetime64[D]")


def read(data: Path, as_of: dt.date) -> Frames:
    end = pd.Timestamp(as_of) + DAY
    store_master = table(data, "erp_stores", ["store_id", "channel", "opened_on", "closed_on", "customer_since"])
    stores = usable(store_master, ["store_id"])
    rep_master = table(data, "sfa_reps", ["rep_id", "hired_on", "left_on"])
    reps = usable(rep_master, ["rep_id"])
    assigned = table(data, "sfa_store_assignments", ["store_id", "rep_id", "valid_from", "valid_to"])
    assignments = usable(assigned, ["store_id", "rep_id", "valid_from"])
    products = usable(table(data, "erp_products", ["product_id", "product_group", "brand", "category"]), ["product_id"])

    orders = table(data, "erp_orders", ["order_id", "store_id", "ordered_at", "status", "rep_id"])
    late = orders["ordered_at"] > orders["loaded_at"] + DAY
    orders = usable(orders, ["order_id"], orders["ordered_at"].notna() & orders["status"].isin(STATUSES) & ~late)
    lines = table(data, "erp_order_lines", ["order_id", "line_number", "product_id", "net_amount"])
    known = lines["net_amount"].notna() & lines["order_id"].isin(orders["order_id"])
    lines = usable(lines, ["order_id", "line_number"], known)
    documents = orders[(orders["status"] != "cancelled") & (orders["ordered_at"] < end)].copy()
    documents["month"] = month(documents["ordered_at"])
    lines = lines.merge(documents[["order_id", "status", "ordered_at", "month"]], on="order_id")
    lines = lines[(lines["status"] != "returned") | (lines["net_amount"] < 0)]
    net = lines.groupby("order_id")["net_amount"].sum()
    documents["net"] = documents["order_id"].map(net).fillna(0.0)
    documents["orders"] = (documents["net"] > 0) & documents["status"].isin(["placed", "invoiced"])

    store_ids = (
        pd.Index(stores["store_id"])
        .union(assignments["store_id"].unique())
        .union(documents["store_id"].dropna().unique())
    )
    store_ids = store_ids.sort_values()
    masters = stores.set_index("store_id").reindex(store_ids)
    since = known_since(assigned, "store_id").reindex(store_ids)
    since = since.where(masters["loaded_at"].isna(), known_since(store_master, "store_id").reindex(store_ids))
    sales = documents.groupby(["store_id", "month"]).agg(
        net=("net", "sum"), orders=("orders", "sum"), first_on=("ordered_at", "min")
    ).reset_index()  # fmt: skip

    rep_ids = (
        pd.Index(reps["rep_id"]).union(assignments["rep_id"].unique()).union(documents["rep_id"].dropna().unique())
    )
    rep_ids = rep_ids.sort_values()
    rep_masters = reps.set_index("rep_id").reindex(rep_ids)
    rep_since = known_since(assigned, "rep_id").reindex(rep_ids)
    rep_since = rep_since.where(rep_masters["loaded_at"].isna(), known_since(rep_master, "rep_id").reindex(rep_ids))
    by_rep = documents.groupby("rep_id").agg(first=("ordered_at", "min"), last=("month", "max")).reindex(rep_ids)

    visits = table(data, "sfa_visits", ["visit_id", "store_id", "started_at", "status"])
    late = visits["started_at"] > visits["loaded_at"] + DAY
    valid = visits["started_at"].notna() & visits["status"].isin(["done", "missed", "cancelled"]) & ~late
    visits = usable(visits, ["visit_id"], valid)
    done = visits[(visits["status"] == "done") & (visits["started_at"] < end)].reset_index(drop=True)
    done["month"] = month(done["started_at"])
    contacts = table(data, "crm_interactions", ["interaction_id", "store_id", "occurred_at"])
    late = contacts["occurred_at"] > contacts["loaded_at"] + DAY
    contacts = usable(contacts, ["interaction_id"], contacts["occurred_at"].notna() & ~late)
    contacts = contacts[contacts["occurred_at"] < end].assign(month=lambda frame: month(frame["occurred_at"]))
    contacted = pd.concat([done[["store_id", "month"]], contacts[["store_id", "month"]]])
    contacted = contacted.groupby(["store_id", "month"]).size().rename("contacts").reset_index()

    answers = table(data, "sfa_audit_answers", ["visit_id", "kpi", "value"])
    answers = usable(
        answers, ["visit_id", "kpi"], answers["value"].notna() & answers["visit_id"].isin(visits["visit_id"])
    )
    answers["visit"] = pd.Index(done["visit_id"]).get_indexer(answers["visit_id"])
    answers = answers[answers["visit"] >= 0]
    attributes = table(data, "sfa_store_attributes", ["store_id", "attribute", "value", "recorded_at"])
    late = attributes["recorded_at"] > attributes["loaded_at"] + DAY
    attributes = usable(attributes, ["store_id", "attribute", "recorded_at"], ~late)
    attributes = attributes[attributes["recorded_at"] < end]
    manual = table(
        data, "crm_manual_segments", ["entity_type", "entity_id", "scheme", "segment", "valid_from", "valid_to"]
    )
    manual = usable(manual, ["entity_type", "entity_id", "scheme", "valid_from"])
    manual = manual[manual["entity_type"] == "store"]
    by_product = lines.groupby(["product_id", "month"], dropna=False).agg(
        net=("net_amount", "sum"), first_on=("ordered_at", "min")
    ).reset_index()  # fmt: skip

    def store(column: pd.Series) -> np.ndarray:
        return store_ids.get_indexer(column)

    def texts(column: pd.Series) -> np.ndarray:
        return column.astype(object).where(column.notna(), None).to_numpy()

    return Frames(
        stores={
            "id": store_ids.to_numpy(object), "channel": texts(masters["channel"]), "opened_on": days(masters["opened_on"]),
            "closed_on": days(masters["closed_on"]), "customer_since": days(masters["customer_since"]),
            "known_since": since.to_numpy("datetime64[s]"),
        },
        store_sales={
            "store": store(sales["store_id"]), "month": sales["month"].to_numpy(), "net": sales["net"].to_numpy(),
            "orders": sales["orders"].to_numpy(float), "first_on": days(sales["first_on"]),
        },
        contacts={
            "store": store(contacted["store_id"]), "month": contacted["month"].to_numpy(),
            "contacts": contacted["contacts"].to_numpy(float),
        },
        attributes={
            "store": store(attributes["store_id"]), "attribute": texts(attributes["attribute"]),
            "month": month(attributes["recorded_at"]).to_numpy(),
            "recorded_at": attributes["recorded_at"].to_numpy(), "value": texts(attributes["value"]),
        },
        visits={"store": store(done["store_id"]), "month": done["month"].to_numpy()},
        answers={
            "visit": answers["visit"].to_numpy(), "kpi": pd.Index(KPIS).get_indexer(answers["kpi"]),
            "value": answers["value"].to_numpy(float),
        },
        product_sales={
            "product_id": texts(by_product["product_id"]), "month": by_product["month"].to_numpy(),
            "net": by_product["net"].to_numpy(), "first_on": days(by_product["first_on"]),
        },
        products={name: texts(products[name]) for name in ("product_id", "product_group", "brand", "category")},
        reps={
            "id": rep_ids.to_numpy(object), "hired_on": days(rep_masters["hired_on"]), "left_on": days(rep_masters["left_on"]),
            "known_since": rep_since.to_numpy("datetime64[s]"), "first_document": days(by_rep["first"]),
            "last_document": by_rep["last"].fillna(-(10**6)).to_numpy(int),
        },
        assignments={
            "store": store(assignments["store_id"]), "rep": rep_ids.get_indexer(assignments["rep_id"]),
            "valid_from": days(assignments["valid_from"]), "valid_to": days(assignments["valid_to"]),
        },
        overrides={
            "store": store(manual["entity_id"]), "scheme": texts(manual["scheme"]), "segment": texts(manual["segment"]),
            "valid_from": days(manual["valid_from"]), "valid_to": days(manual["valid_to"]),
            "loaded_at": manual["loaded_at"].to_numpy(),
        },
    )  # fmt: skip
