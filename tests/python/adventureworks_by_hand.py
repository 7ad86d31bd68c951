"""The segments of AdventureWorks, worked out month by month from its raw files, with nothing of the project's.

The rules of examples/adventureworks/seeds stand here a second time, as plain Python of each scheme, so that a
mistake in the engine, in the metrics or in the mapping cannot be in both. test_adventureworks.py compares.

    python tests/python/adventureworks_by_hand.py      prints how many are in each segment at each quarter's end
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from itertools import groupby, zip_longest
from pathlib import Path

import duckdb

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "adventureworks"
LAST_MONTH = 12 * 2013 + 11
FIRST_OF_2013 = 12 * 2013 + 1


def month_of(day: date) -> int:
    return 12 * day.year + day.month


def last_day_of(month: int) -> date:
    year, number = divmod(month, 12)  # the number of the month after, from 0
    return date(year, number + 1, 1) - timedelta(days=1)


class Switch:
    """A state that is entered at one threshold, left at another, and kept in between."""

    def __init__(self, exit_after: int = 1, hold: int = 0):
        self.exit_after, self.hold = exit_after, hold
        self.is_on, self.fails, self.signal = False, 0, None

    def see(self, month: int, qualifies: bool, fails: bool) -> bool:
        self.fails = self.fails + 1 if fails else 0
        if qualifies:
            self.is_on, self.signal = True, month
        elif self.is_on and self.fails >= self.exit_after and month > self.signal + self.hold:
            self.is_on = False
        return self.is_on

    def at_least(self, month: int, value, enter, leave) -> bool:
        return self.see(month, value >= enter, value < leave)

    def below(self, month: int, value, enter, leave) -> bool:
        return self.see(month, value < enter, value >= leave)


class Company:
    """The raw files, and what each scheme makes of them: {(id, month): segment}."""

    def __init__(self, folder: Path = EXAMPLE / "data"):
        with duckdb.connect() as con:
            self.raw = {}
            for file in sorted(folder.glob("*.parquet")):
                cursor = con.execute(f"select * from read_parquet('{file}')")
                names = [column[0] for column in cursor.description]
                self.raw[file.stem] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        self.stores = {row["reseller_key"]: row for row in self.raw["stores"]}
        self.orders = {row["sales_order_number"]: row for row in self.raw["orders"]}
        self.first_month = min(month_of(order["order_date"]) for order in self.orders.values())
        self.months = range(self.first_month, LAST_MONTH + 1)

    @cached_property
    def order_values(self) -> dict[str, Fraction]:
        values: dict[str, Fraction] = defaultdict(Fraction)
        for line in self.raw["order_lines"]:
            values[line["sales_order_number"]] += Fraction(line["sales_amount"])
        return values

    @cached_property
    def bought(self) -> dict[int, dict[int, list[Fraction]]]:
        """reseller -> month -> values of its orders"""
        bought = {store: defaultdict(list) for store in self.stores}
        for number, order in self.orders.items():
            bought[order["reseller_key"]][month_of(order["order_date"])].append(self.order_values[number])
        return bought

    def orders_of(self, store: int, month: int, length: int) -> list[Fraction]:
        return [value for m in range(month - length + 1, month + 1) for value in self.bought[store].get(m, [])]

    # --- stores ---------------------------------------------------------------------------------

    def value(self) -> dict[tuple, str]:
        found = {}
        for store, row in self.stores.items():
            silver, top, large = Switch(exit_after=2), Switch(exit_after=2, hold=3), Switch()
            segment, changed = None, None
            for month in self.months:
                quarter, year = sum(self.orders_of(store, month, 3)), self.orders_of(store, month, 12)
                mean = Fraction(sum(year), len(year)) if year else 0
                if row["business_type"] == "Specialty Bike Shop":
                    silver_at = (4000, 3600) if month < FIRST_OF_2013 else (5000, 4500)
                    top_at = (8000, 7200)
                else:
                    silver_at, top_at = (20000, 18000), (40000, 36000)
                is_silver = silver.at_least(month, quarter, *silver_at)
                is_large = large.at_least(month, mean, 30000, 27000)
                is_top = top.at_least(month, quarter, *top_at)
                wanted = 2 if is_top else 1 if is_silver or (is_large and len(year) >= 3) else 0
                if segment is None:
                    segment = wanted
                elif wanted != segment and (changed is None or month >= changed + 3):
                    segment, changed = max(wanted, segment - 1), month
                found[row["account_number"], month] = ("BRONZE", "SILVER", "TOP")[segment]
        return found

    def lifecycle(self) -> dict[tuple, str]:
        key_switches = {store: Switch() for store in self.stores}
        patience = {"Q": 6, "S": 12, "A": 18}
        found = {}
        for month in self.months:
            share_before = share_of_those_before(
                {store: sum(self.orders_of(store, month, 12)) for store in self.stores},
                tie=lambda store: self.stores[store]["account_number"],
            )
            for store, row in self.stores.items():
                is_key = key_switches[store].below(month, share_before[store], Fraction("0.80"), Fraction("0.85"))
                months = [m for m in self.bought[store] if m <= month]
                if not months:
                    segment = "PROSPECT"
                elif month - max(months) >= patience[row["order_frequency"]]:
                    segment = "LOST"
                # who is new is not known in the first three months of the data
                elif month - min(months) <= 2 and min(months) >= self.first_month + 3:
                    segment = "NEW"
                else:
                    segment = "KEY" if is_key else "ACTIVE"
                found[row["account_number"], month] = segment
        return found

    def wallet(self) -> dict[tuple, str]:
        found = {}
        for store, row in self.stores.items():
            if row["country"] != "United States":
                continue
            switch = Switch()
            for month in self.months:
                share = Fraction(sum(self.orders_of(store, month, 12))) / Fraction(row["annual_sales"])
                is_main = switch.at_least(month, round(share, 6), Fraction("0.20"), Fraction("0.15"))
                found[row["account_number"], month] = "MAIN_SUPPLIER" if is_main else "ONE_OF_MANY"
        return found

    # --- reps -----------------------------------------------------------------------------------

    @cached_property
    def times_of_care(self) -> list[tuple]:
        """(reseller, rep, first day, first day no longer): who looked after whom, from who sold."""
        head_office = {rep["employee_key"] for rep in self.raw["sales_reps"] if rep["sales_territory_key"] == 11}
        left = {
            (t["employee_key"], t["sales_territory_key"]): t["end_date_dw"] for t in self.raw["rep_territory_history"]
        }
        today = {row["reseller_key"]: row["employee_key"] for row in self.raw["store_rep_current"]}
        data_end = max(order["order_date"] for order in self.orders.values()) + timedelta(days=1)
        times = []
        sales = defaultdict(list)
        for order in sorted(self.orders.values(), key=lambda o: (o["order_date"], o["sales_order_number"])):
            if order["employee_key"] not in head_office:
                sales[order["reseller_key"]].append(order)
        for store in self.stores:
            runs = [list(run) for _, run in groupby(sales[store], key=lambda order: order["employee_key"])]
            has_todays = False
            for run, following in zip_longest(runs, runs[1:]):
                rep, ends = run[0]["employee_key"], []
                if following:
                    ends.append(following[0]["order_date"])
                elif rep != today[store]:
                    ends.append(data_end)
                left_on = left.get((rep, max(order["sales_territory_key"] for order in run)))
                if left_on and left_on >= run[-1]["order_date"]:
                    ends.append(left_on + timedelta(days=1))
                times.append((store, rep, run[0]["order_date"], min(ends, default=date.max)))
                has_todays = has_todays or (rep == today[store] and not ends)
            if not has_todays:
                times.append((store, today[store], data_end, date.max))
        return times

    @cached_property
    def client_ratios(self) -> dict[tuple, Fraction | None]:
        """(rep, month): the part of the clients that is TOP by value; None with fewer than five clients"""
        value, lifecycle = self.value(), self.lifecycle()
        sold_since: dict[int, date] = {}
        for order in self.orders.values():
            rep = order["employee_key"]
            sold_since[rep] = min(order["order_date"], sold_since.get(rep, date.max))
        found = {}
        for row in self.raw["sales_reps"]:
            rep = row["employee_key"]
            cared_since = [first for _, r, first, end in self.times_of_care if r == rep and first < end]
            begins = min([row["hire_date"], sold_since.get(rep, date.max), *cared_since])
            for month in range(max(month_of(begins), self.first_month), LAST_MONTH + 1):
                day = last_day_of(month)
                stores = {
                    self.stores[store]["account_number"]
                    for store, r, first, end in self.times_of_care
                    if r == rep and first <= day < end
                }
                clients = [store for store in stores if lifecycle[store, month] in ("NEW", "ACTIVE", "KEY")]
                tops = sum(value[store, month] == "TOP" for store in clients)
                found[str(rep), month] = Fraction(tops, len(clients)) if len(clients) >= 5 else None
        return found

    def portfolio(self) -> dict[tuple, str]:
        found = {}
        for rep, of_rep in groupby(self.client_ratios.items(), key=lambda item: item[0][0]):
            switch, unseen, segment, changed = Switch(exit_after=2), 0, None, None
            for (_, month), ratio in of_rep:
                if ratio is not None:
                    unseen = 0
                    switch.at_least(month, round(ratio, 6), Fraction("0.40"), Fraction("0.30"))
                else:
                    unseen += 1
                    if unseen >= 3:
                        switch = Switch(exit_after=2)
                wanted = "TOP" if switch.is_on else "STANDARD"
                if segment is None:
                    segment = wanted
                elif wanted != segment and month % 3 == 0 and (changed is None or month >= changed + 3):
                    segment, changed = wanted, month
                found[rep, month] = segment
        return found

    # --- product groups --------------------------------------------------------------------------

    @cached_property
    def sold(self) -> dict[str, dict[str, dict[int, Fraction]]]:
        """level -> product group -> month -> sales"""
        brands = {"M": "Mountain", "R": "Road", "T": "Touring", "S": "Standard"}
        categories = {row["product_category_key"]: row["product_category"] for row in self.raw["product_categories"]}
        groups = {row["product_subcategory_key"]: row for row in self.raw["product_subcategories"]}
        number_of, latest = {}, {}
        for row in self.raw["products"]:
            number_of[row["product_key"]] = row["product_number"]
            version = (row["start_date"] or date.min, row["product_key"])
            if row["product_number"] not in latest or version > latest[row["product_number"]][0]:
                latest[row["product_number"]] = (version, row)
        sold = {
            level: defaultdict(lambda: defaultdict(Fraction)) for level in ("category", "brand", "group", "product")
        }
        for line in self.raw["order_lines"]:
            number = number_of[line["product_key"]]
            product = latest[number][1]
            group = groups[product["product_subcategory_key"]]
            names = {
                "category": categories[group["product_category_key"]],
                "brand": brands.get((product["product_line"] or "").strip(), "unknown"),
                "group": group["product_subcategory"],
                "product": number,
            }
            month = month_of(self.orders[line["sales_order_number"]]["order_date"])
            for level, name in names.items():
                sold[level][f"{level}:{name}"][month] += Fraction(line["sales_amount"])
        return sold

    def sales_threshold(self) -> dict[tuple, str]:
        thresholds = {
            "group:Road Bikes": (500000, 475000),
            "group:Mountain Bikes": (500000, 475000),
            "group:Touring Bikes": (600000, 570000),
            "group:Mountain Frames": (100000, 95000),
            "group:Road Frames": (80000, 76000),
        }
        found = {}
        for group, sales in self.sold["group"].items():
            switch = Switch()
            for month in range(min(sales), LAST_MONTH + 1):
                is_preferred = switch.at_least(month, sales.get(month, 0), *thresholds.get(group, (5000, 4750)))
                found[group, month] = "PREFERRED" if is_preferred else "BASE"
        return found

    def abc(self) -> dict[tuple, str]:
        found = {}
        for groups in self.sold.values():
            a, b = defaultdict(Switch), defaultdict(Switch)
            placed: dict[str, tuple] = {}
            for month in self.months:
                revenue = {
                    group: sum(amount for m, amount in sales.items() if month - 12 < m <= month)
                    for group, sales in groups.items()
                    if min(sales) <= month
                }
                share_before = share_of_those_before(revenue, tie=lambda group: group)
                for group in revenue:
                    is_b = b[group].below(month, share_before[group], Fraction("0.95"), Fraction("0.97"))
                    is_a = a[group].below(month, share_before[group], Fraction("0.80"), Fraction("0.84"))
                    wanted = "A" if is_a else "B" if is_b else "C"
                    segment, changed = placed.get(group, (wanted, None))
                    if wanted != segment and (changed is None or month >= changed + 2):
                        segment, changed = wanted, month
                    placed[group] = (segment, changed)
                    if not group.endswith(":unknown"):
                        found[group, month] = segment
        return found

    def segments(self) -> dict[str, dict[tuple, str]]:
        schemes = ("value", "lifecycle", "wallet", "portfolio", "sales_threshold", "abc")
        return {scheme: getattr(self, scheme)() for scheme in schemes}


def share_of_those_before(revenue: dict, tie) -> dict:
    """What part of the revenue those bring who bring more; 1 for who brings none."""
    total = sum(value for value in revenue.values() if value > 0)
    shares, above = {}, Fraction(0)
    for member in sorted(revenue, key=lambda m: (-revenue[m], tie(m))):
        shares[member] = round(above / total, 6) if revenue[member] > 0 else Fraction(1)
        above += max(revenue[member], 0)
    return shares


def quarterly(segments: dict[tuple, str]) -> dict[str, str]:
    """'2013-09' -> 'BRONZE 455, SILVER 115, TOP 131': at the end of each quarter, and at the end of the data."""
    months = sorted({month for _, month in segments if month % 3 == 0 or month == LAST_MONTH})
    counts = {month: Counter(s for (_, m), s in segments.items() if m == month) for month in months}
    return {
        f"{last_day_of(month):%Y-%m}": ", ".join(f"{name} {n}" for name, n in sorted(counts[month].items()))
        for month in months
    }


if __name__ == "__main__":
    for scheme, segments in Company().segments().items():
        print(scheme)
        for month, counts in quarterly(segments).items():
            print(f"    {month}: {counts}")
