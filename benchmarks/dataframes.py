"""What a user would write instead: the same segments with pandas, or with polars.

    python -m benchmarks.dataframes pandas|polars DATA_DIR OUT.parquet AS_OF_DATE

As a good user of each would write it: binary floats, the schemes and thresholds of the default policy in the
code, hysteresis by a loop over the periods of NumPy matrices (entity x period), as neither library has an
expression for it. Reading, removing repeated and deleted rows, joining and grouping are the library's
(`frames_pandas.py`, `frames_polars.py`). Nothing is put on record: no ledger, no evidence, no reasons, and
no metrics but those that the rules read. Of the default policy's fifteen schemes they compute the seven of the
core: value, perfect_store, lifecycle, display; portfolio; abc, sales_threshold (no scores, points, service or
promotion). The result is one row per entity, scheme and period with its computed segment.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer

CLOSING_LAG = 3
SETS = {
    "DEFAULT": ((40, 10, 0, 2, None, None), (0.05,), (1,)),
    "modern": ((50, 20, 0, 1, None, None), (0.02,), (1, 3)),
    "LARGE-3PLUS-HIGH": ((45, 15, 0, 1, None, None), (0.03,), (1, 4)),
}
KPIS = ("facing_share", "assortment_count", "price_gap", "out_of_stock_count", "pos_material", "fridge_clean")
WEIGHTS = np.array([30, 25, 15, 10, 10, 10], float)
MUST_HAVE_CAP = 59
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass
class Frames:
    """What the libraries hand over: columns as NumPy arrays; an index of -1 or less means none."""

    stores: dict[str, np.ndarray]  # id, channel, opened_on, closed_on, customer_since, known_since
    store_sales: dict[str, np.ndarray]  # store, month, net, orders, first_on
    contacts: dict[str, np.ndarray]  # store, month, contacts
    attributes: dict[str, np.ndarray]  # store, attribute, month, recorded_at, value
    visits: dict[str, np.ndarray]  # store, month: by number of the visit
    answers: dict[str, np.ndarray]  # visit, kpi, value
    product_sales: dict[str, np.ndarray]  # product_id, month, net, first_on
    products: dict[str, np.ndarray]  # product_id, product_group, brand, category
    reps: dict[str, np.ndarray]  # id, hired_on, left_on, known_since, first_document, last_document
    assignments: dict[str, np.ndarray]  # store, rep, valid_from, valid_to
    overrides: dict[str, np.ndarray]  # store, scheme, segment, valid_from, valid_to, loaded_at


def months(days: np.ndarray) -> np.ndarray:
    """12 x year + month of days; a missing day is far in the past."""
    index = days.astype("datetime64[M]").astype(np.int64) + 1970 * 12 + 1
    return np.where(np.isnat(days), -(10**6), index)


# --- hysteresis ---------------------------------------------------------------------------------


def schmitt(values, alive, holds, enter, leave=None, enter_after=1, exit_after=1, expire_after=None) -> np.ndarray:
    """The state of one condition; `values` and `alive` are entity x period, thresholds one per entity."""
    leave = enter if leave is None else leave
    met = np.zeros(alive.shape, bool)
    state = np.zeros(len(alive), bool)
    qualifying, failing, unobserved = (np.zeros(len(alive), int) for _ in range(3))
    for period in range(alive.shape[1]):
        value, on = values[:, period], alive[:, period]
        seen = ~np.isnan(value)
        with np.errstate(invalid="ignore"):
            qualifies, fails = seen & holds(value, enter), seen & ~holds(value, leave)
        qualifying = np.where(seen, np.where(qualifies, qualifying + 1, 0), qualifying)
        failing = np.where(seen, np.where(fails, failing + 1, 0), failing)
        unobserved = np.where(seen, 0, unobserved + 1)
        state = np.where(qualifies & (qualifying >= enter_after), True, state & ~(fails & (failing >= exit_after)))
        if expire_after:
            expired = unobserved >= expire_after
            state, qualifying, failing = state & ~expired, qualifying * ~expired, failing * ~expired
        for memory in (state, qualifying, failing, unobserved):
            memory[~on] = 0
        met[:, period] = state
    return met


def settle(candidates: np.ndarray, alive: np.ndarray, min_stay: int = 0) -> np.ndarray:
    """The computed segment from the candidate and the minimum stay."""
    if not min_stay:
        return candidates
    computed = candidates.copy()
    changed = np.full(len(alive), -(10**6))
    for period in range(1, alive.shape[1]):
        goes_on = alive[:, period] & alive[:, period - 1]
        differs = goes_on & (candidates[:, period] != computed[:, period - 1])
        moves = differs & (period >= changed + min_stay)
        computed[:, period] = np.where(goes_on & ~moves, computed[:, period - 1], candidates[:, period])
        changed = np.where(moves, period, changed)
    return computed


def highest(alive: np.ndarray, *met: np.ndarray) -> np.ndarray:
    """The last of the segments that holds, else the default (0)."""
    segment = np.zeros(alive.shape, np.int8)
    for number, held in enumerate(met, 1):
        segment[held] = number
    return segment


def at_least(value, threshold):
    return value >= threshold


def below(value, threshold):
    return value < threshold


# --- matrices of entity x period ----------------------------------------------------------------


def matrix(shape, rows, columns, values, empty=0.0) -> np.ndarray:
    made = np.full(shape, empty)
    inside = (rows >= 0) & (columns >= 0) & (columns < shape[1])
    made[rows[inside], columns[inside]] = values[inside]
    return made


def trailing(values: np.ndarray, length: int) -> np.ndarray:
    total = values.copy()
    for back in range(1, length):
        total[:, back:] += values[:, :-back]
    return total


def share_above(values: np.ndarray, alive: np.ndarray) -> np.ndarray:
    """The share of revenue of those ranked before, period by period; ties in the order of ids."""
    shares = np.ones(values.shape)
    for period in range(values.shape[1]):
        positive = np.flatnonzero(alive[:, period] & (values[:, period] > 0))
        ranked = positive[np.argsort(-values[positive, period], kind="stable")]
        value = values[ranked, period]
        if len(value):
            shares[ranked, period] = (np.cumsum(value) - value) / value.sum()
    return shares


def alive_between(first: np.ndarray, last: np.ndarray, width: int) -> np.ndarray:
    columns = np.arange(width)
    return (columns >= first[:, None]) & (columns <= last[:, None])


def by_hand(frames: Frames, scheme: str, shape: tuple[int, int], start: int) -> np.ndarray:
    """The manual segment in force at the end of each period."""
    lines = frames.overrides
    made = np.full(shape, None, object)
    for row in np.lexsort((lines["segment"].astype(str), lines["loaded_at"], lines["valid_from"])):
        if lines["scheme"][row] != scheme or lines["store"][row] < 0:
            continue
        first, last = (months(lines[column][row : row + 1])[0] - start for column in ("valid_from", "valid_to"))
        end = shape[1] if np.isnat(lines["valid_to"][row]) else last
        made[lines["store"][row], max(first, 0) : max(end, 0)] = lines["segment"][row]
    return made


# --- the schemes --------------------------------------------------------------------------------


def segments(frames: Frames, as_of: dt.date) -> list[tuple[str, str, np.ndarray, np.ndarray, np.ndarray, list[str]]]:
    """(entity type, scheme, ids, alive, segment numbers, segment names) of each scheme."""
    start = int(frames.store_sales["month"].min())
    today = np.datetime64(as_of)
    running = int(months(np.array([today]))[0])
    width = running - start + 1
    # the last period that has closed
    while (
        np.datetime64(f"{(start + width - 1) // 12:04d}-{(start + width - 1) % 12 + 1:02d}-01") - 1 + CLOSING_LAG
        >= today
    ):
        width -= 1

    stores, sales = frames.stores, frames.store_sales
    count = len(stores["id"])
    known = sales["store"] >= 0
    first_on = np.full(count, np.datetime64("NaT"), "datetime64[D]")
    order = np.argsort(sales["month"][known], kind="stable")[::-1]
    first_on[sales["store"][known][order]] = sales["first_on"][known][order].astype("datetime64[D]")
    last_sold = np.full(count, -(10**6))
    np.maximum.at(last_sold, sales["store"][known], sales["month"][known])
    begins = np.fmin(np.fmin(stores["opened_on"], stores["customer_since"]), first_on)
    begins = np.where(np.isnat(begins), stores["known_since"].astype("datetime64[D]"), begins)
    first, last = life(begins, stores["closed_on"], last_sold, today, start, width)
    alive = alive_between(first, last, width)
    shape = alive.shape

    columns = sales["month"] - start
    net = matrix(shape, sales["store"], columns, sales["net"]) * alive
    orders = matrix(shape, sales["store"], columns, sales["orders"]) * alive
    contacts = frames.contacts
    contacted = trailing(matrix(shape, contacts["store"], contacts["month"] - start, contacts["contacts"]) * alive, 12)
    found = []

    # value: mean order and two orders, or the whole quarter, against the store's own channel
    quarter, orders_quarter = trailing(net, 3), trailing(orders, 3)
    mean = np.divide(quarter, orders_quarter, out=np.zeros(shape), where=orders_quarter > 0)
    factor = np.select([stores["channel"] == "traditional", stores["channel"] == "modern"], [500, 5000], 1000)
    volume = np.select([stores["channel"] == "traditional", stores["channel"] == "modern"], [3000, 30000], 6000)
    top_volume = np.select([stores["channel"] == "traditional", stores["channel"] == "modern"], [10000, 100000], 20000)
    often = orders_quarter >= 2
    silver = schmitt(mean, alive, at_least, factor, factor * 0.9, exit_after=2) & often
    silver |= schmitt(quarter, alive, at_least, volume, volume * 0.9, exit_after=2)
    gold = schmitt(mean, alive, at_least, factor * 3, factor * 2.7, exit_after=2) & often
    gold |= schmitt(quarter, alive, at_least, top_volume, top_volume * 0.9, exit_after=2)
    value = settle(highest(alive, silver, gold), alive, 3)
    found.append(("store", "value", stores["id"], alive, value, ["BRONZE", "SILVER", "GOLD"]))

    # display, then the audits that depend on it
    display, names = display_profiles(frames, alive, first, start)
    traditional = (stores["channel"] == "traditional")[:, None] & alive
    found.append(("store", "display", stores["id"], traditional, display, names))
    profile = np.array(names, object)[display]
    profile[~traditional] = None
    hand = by_hand(frames, "display", shape, start)
    profile = np.where((hand != None) & traditional, hand, profile)  # noqa: E711
    score = perfect_store_scores(frames, alive, profile, stores["channel"], start)
    top = schmitt(score, alive, at_least, 80.0, 72.0, expire_after=6)
    found.append(("store", "perfect_store", stores["id"], alive, highest(alive, top), ["STANDARD", "TOP"]))

    # lifecycle
    ordered = np.where(orders > 0, np.arange(width), -(10**6))
    last_order = np.maximum.accumulate(ordered, axis=1)
    has_first = (orders > 0).any(axis=1)
    first_order = np.where(has_first, (orders > 0).argmax(axis=1), 10**6)
    customer = np.where(np.isnat(stores["customer_since"]), 10**6, months(stores["customer_since"]) - start)
    since = np.minimum(first_order, customer)
    has_ordered = np.arange(width) >= since[:, None]
    is_known = (customer < 10**6) | (has_first & (first_order >= 3))
    new = has_ordered & is_known[:, None] & (np.arange(width) - since[:, None] <= 2)
    since_last = np.where(last_order >= 0, last_order, np.maximum(customer, 0)[:, None])
    lost = has_ordered & (np.arange(width) - since_last >= 12)
    share = share_above(trailing(net, 12), alive)
    key = schmitt(share, alive, below, 0.80, 0.85)
    lifecycle = highest(alive, ~has_ordered & (contacted >= 1), has_ordered, key, new, lost)
    names = ["PROSPECT", "POTENTIAL", "ACTIVE", "KEY", "NEW", "LOST"]
    found.append(("store", "lifecycle", stores["id"], alive, lifecycle, names))

    # reps: the share of their clients that are Perfect Stores
    hand = by_hand(frames, "lifecycle", shape, start)
    client = np.where(hand == None, np.isin(lifecycle, (2, 3, 4)), np.isin(hand, ("NEW", "ACTIVE", "KEY"))) & alive  # noqa: E711
    hand = by_hand(frames, "perfect_store", shape, start)
    is_top = np.where(hand == None, top, hand == "TOP")  # noqa: E711
    found.append(portfolio(frames, client, is_top.astype(bool), today, start, width))
    return found + product_groups(frames, start, width)


def life(begins, ends, last_document, today, start, width) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last period of each life; what nothing dates has none."""
    first = np.where(np.isnat(begins), 10**6, np.maximum(months(begins) - start, 0))
    ended = ~np.isnat(ends) & (ends <= today)
    last = np.where(ended, np.maximum(months(ends), last_document) - start, width - 1)
    return first, np.minimum(last, width - 1)


