"""The tabular part of the polars contender: read, leave out repeated and deleted rows, join, group."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.dataframes import KPIS, Frames

STATUSES = ["placed", "invoiced", "cancelled", "returned"]
DAY = pl.duration(days=1)


def table(data: Path, name: str, columns: list[str]) -> pl.LazyFrame:
    """The columns of a table, decimals as doubles."""
    scanned = pl.scan_parquet(data / name / "*.parquet").select(*columns, "loaded_at", "is_deleted")
    return scanned.with_columns(pl.col(pl.Decimal).cast(pl.Float64), pl.col("is_deleted").fill_null(False))


def usable(frame: pl.LazyFrame, key: list[str], valid: pl.Expr | None = None) -> pl.LazyFrame:
    """The last row loaded of each key, unless it is a deletion."""
    if valid is not None:
        frame = frame.filter(valid.fill_null(True) | pl.col("is_deleted"))
    frame = frame.drop_nulls(key).collect(engine="streaming")
    repeated = frame.lazy().group_by(key).len().filter(pl.col("len") > 1).select(key)
    last = frame.lazy().join(repeated, on=key, how="semi").sort("loaded_at", maintain_order=True)
    single = frame.lazy().join(repeated, on=key, how="anti")
    last = last.unique(key, keep="last", maintain_order=True)
    return pl.concat([single, last]).filter(~pl.col("is_deleted")).collect(engine="streaming").lazy()


def known_since(frame: pl.LazyFrame, key: str) -> pl.LazyFrame:
    """When a member was first loaded; unknown where some row does not say."""
    complete = pl.col("loaded_at").count() == pl.len()
    since = pl.when(complete).then(pl.col("loaded_at").min())
    return frame.filter(~pl.col("is_deleted")).group_by(key).agg(since=since)


def month(column: str) -> pl.Expr:
    return (pl.col(column).dt.year() * 12 + pl.col(column).dt.month()).cast(pl.Int64)


def days(column: pl.Series) -> np.ndarray:
    return column.cast(pl.Date).to_numpy().astype("datetime64[D]")


def members(
    ids: list[pl.LazyFrame], masters: pl.LazyFrame, delivered: pl.LazyFrame, assigned: pl.LazyFrame
) -> pl.DataFrame:
    """All members in the order of their ids, with their masters, and since when they are known."""
    key = ids[0].collect_schema().names()[0]
    return (
        pl.concat(ids).drop_nulls().unique().sort(key).with_row_index("no")
        .join(masters.with_columns(has_master=True).drop("loaded_at"), on=key, how="left")
        .join(known_since(delivered, key).rename({"since": "by_master"}), on=key, how="left")
        .join(known_since(assigned, key).rename({"since": "by_assignment"}), on=key, how="left")
        .with_columns(since=pl.when(pl.col("has_master")).then("by_master").otherwise("by_assignment"))
        .sort(key).collect()
    )  # fmt: skip


def read(data: Path, as_of: dt.date) -> Frames:
    end = dt.datetime.combine(as_of, dt.time()) + dt.timedelta(days=1)
    store_master = table(data, "erp_stores", ["store_id", "channel", "opened_on", "closed_on", "customer_since"])
    rep_master = table(data, "sfa_reps", ["rep_id", "hired_on", "left_on"])
    assigned = table(data, "sfa_store_assignments", ["store_id", "rep_id", "valid_from", "valid_to"])
    assignments = usable(assigned, ["store_id", "rep_id", "valid_from"])
    products = usable(
        table(data, "erp_products", ["product_id", "product_group", "brand", "category"]), ["product_id"]
    ).collect()

    in_time = (pl.col("ordered_at") <= pl.col("loaded_at") + DAY).fill_null(True)
    orders = usable(
        table(data, "erp_orders", ["order_id", "store_id", "ordered_at", "status", "rep_id"]),
        ["order_id"],
        pl.col("ordered_at").is_not_null() & pl.col("status").is_in(STATUSES).fill_null(False) & in_time,
    )
    lines = table(data, "erp_order_lines", ["order_id", "line_number", "product_id", "net_amount"])
    lines = usable(lines, ["order_id", "line_number"], pl.col("net_amount").is_not_null())
    documents = orders.filter(pl.col("status") != "cancelled", pl.col("ordered_at") < end)
    documents = documents.with_columns(month=month("ordered_at"))
    lines = lines.join(documents.select("order_id", "status", "ordered_at", "month"), on="order_id")
    lines = lines.filter((pl.col("status") != "returned") | (pl.col("net_amount") < 0))
    lines = (
        lines.select("order_id", "product_id", "net_amount", "ordered_at", "month").collect(engine="streaming").lazy()
    )
    net = lines.group_by("order_id").agg(net=pl.col("net_amount").sum())
    documents = (
        documents.join(net, on="order_id", how="left")
        .with_columns(pl.col("net").fill_null(0.0))
        .with_columns(orders=(pl.col("net") > 0) & pl.col("status").is_in(["placed", "invoiced"]))
        .drop("order_id").collect(engine="streaming").lazy()
    )  # fmt: skip
    by_product = (
        lines.group_by("product_id", "month").agg(net=pl.col("net_amount").sum(), first_on=pl.col("ordered_at").min())
    ).collect(engine="streaming")  # fmt: skip
    del lines

    stores = members(
        [frame.select("store_id") for frame in (store_master, assignments, documents)],
        usable(store_master, ["store_id"]), store_master, assigned,
    )  # fmt: skip
    reps = members(
        [frame.select("rep_id") for frame in (rep_master, assignments, documents)],
        usable(rep_master, ["rep_id"]), rep_master, assigned,
    )  # fmt: skip
    store_no = stores.lazy().select("store_id", pl.col("no").cast(pl.Int64))
    rep_no = reps.lazy().select("rep_id", rep=pl.col("no").cast(pl.Int64))
    sales = (
        documents.group_by("store_id", "month")
        .agg(pl.col("net").sum(), pl.col("orders").sum(), first_on=pl.col("ordered_at").min())
        .join(store_no, on="store_id").sort("no", "month").collect()
    )  # fmt: skip
    by_rep = documents.group_by("rep_id").agg(first=pl.col("ordered_at").min(), last=pl.col("month").max())
    reps = reps.lazy().join(by_rep, on="rep_id", how="left").sort("rep_id").collect()

    visits = usable(
        table(data, "sfa_visits", ["visit_id", "store_id", "started_at", "status"]),
        ["visit_id"],
        pl.col("started_at").is_not_null()
        & pl.col("status").is_in(["done", "missed", "cancelled"]).fill_null(False)
        & (pl.col("started_at") <= pl.col("loaded_at") + DAY).fill_null(True),
    )
    done = (
        visits.filter(pl.col("status") == "done", pl.col("started_at") < end).with_columns(month=month("started_at"))
        .join(store_no, on="store_id", how="left").with_row_index("visit").collect()
    )  # fmt: skip
    contacts = (
        usable(
            table(data, "crm_interactions", ["interaction_id", "store_id", "occurred_at"]),
            ["interaction_id"],
            pl.col("occurred_at").is_not_null() & (pl.col("occurred_at") <= pl.col("loaded_at") + DAY).fill_null(True),
        )
        .filter(pl.col("occurred_at") < end)
        .with_columns(month=month("occurred_at"))
    )
    contacted = (
        pl.concat([done.lazy().select("store_id", "month"), contacts.select("store_id", "month")])
        .group_by("store_id", "month").len("contacts").join(store_no, on="store_id").collect()
    )  # fmt: skip
    answers = (
        usable(
            table(data, "sfa_audit_answers", ["visit_id", "kpi", "value"]), ["visit_id", "kpi"],
            pl.col("value").is_not_null(),
        )
        .join(done.lazy().select("visit_id", "visit"), on="visit_id")
        .join(pl.LazyFrame({"kpi": KPIS, "kpi_no": range(len(KPIS))}), on="kpi")
        .select("visit", "kpi_no", "value").collect(engine="streaming")
    )  # fmt: skip
    attributes = (
        usable(
            table(data, "sfa_store_attributes", ["store_id", "attribute", "value", "recorded_at"]),
            ["store_id", "attribute", "recorded_at"],
            (pl.col("recorded_at") <= pl.col("loaded_at") + DAY).fill_null(True),
        )
        .filter(pl.col("recorded_at") < end).with_columns(month=month("recorded_at"))
        .join(store_no, on="store_id").collect()
    )  # fmt: skip
    manual = table(
        data, "crm_manual_segments", ["entity_type", "entity_id", "scheme", "segment", "valid_from", "valid_to"]
    )
    manual = (
        usable(manual, ["entity_type", "entity_id", "scheme", "valid_from"]).filter(pl.col("entity_type") == "store")
        .join(store_no, left_on="entity_id", right_on="store_id").collect()
    )  # fmt: skip
    given = assignments.join(store_no, on="store_id").join(rep_no, on="rep_id").collect()

    return Frames(
        stores={
            "id": stores["store_id"].to_numpy().astype(object), "channel": stores["channel"].to_numpy().astype(object),
            "opened_on": days(stores["opened_on"]), "closed_on": days(stores["closed_on"]),
            "customer_since": days(stores["customer_since"]), "known_since": stores["since"].to_numpy().astype("datetime64[s]"),
        },
        store_sales={
            "store": sales["no"].to_numpy(), "month": sales["month"].to_numpy(), "net": sales["net"].to_numpy(),
            "orders": sales["orders"].to_numpy().astype(float), "first_on": days(sales["first_on"]),
        },
        contacts={
            "store": contacted["no"].to_numpy(), "month": contacted["month"].to_numpy(),
            "contacts": contacted["contacts"].to_numpy().astype(float),
        },
        attributes={
            "store": attributes["no"].to_numpy(), "attribute": attributes["attribute"].to_numpy().astype(object),
            "month": attributes["month"].to_numpy(), "recorded_at": attributes["recorded_at"].to_numpy(),
            "value": attributes["value"].to_numpy().astype(object),
        },
        visits={"store": done["no"].fill_null(-1).to_numpy(), "month": done["month"].to_numpy()},
        answers={
            "visit": answers["visit"].to_numpy(), "kpi": answers["kpi_no"].to_numpy(), "value": answers["value"].to_numpy(),
        },
        product_sales={
            "product_id": by_product["product_id"].to_numpy().astype(object), "month": by_product["month"].to_numpy(),
            "net": by_product["net"].to_numpy(), "first_on": days(by_product["first_on"]),
        },
        products={
            name: products[name].to_numpy().astype(object)
            for name in ("product_id", "product_group", "brand", "category")
        },
        reps={
            "id": reps["rep_id"].to_numpy().astype(object), "hired_on": days(reps["hired_on"]), "left_on": days(reps["left_on"]),
            "known_since": reps["since"].to_numpy().astype("datetime64[s]"), "first_document": days(reps["first"]),
            "last_document": reps["last"].fill_null(-(10**6)).to_numpy(),
        },
        assignments={
            "store": given["no"].to_numpy(), "rep": given["rep"].to_numpy(),
            "valid_from": days(given["valid_from"]), "valid_to": days(given["valid_to"]),
        },
        overrides={
            "store": manual["no"].to_numpy(), "scheme": manual["scheme"].to_numpy().astype(object),
            "segment": manual["segment"].to_numpy().astype(object), "valid_from": days(manual["valid_from"]),
            "valid_to": days(manual["valid_to"]), "loaded_at": manual["loaded_at"].to_numpy(),
        },
    )  # fmt: skip