def display_profiles(frames: Frames, alive, first, start) -> tuple[np.ndarray, list[str]]:
    """The combination of bands known at the end of each period."""
    events = frames.attributes
    bands = {
        "shelf_metres": lambda v: band(v, ((10, "LARGE"), (4, "MEDIUM"), (0, "SMALL"))),
        "checkouts": lambda v: band(v, ((3, "3PLUS"), (2, "2"), (0, "1"))),
        "traffic": lambda v: v if v in ("LOW", "MEDIUM", "HIGH") else "UNKNOWN",
    }
    order = np.argsort(events["recorded_at"], kind="stable")
    parts, nothing = [], np.ones(alive.shape, bool)
    for attribute, banded in bands.items():
        rows = order[(events["attribute"][order] == attribute) & (events["store"][order] >= 0)]
        texts, code = np.unique(events["value"][rows].astype(str), return_inverse=True)
        names = np.array(["", *(banded(text) for text in texts)], object)
        store = events["store"][rows]
        column = np.maximum(events["month"][rows] - start, first[store])
        known = np.zeros(alive.shape, int)
        inside = column < alive.shape[1]
        known[store[inside], column[inside]] = code[inside] + 1
        for period in range(1, alive.shape[1]):
            known[:, period] = np.where(known[:, period] > 0, known[:, period], known[:, period - 1])
        nothing &= known == 0
        parts.append(np.where(known == 0, "UNKNOWN", names[known]))
    text = parts[0] + "-" + parts[1] + "-" + parts[2]
    text[nothing] = "UNKNOWN"
    names, code = np.unique(text.astype(str), return_inverse=True)
    return code.reshape(alive.shape), list(names)


def band(text: str, bounds: tuple[tuple[float, str], ...]) -> str:
    try:
        number = float(text)
    except ValueError:
        return "UNKNOWN"
    return next((name for bound, name in bounds if number >= bound), "UNKNOWN")


def perfect_store_scores(frames: Frames, alive, profile, channel, start) -> np.ndarray:
    """The mean score of the audited visits of each store and period."""
    visits, answers = frames.visits, frames.answers
    column = visits["month"] - start
    inside = (visits["store"] >= 0) & (column >= 0) & (column < alive.shape[1])
    inside[inside] = alive[visits["store"][inside], column[inside]]
    sets = list(SETS)
    own = np.where(channel == "modern", sets.index("modern"), sets.index("DEFAULT"))
    of_visit = np.full(len(column), -1)
    of_visit[inside] = np.where(
        profile[visits["store"][inside], column[inside]] == "LARGE-3PLUS-HIGH",
        sets.index("LARGE-3PLUS-HIGH"),
        own[visits["store"][inside]],
    )
    judged = (of_visit[answers["visit"]] >= 0) & (answers["kpi"] >= 0)
    visit, kpi, value = (answers[name][judged] for name in ("visit", "kpi", "value"))
    chosen = of_visit[visit]
    target = np.array([[t or 0 for t in SETS[name][0]] for name in sets], float)[chosen, kpi]
    tolerance = np.array([SETS[name][1][0] for name in sets])[chosen]
    score = np.select(
        [value < 0, kpi <= 1, kpi == 2, kpi == 3],
        [
            0,
            np.minimum(value / np.where(target > 0, target, 1), 1),
            (np.abs(value - target) <= tolerance).astype(float),
            np.where(value <= target, 1, np.maximum(0, 2 - value / np.where(target > 0, target, 1))),
        ],
        (value >= 1).astype(float),
    )
    size = len(column)
    total = 100 * np.bincount(visit, score * WEIGHTS[kpi], size) / WEIGHTS.sum()
    must = np.array([[number in SETS[name][2] for number in range(len(KPIS))] for name in sets])
    fulfilled = np.bincount(visit, must[chosen, kpi] & (score == 1), size)
    capped = fulfilled < must.sum(axis=1)[of_visit]
    total = np.where(capped, np.minimum(total, MUST_HAVE_CAP), total)
    audited = np.bincount(visit, minlength=size) > 0
    cell = visits["store"][audited] * alive.shape[1] + column[audited]
    counts = np.bincount(cell, minlength=alive.size)
    sums = np.bincount(cell, total[audited], alive.size)
    return np.divide(sums, counts, out=np.full(alive.size, np.nan), where=counts > 0).reshape(alive.shape)


def portfolio(frames: Frames, client, top, today, start, width):
    reps, lines = frames.reps, frames.assignments
    first_assigned = np.full(len(reps["id"]), np.datetime64("NaT"), "datetime64[D]")
    for row in np.argsort(lines["valid_from"], kind="stable")[::-1]:
        if lines["rep"][row] >= 0:
            first_assigned[lines["rep"][row]] = lines["valid_from"][row]
    begins = np.fmin(np.fmin(reps["hired_on"], first_assigned), reps["first_document"].astype("datetime64[D]"))
    begins = np.where(np.isnat(begins), reps["known_since"].astype("datetime64[D]"), begins)
    first, last = life(begins, reps["left_on"], reps["last_document"], today, start, width)
    alive = alive_between(first, last, width)
    clients, tops = np.zeros(alive.shape), np.zeros(alive.shape)
    begin = np.maximum(months(lines["valid_from"]) - start, 0)
    end = np.where(np.isnat(lines["valid_to"]), width, months(lines["valid_to"]) - start)
    pair = lines["rep"].astype(np.int64) * len(client) + lines["store"]
    for period in range(width):
        rows = (begin <= period) & (period < end) & (lines["store"] >= 0)
        rows[rows] = client[lines["store"][rows], period]
        _, unique = np.unique(pair[rows], return_index=True)
        rep, store = lines["rep"][rows][unique], lines["store"][rows][unique]
        clients[:, period] = np.bincount(rep, minlength=len(alive))
        tops[:, period] = np.bincount(rep, top[store, period], len(alive))
    ratio = np.divide(tops, clients, out=np.full(alive.shape, np.nan), where=clients >= 5)
    met = schmitt(ratio, alive, at_least, 0.80, 0.70, exit_after=3, expire_after=3)
    return "rep", "portfolio", reps["id"], alive, settle(highest(alive, met), alive, 6), ["STANDARD", "TOP"]


def product_groups(frames: Frames, start: int, width: int) -> list:
    sales, products = frames.product_sales, frames.products
    master = {
        code: (group, brand, category)
        for code, group, brand, category in zip(
            *(products[c] for c in ("product_id", "product_group", "brand", "category"))
        )
    }
    net: dict[tuple[str, str], np.ndarray] = {}
    first: dict[tuple[str, str], int] = {}
    for code, month, value, begun in zip(*(sales[c] for c in ("product_id", "month", "net", "first_on"))):
        group, brand, category = master.get(code, (None, None, None))
        for level, name in (("category", category), ("brand", brand), ("group", group), ("product", code)):
            node = level, f"{level}:{name or 'unknown'}"
            if 0 <= month - start < width:
                net.setdefault(node, np.zeros(width))[month - start] += value
            first[node] = min(first.get(node, 10**6), int(months(np.array([begun], "datetime64[D]"))[0]) - start)
    found = []
    nodes = sorted((node for node in first if node[0]), key=lambda node: node[1])
    values = np.array([net.get(node, np.zeros(width)) for node in nodes])
    alive = alive_between(np.array([first[node] for node in nodes]), np.full(len(nodes), width - 1), width)
    shares, year = np.ones(values.shape), trailing(values, 12)
    for level in ("category", "brand", "group", "product"):
        rows = np.array([node[0] == level for node in nodes])
        shares[rows] = share_above(year[rows], alive[rows])
    ids = np.array([node[1] for node in nodes], object)
    scheme = alive & np.array([not name.endswith(":unknown") for name in ids])[:, None]
    abc = highest(alive, schmitt(shares, alive, below, 0.95, 0.97), schmitt(shares, alive, below, 0.80, 0.84))
    found.append(("product_group", "abc", ids, scheme, abc, ["C", "B", "A"]))
    enter = np.where(ids == "group:SPARKLING-WATER", 10000, 50000)
    preferred = highest(alive, schmitt(values, alive, at_least, enter, enter * 0.95))
    groups = scheme & np.array([node[0] == "group" for node in nodes])[:, None]
    found.append(("product_group", "sales_threshold", ids, groups, preferred, ["BASE", "PREFERRED"]))
    return found


# --- the script ---------------------------------------------------------------------------------


@app.command()
def main(
    library: Annotated[str, typer.Argument(help="pandas or polars.")],
    data_dir: Annotated[Path, typer.Argument(help="Folder with the company's Parquet.")],
    out: Annotated[Path, typer.Argument(help="Parquet file to write.")],
    as_of_date: Annotated[str, typer.Argument(help="Day the segments speak for.")],
) -> None:
    """Compute the segments and write them, a row per entity, scheme and period."""
    if library == "pandas":
        from benchmarks.frames_pandas import read
    else:
        from benchmarks.frames_polars import read
    as_of = dt.date.fromisoformat(as_of_date)
    frames = read(data_dir, as_of)
    start = int(frames.store_sales["month"].min())
    writer = None
    for entity, scheme, ids, alive, codes, names in segments(frames, as_of):
        row, period = np.nonzero(alive)
        table = pa.table({
            "entity_type": pa.DictionaryArray.from_arrays(np.zeros(len(row), np.int8), [entity]).cast(pa.string()),
            "entity_id": pa.DictionaryArray.from_arrays(row.astype(np.int32), pa.array(ids)).cast(pa.string()),
            "scheme": pa.DictionaryArray.from_arrays(np.zeros(len(row), np.int8), [scheme]).cast(pa.string()),
            "period_index": pa.array((period + start).astype(np.int32)),
            "segment": pa.DictionaryArray.from_arrays(codes[row, period].astype(np.int32), pa.array(names)).cast(pa.string()),
        })  # fmt: skip
        writer = writer or pq.ParquetWriter(out, table.schema)
        writer.write_table(table)
    writer.close()


if __name__ == "__main__":
    app()
