"""The planted stories of the sample company: their rows, and the answers expected of them.

`STORIES` is written by hand from the rules of the design and the shipped policy, and never computed from
the data: it is what the build is judged by. `story_rows` writes the rows that should lead there.
Story stores take part in nothing else: no random order, visit or interaction is ever made for them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

try:  # imported as part of the repository, or next to a script
    from scripts.sample_catalogue_stories import CATALOGUE_REJECTED, CATALOGUE_STORIES, add_catalogue_rows
except ImportError:
    from sample_catalogue_stories import CATALOGUE_REJECTED, CATALOGUE_STORIES, add_catalogue_rows

DEFAULT_LAST_DAY = dt.date(2026, 10, 6)
# in expectations: the sample's own last day
LAST_DAY = "last day"

# ---------------------------------------------------------------------------------------------------
# What the build must say. Months are period_start_dates without the day.
# `segments`: month -> (segment, reason), for every closed period of the life.
# `metrics`: metric -> month -> value. `current`: (segment, reason, segment_since):
# reason of the last period, start of the unbroken run; an override in force today beats both.
# ---------------------------------------------------------------------------------------------------

STORIES: dict[str, dict] = {
    "hover": {
        "about": "A store whose audits hover around the thresholds 80 and 72 of perfect_store.",
        "entity_type": "store",
        "entity_id": "S-STORY-HOVER",
        "scheme": "perfect_store",
        "segments": {
            "2025-01": ("STANDARD", "first"),
            "2025-02": ("STANDARD", "kept"),
            "2025-03": ("TOP", "promoted"),
            "2025-04": ("TOP", "held"),
            "2025-05": ("TOP", "held"),
            "2025-06": ("STANDARD", "demoted"),
            "2025-07": ("STANDARD", "kept"),
            "2025-08": ("TOP", "promoted"),
            "2025-09": ("TOP", "held"),
            "2025-10": ("TOP", "unobserved"),
            "2025-11": ("TOP", "kept"),
            "2025-12": ("TOP", "unobserved"),
            "2026-01": ("TOP", "unobserved"),
            "2026-02": ("TOP", "unobserved"),
            "2026-03": ("TOP", "unobserved"),
            "2026-04": ("TOP", "unobserved"),
            "2026-05": ("STANDARD", "demoted"),
            "2026-06": ("STANDARD", "kept"),
            "2026-07": ("TOP", "promoted"),
            "2026-08": ("TOP", "held"),
            "2026-09": ("STANDARD", "demoted"),
        },
        "current": ("STANDARD", "demoted", "2026-09-01"),
        "metrics": {
            "perfect_store_score": {
                "2025-01": None,
                "2025-02": "78",
                "2025-03": "85",
                "2025-04": "78",
                "2025-05": "74",
                "2025-06": "71",
                "2025-07": "79",
                "2025-08": "81",
                "2025-09": "72",  # exactly the exit: kept
                "2025-10": None,
                "2025-11": "80",  # two visits, 78 and 82: exactly the entry
                "2025-12": None,
                "2026-01": None,
                "2026-02": None,
                "2026-03": None,
                "2026-04": None,
                "2026-05": None,  # the sixth period without an audit: expired
                "2026-06": "79",
                "2026-07": "80",
                "2026-08": "78",
                "2026-09": "71",
            }
        },
    },
    "lapse": {
        "about": "A customer of many years stops ordering, is LOST after twelve months, and returns.",
        "entity_type": "store",
        "entity_id": "S-STORY-LAPSE",
        "scheme": "lifecycle",
        "segments": {
            "2023-10": ("ACTIVE", "first"),
            "2023-11": ("ACTIVE", "kept"),
            "2023-12": ("ACTIVE", "kept"),
            "2024-01": ("ACTIVE", "kept"),
            "2024-02": ("ACTIVE", "kept"),
            "2024-03": ("ACTIVE", "kept"),
            "2024-04": ("ACTIVE", "kept"),
            "2024-05": ("ACTIVE", "kept"),
            "2024-06": ("ACTIVE", "kept"),  # the last order
            "2024-07": ("ACTIVE", "kept"),
            "2024-08": ("ACTIVE", "kept"),
            "2024-09": ("ACTIVE", "kept"),  # a return, which is no order
            "2024-10": ("ACTIVE", "kept"),
            "2024-11": ("ACTIVE", "kept"),
            "2024-12": ("ACTIVE", "kept"),
            "2025-01": ("ACTIVE", "kept"),
            "2025-02": ("ACTIVE", "kept"),
            "2025-03": ("ACTIVE", "kept"),
            "2025-04": ("ACTIVE", "kept"),
            "2025-05": ("ACTIVE", "kept"),  # eleven periods since the last order
            "2025-06": ("LOST", "demoted"),
            "2025-07": ("LOST", "kept"),
            "2025-08": ("LOST", "kept"),
            "2025-09": ("ACTIVE", "promoted"),
            "2025-10": ("ACTIVE", "kept"),
            "2025-11": ("ACTIVE", "kept"),
            "2025-12": ("ACTIVE", "kept"),
            "2026-01": ("ACTIVE", "kept"),
            "2026-02": ("ACTIVE", "kept"),
            "2026-03": ("ACTIVE", "kept"),
            "2026-04": ("ACTIVE", "kept"),
            "2026-05": ("ACTIVE", "kept"),
            "2026-06": ("ACTIVE", "kept"),
            "2026-07": ("ACTIVE", "kept"),
            "2026-08": ("ACTIVE", "kept"),
            "2026-09": ("ACTIVE", "kept"),
        },
        "current": ("ACTIVE", "kept", "2025-09-01"),
        "metrics": {
            "periods_since_last_order": {
                "2024-06": "0",
                "2025-05": "11",
                "2025-06": "12",
                "2025-08": "14",
                "2025-09": "0",
            },
            "order_value_period": {"2024-06": "40", "2024-07": "0", "2024-09": "-15", "2025-09": "40"},
        },
    },
    "blocked": {
        "about": "An active customer is blocked by hand on the last day: history knows nothing of it yet.",
        "entity_type": "store",
        "entity_id": "S-STORY-BLOCKED",
        "scheme": "lifecycle",
        "segments": {
            "2026-01": ("NEW", "first"),
            "2026-02": ("NEW", "kept"),
            "2026-03": ("NEW", "kept"),
            "2026-04": ("ACTIVE", "promoted"),
            "2026-05": ("ACTIVE", "kept"),
            "2026-06": ("ACTIVE", "kept"),
            "2026-07": ("ACTIVE", "kept"),
            "2026-08": ("ACTIVE", "kept"),
            "2026-09": ("ACTIVE", "kept"),
        },
        "current": ("BLOCKED", "override", LAST_DAY),
    },
    "override_ended": {
        "about": "Lost to a competitor by hand for a while; the computed side went on underneath.",
        "entity_type": "store",
        "entity_id": "S-STORY-OVERRIDE",
        "scheme": "lifecycle",
        "segments": {
            "2025-12": ("NEW", "first"),
            "2026-01": ("NEW", "kept"),
            "2026-02": ("NEW", "kept"),
            "2026-03": ("COMPETITOR", "override"),
            "2026-04": ("COMPETITOR", "override"),
            "2026-05": ("COMPETITOR", "override"),
            "2026-06": ("ACTIVE", "override_ended"),
            "2026-07": ("ACTIVE", "kept"),
            "2026-08": ("ACTIVE", "kept"),
            "2026-09": ("ACTIVE", "kept"),
        },
        "current": ("ACTIVE", "kept", "2026-06-01"),
    },
    "silver_to_gold": {
        "about": "The average order of the quarter lifts a store from BRONZE over SILVER to GOLD, and back.",
        "entity_type": "store",
        "entity_id": "S-STORY-GOLD",
        "scheme": "value",
        "segments": {
            "2025-04": ("BRONZE", "first"),
            "2025-05": ("BRONZE", "kept"),
            "2025-06": ("BRONZE", "kept"),
            "2025-07": ("BRONZE", "kept"),
            "2025-08": ("SILVER", "promoted"),
            "2025-09": ("SILVER", "kept"),
            "2025-10": ("SILVER", "kept"),
            "2025-11": ("SILVER", "kept"),
            "2025-12": ("GOLD", "promoted"),
            "2026-01": ("GOLD", "kept"),
            "2026-02": ("GOLD", "held"),  # between exit and entry
            "2026-03": ("GOLD", "held"),  # the first failing period of two
            "2026-04": ("SILVER", "demoted"),
            "2026-05": ("SILVER", "kept"),
            "2026-06": ("SILVER", "waiting"),  # the minimum stay of three
            "2026-07": ("GOLD", "promoted"),
            "2026-08": ("GOLD", "kept"),
            "2026-09": ("GOLD", "kept"),
        },
        "current": ("GOLD", "kept", "2026-07-01"),
        "metrics": {
            "order_value_avg_quarter": {
                "2025-04": "300",
                "2025-05": "300",
                "2025-06": "300",
                "2025-07": "400",
                "2025-08": "500",  # exactly SILVER
                "2025-09": "600",
                "2025-10": "1000",
                "2025-11": "1400",
                "2025-12": "1900",
                "2026-01": "1700",
                "2026-02": "1450",
                "2026-03": "1050",
                "2026-04": "950",
                "2026-05": "900",
                "2026-06": "1600",
                "2026-07": "2100",
                "2026-08": "2400",
                "2026-09": "2000",
            },
            "orders_quarter": {"2025-04": "1", "2025-05": "2", "2025-06": "3", "2025-12": "3", "2026-09": "3"},
        },
    },
    "rep_39_of_49": {
        "about": "One client short of 80 %: a blocked and a prospective outlet with a perfect store are no clients.",
        "entity_type": "rep",
        "entity_id": "R-STORY-39",
        "scheme": "portfolio",
        "segments": {
            "2026-01": ("STANDARD", "first"),
            "2026-02": ("STANDARD", "kept"),
            "2026-03": ("STANDARD", "kept"),
            "2026-04": ("STANDARD", "kept"),
            "2026-05": ("STANDARD", "kept"),
            "2026-06": ("STANDARD", "kept"),
            "2026-07": ("STANDARD", "kept"),
            "2026-08": ("STANDARD", "kept"),
            "2026-09": ("STANDARD", "kept"),
        },
        "current": ("STANDARD", "kept", "2026-01-01"),
        "metrics": {
            "top_client_ratio": {
                "2026-01": "0.795918",
                "2026-02": "0.795918",
                "2026-03": "0.795918",
                "2026-04": "0.795918",
                "2026-05": "0.795918",
                "2026-06": "0.795918",
                "2026-07": "0.795918",
                "2026-08": "0.795918",
                "2026-09": "0.795918",
            }
        },
    },
    "rep_40_of_50": {
        "about": "In May a client becomes TOP and another one leaves on the last day: exactly 40 of 50.",
        "entity_type": "rep",
        "entity_id": "R-STORY-40",
        "scheme": "portfolio",
        "segments": {
            "2026-01": ("STANDARD", "first"),
            "2026-02": ("STANDARD", "kept"),
            "2026-03": ("STANDARD", "kept"),
            "2026-04": ("STANDARD", "kept"),
            "2026-05": ("TOP", "promoted"),
            "2026-06": ("TOP", "kept"),
            "2026-07": ("TOP", "kept"),
            "2026-08": ("TOP", "kept"),
            "2026-09": ("TOP", "kept"),
        },
        "current": ("TOP", "kept", "2026-05-01"),
        "metrics": {
            "top_client_ratio": {
                "2026-01": "0.764706",  # 39 of 51
                "2026-02": "0.764706",
                "2026-03": "0.764706",
                "2026-04": "0.764706",
                "2026-05": "0.8",  # 40 of 50
                "2026-06": "0.8",
                "2026-07": "0.8",
                "2026-08": "0.8",
                "2026-09": "0.8",
            }
        },
    },
    "product_group": {
        "about": "Monthly sales cross 10,000 up and down, with dips inside the band above 9,500.",
        "entity_type": "product_group",
        "entity_id": "group:SPARKLING-WATER",
        "scheme": "sales_threshold",
        "segments": {
            "2025-07": ("BASE", "first"),
            "2025-08": ("BASE", "kept"),
            "2025-09": ("PREFERRED", "promoted"),
            "2025-10": ("PREFERRED", "held"),
            "2025-11": ("PREFERRED", "held"),
            "2025-12": ("PREFERRED", "kept"),
            "2026-01": ("BASE", "demoted"),
            "2026-02": ("BASE", "kept"),
            "2026-03": ("PREFERRED", "promoted"),
            "2026-04": ("BASE", "demoted"),
            "2026-05": ("PREFERRED", "promoted"),
            "2026-06": ("PREFERRED", "held"),
            "2026-07": ("PREFERRED", "kept"),
            "2026-08": ("BASE", "demoted"),
            "2026-09": ("PREFERRED", "promoted"),
        },
        "current": ("PREFERRED", "promoted", "2026-09-01"),
        "metrics": {
            "sales_period": {
                "2025-07": "8000",
                "2025-08": "9999.99",  # and 5,000 in a cancelled document
                "2025-09": "10000",
                "2025-10": "9600",
                "2025-11": "9500",
                "2025-12": "12000",
                "2026-01": "9499.99",
                "2026-02": "9800",
                "2026-03": "10000.01",
                "2026-04": "0",
                "2026-05": "11000",
                "2026-06": "9700",  # 10,400 less a return of 700
                "2026-07": "10000",  # and a positive line of a returned document, which was reversed
                "2026-08": "9000",
                "2026-09": "10100",  # 4,100 of it loaded in October
            }
        },
    },
    "display": {
        "about": "Nothing is known of the shelf, then all of it, then the shelf shrinks.",
        "entity_type": "store",
        "entity_id": "S-STORY-DISPLAY",
        "scheme": "display",
        "segments": {
            "2026-04": ("UNKNOWN", "first"),
            "2026-05": ("LARGE-3PLUS-HIGH", "moved"),
            "2026-06": ("LARGE-3PLUS-HIGH", "kept"),
            "2026-07": ("LARGE-3PLUS-HIGH", "kept"),
            "2026-08": ("MEDIUM-3PLUS-HIGH", "moved"),
            "2026-09": ("MEDIUM-3PLUS-HIGH", "kept"),
        },
        "current": ("MEDIUM-3PLUS-HIGH", "kept", "2026-08-01"),
    },
    "late": {
        "about": "Late orders, duplicates, corrections, deletions, returns and credit notes in one store.",
        "entity_type": "store",
        "entity_id": "S-STORY-LATE",
        "scheme": "lifecycle",
        "segments": {
            "2026-03": ("NEW", "first"),
            "2026-04": ("NEW", "kept"),
            "2026-05": ("NEW", "kept"),
            "2026-06": ("ACTIVE", "promoted"),
            "2026-07": ("ACTIVE", "kept"),
            "2026-08": ("ACTIVE", "kept"),
            "2026-09": ("ACTIVE", "kept"),
        },
        "current": ("ACTIVE", "kept", "2026-06-01"),
        "metrics": {
            "order_value_period": {
                "2026-03": "100",
                "2026-04": "250",  # 150 of it loaded in July
                "2026-05": "110",  # delivered as 90, twice, then corrected
                "2026-06": "80",  # the other order was deleted
                "2026-07": "60",  # the second line was deleted
                "2026-08": "50",  # 100 less a return of 30 and a credit note of 20; 300 cancelled
                "2026-09": "95",  # 70, and 25 that was first dated in August
            },
            "orders_period": {
                "2026-03": "1",
                "2026-04": "2",
                "2026-05": "1",
                "2026-06": "1",
                "2026-07": "1",
                "2026-08": "1",
                "2026-09": "2",
            },
        },
    },
    "ghost": {
        "about": "A store that the master lacks is kept as an inferred member, alive from its first document.",
        "entity_type": "store",
        "entity_id": "S-STORY-GHOST",
        "scheme": "lifecycle",
        "segments": {"2026-08": ("NEW", "first"), "2026-09": ("NEW", "kept")},
        "current": ("NEW", "kept", "2026-08-01"),
        "metrics": {"order_value_period": {"2026-08": "33", "2026-09": "0"}},
    },
}

STORIES |= CATALOGUE_STORIES

# Every planted bad row: table, its key, the reason. Rows with an unparsable value exist only with text_errors.
REJECTED: list[tuple[str, str | None, str]] = [
    ("erp_stores", "S-DIRTY-DATE", "unparsable_date"),
    ("erp_stores", None, "missing_key"),
    ("erp_stores", "S-STORY-LATE", "superseded"),
    ("erp_products", "P-DIRTY-COST", "unparsable_number"),
    ("erp_orders", "O-DIRTY-DATE", "unparsable_date"),
    ("erp_orders", "O-DIRTY-FEBRUARY", "unparsable_date"),
    ("erp_orders", "O-DIRTY-NO-DATE", "missing_event_time"),
    ("erp_orders", None, "missing_key"),
    ("erp_orders", "O-DIRTY-NO-STATUS", "missing_status"),
    ("erp_orders", "O-DIRTY-STATUS", "unknown_status"),
    ("erp_orders", "O-DIRTY-PREDATED", "event_after_load"),
    ("erp_orders", "O-STORY-LATE-DUPLICATE", "superseded"),
    ("erp_orders", "O-STORY-LATE-REDATED", "superseded"),
    ("erp_orders", "O-STORY-LATE-DELETED", "superseded"),
    ("erp_orders", "O-STORY-LATE-DELETED", "deleted"),
    ("erp_order_lines", "O-DIRTY-LINES|1", "unparsable_number"),
    ("erp_order_lines", "O-DIRTY-LINES|2", "missing_amount"),
    ("erp_order_lines", "O-DIRTY-NOWHERE|1", "unknown_order"),
    ("erp_order_lines", "O-STORY-LATE-DELETED|1", "unknown_order"),
    ("erp_order_lines", "O-STORY-LATE-DUPLICATE|1", "superseded"),
    ("erp_order_lines", "O-STORY-LATE-SHORTENED|2", "superseded"),
    ("erp_order_lines", "O-STORY-LATE-SHORTENED|2", "deleted"),
    ("sfa_store_assignments", "S-STORY-LATE|R-DIRTY|31.12.2025", "unparsable_date"),
    ("sfa_visits", "V-DIRTY-DATE", "unparsable_date"),
    ("sfa_visits", "V-DIRTY-STATUS", "unknown_status"),
    ("sfa_visits", "V-DIRTY-PREDATED", "event_after_load"),
    ("sfa_audit_answers", "V-DIRTY-ANSWERS|facing_share", "unparsable_number"),
    ("sfa_audit_answers", "V-DIRTY-ANSWERS|pos_material", "missing_amount"),
    ("sfa_audit_answers", "V-DIRTY-NOWHERE|facing_share", "unknown_visit"),
    ("sfa_store_attributes", "S-STORY-LATE|shelf_metres|yesterday", "unparsable_date"),
    ("crm_interactions", "I-DIRTY-DATE", "unparsable_date"),
    ("crm_interactions", "I-DIRTY-PREDATED", "event_after_load"),
    ("market_category_sales", "S-STORY-LATE|WATER|2026-08-01", "unparsable_number"),
    ("crm_manual_segments", "store|S-STORY-LATE|lifecycle|2026-05-01", "unknown_segment"),
    ("crm_manual_segments", "warehouse|W-1|lifecycle|2026-05-01", "unknown_entity_type"),
    ("crm_manual_segments", "store|S-STORY-LATE|lifecycle|2026-06-31", "unparsable_date"),
]

REJECTED += CATALOGUE_REJECTED

# Known, but dated after the sample's last day: neither staged away nor rejected, only not yet known.
NOT_YET_KNOWN = [("erp_orders", "O-STORY-TOMORROW"), ("sfa_visits", "V-STORY-TOMORROW")]

# Members that facts name and masters lack.
INFERRED = {"store": "S-STORY-GHOST", "product": "P-STORY-GHOST", "rep": "R-STORY-GHOST"}

# ---------------------------------------------------------------------------------------------------
# The rows.
# ---------------------------------------------------------------------------------------------------

# What each audit answers, in the order of KPIS; 100 is the sum of the weights 30, 25, 15, 10, 10, 10.
KPIS = ("facing_share", "assortment_count", "price_gap", "out_of_stock_count", "pos_material", "fridge_clean")
AUDITS = {
    60: ("40", "12", "0.20", "3", "0", "0"),  # -15 prices, -5 one out of stock too many, -10, -10
    69: ("32", "12", "0.20", "0", "0", "1"),  # -6 facings, -15 prices, -10
    71: ("28", "12", "0.00", "0", "0", "0"),  # -9 facings, -10, -10
    72: ("36", "12", "0.20", "0", "0", "1"),  # -3 facings, -15, -10
    74: ("32", "12", "0.00", "0", "0", "0"),  # -6 facings, -10, -10
    78: ("24", "12", "0.00", "0", "0", "1"),  # -12 facings, -10
    79: ("32", "12", "0.20", "0", "1", "1"),  # -6 facings, -15
    80: ("40", "12", "0.00", "0", "0", "0"),  # -10, -10
    81: ("28", "12", "0.00", "0", "0", "1"),  # -9 facings, -10
    82: ("36", "12", "0.20", "0", "1", "1"),  # -3 facings, -15
    84: ("32", "12", "0.00", "0", "0", "1"),  # -6 facings, -10
    85: ("40", "12", "0.20", "0", "1", "1"),  # -15
    90: ("48", "12", "0.05", "2", "0", "1"),  # -10; facings above target, prices and stock just within
}

HOVER_AUDITS = [
    ("2025-02", 12, 78),
    ("2025-03", 12, 85),
    ("2025-04", 12, 78),
    ("2025-05", 12, 74),
    ("2025-06", 12, 71),
    ("2025-07", 12, 79),
    ("2025-08", 12, 81),
    ("2025-09", 12, 72),
    ("2025-11", 5, 78),
    ("2025-11", 19, 82),
    ("2026-06", 12, 79),
    ("2026-07", 12, 80),
    ("2026-08", 12, 78),
    ("2026-09", 12, 71),
    ("2026-10", 2, 90),  # the running month: not judged yet
]

GOLD_ORDERS = [300, 300, 300, 600, 600, 600, 1800, 1800, 2100, 1200, 1050, 900, 900, 900, 3000, 2400, 1800, 1800]

SPARKLING_SALES = {
    "2025-07": "8000",
    "2025-08": "9999.99",
    "2025-09": "10000",
    "2025-10": "9600",
    "2025-11": "9500",
    "2025-12": "12000",
    "2026-01": "9499.99",
    "2026-02": "9800",
    "2026-03": "10000.01",
    "2026-05": "11000",
    "2026-06": "10400",
    "2026-07": "10000",
    "2026-08": "9000",
    "2026-09": "6000",
}


def months_between(first: str, last: str) -> list[str]:
    """Every month from first to last, both included, as YYYY-MM."""
    low, high = (int(m[:4]) * 12 + int(m[5:]) - 1 for m in (first, last))
    return [f"{i // 12:04d}-{i % 12 + 1:02d}" for i in range(low, high + 1)]


class StoryBook:
    """Collects rows by contract table, moved as a whole when the sample ends in another month."""

    def __init__(self, last_day: dt.date):
        self.last_day = last_day
        self.shift = (last_day.year - DEFAULT_LAST_DAY.year) * 12 + last_day.month - DEFAULT_LAST_DAY.month
        self.rows: dict[str, list[dict]] = defaultdict(list)

    def day(self, month: str, day: int = 1) -> str:
        index = int(month[:4]) * 12 + int(month[5:]) - 1 + self.shift
        return f"{index // 12:04d}-{index % 12 + 1:02d}-{day:02d}"

    def add(self, table: str, **values) -> None:
        self.rows[table].append(values)

    def store(self, store_id: str, name: str, opened: str | None, channel: str = "traditional", **values) -> None:
        row = {
            "store_id": store_id,
            "store_name": name,
            "channel": channel,
            "legal_type": "individual",
            "industry": "grocery",
            "region": "NORTH",
            "city": "Norhaven",
            "latitude": "54.120000",
            "longitude": "10.350000",
            "opened_on": opened,
            "is_served": "true",
            "loaded_at": f"{opened or self.day('2023-10')} 23:00:00",
            "is_deleted": "false",
        }
        self.add("erp_stores", **{**row, **values})

    def order(self, order_id, store_id, date, lines, status="invoiced", loaded=None, product="P-STORY-FILL", **values):
        """One document; `lines` are net amounts, or pairs of product and amount."""
        loaded_at = f"{loaded or date} 23:00:00"
        row = {
            "order_id": order_id,
            "store_id": store_id,
            "ordered_at": f"{date} 10:15:00",
            "status": status,
            "order_channel": "phone",
            "currency": "EUR",
            "loaded_at": loaded_at,
            "is_deleted": "false",
        }
        self.add("erp_orders", **{**row, **values})
        for number, line in enumerate(lines, start=1):
            product_id, amount = line if isinstance(line, tuple) else (product, line)
            self.line(order_id, number, amount, loaded_at, product_id)

    def line(self, order_id, number, amount, loaded_at, product="P-STORY-FILL", **values) -> None:
        row = {
            "order_id": order_id,
            "line_number": str(number),
            "product_id": product,
            "quantity": "-1" if str(amount).startswith("-") else "1",
            "net_amount": None if amount is None else str(amount),
            "discount_amount": "0",
            "loaded_at": loaded_at,
            "is_deleted": "false",
        }
        self.add("erp_order_lines", **{**row, **values})

    def visit(self, visit_id, store_id, rep_id, date, score=None, loaded=None, **values) -> None:
        """One visit; with a score, the answers that give it."""
        loaded_at = f"{loaded or date} 23:00:00"
        row = {
            "visit_id": visit_id,
            "store_id": store_id,
            "rep_id": rep_id,
            "started_at": f"{date} 09:00:00",
            "ended_at": f"{date} 09:40:00",
            "is_planned": "true",
            "status": "done",
            "mandatory_steps": "8",
            "completed_steps": "8",
            "loaded_at": loaded_at,
            "is_deleted": "false",
        }
        self.add("sfa_visits", **{**row, **values})
        for kpi, value in zip(KPIS, AUDITS[score], strict=True) if score else ():
            self.answer(visit_id, kpi, value, loaded_at)

    def answer(self, visit_id, kpi, value, loaded_at) -> None:
        self.add("sfa_audit_answers", visit_id=visit_id, kpi=kpi, value=value, loaded_at=loaded_at, is_deleted="false")

    def assign(self, store_id, rep_id, valid_from, valid_to=None) -> None:
        self.add(
            "sfa_store_assignments",
            store_id=store_id,
            rep_id=rep_id,
            valid_from=valid_from,
            valid_to=valid_to,
            loaded_at=f"{self.day('2025-12', 20)} 23:00:00",
            is_deleted="false",
        )

    def event(self, event_id, store_id, event_type, moment, loaded=None) -> None:
        self.add(
            "portal_events",
            event_id=event_id,
            store_id=store_id,
            occurred_at=moment,
            event_type=event_type,
            loaded_at=loaded or f"{moment[:10]} 23:00:00",
            is_deleted="false",
        )

    def work(self, rep_id, date, minutes, is_day_off="false") -> None:
        self.add(
            "sfa_working_days",
            rep_id=rep_id,
            work_date=date,
            minutes_worked=str(minutes),
            is_day_off=is_day_off,
            loaded_at=f"{date} 23:00:00",
            is_deleted="false",
        )

    def measure(self, store_id, metric, value, date) -> None:
        self.add(
            "market_external_metrics",
            entity_type="store",
            entity_id=store_id,
            metric=metric,
            measured_on=date,
            value=value,
            loaded_at=f"{date} 23:00:00",
            is_deleted="false",
        )

    def stock(self, product_id, warehouse_id, date, quantity) -> None:
        self.add(
            "erp_stock_levels",
            product_id=product_id,
            warehouse_id=warehouse_id,
            stock_date=date,
            quantity=quantity,
            loaded_at=f"{date} 23:00:00",
            is_deleted="false",
        )

    def attribute(self, store_id, attribute, value, date) -> None:
        self.add(
            "sfa_store_attributes",
            store_id=store_id,
            attribute=attribute,
            value=value,
            recorded_at=date if " " in date or "-" not in date else f"{date} 09:30:00",
            recorded_by="R-00001",
            loaded_at=f"{date} 23:00:00" if "-" in date else f"{self.last_day} 12:00:00",
            is_deleted="false",
        )

    def manual(self, entity_type, entity_id, segment, valid_from, valid_to=None, reason="by hand", loaded=None) -> None:
        self.add(
            "crm_manual_segments",
            entity_type=entity_type,
            entity_id=entity_id,
            scheme="lifecycle",
            segment=segment,
            valid_from=valid_from,
            valid_to=valid_to,
            reason=reason,
            set_by="sales office",
            approved_by="sales director",
            loaded_at=f"{loaded or valid_from} 12:00:00",
            is_deleted="false",
        )


def story_rows(last_day: dt.date, text_errors: bool = True) -> dict[str, list[dict]]:
    """All rows of the stories by contract table, values as text."""
    book = StoryBook(last_day)
    _products(book)
    _hover(book)
    _lifecycle(book)
    _value(book)
    _portfolios(book)
    _product_group(book)
    _display(book)
    _late(book)
    _members_and_bad_rows(book)
    add_catalogue_rows(book, text_errors)
    if text_errors:
        _unparsable(book)
    return book.rows


def _products(b: StoryBook) -> None:
    for product_id, name, group, cost, price in [
        ("P-STORY-FILL", "Story assortment", "STORY-ASSORTMENT", "0.60", "1.00"),
        ("P-STORY-SPARK-1", "Sparkling 0.5 l", "SPARKLING-WATER", "0.55", "1.00"),
        ("P-STORY-SPARK-2", "Sparkling 1.0 l", "SPARKLING-WATER", "0.90", "1.60"),
    ]:
        b.add(
            "erp_products",
            product_id=product_id,
            product_name=name,
            product_group=group,
            brand="STORYBROOK",
            category="WATER",
            unit_cost=cost,
            list_price=price,
            loaded_at=f"{b.day('2023-10')} 01:00:00",
            is_deleted="false",
        )


def _hover(b: StoryBook) -> None:
    # petrol: a channel without standards of its own, so that the set DEFAULT judges
    b.store("S-STORY-HOVER", "Hovering Kiosk", b.day("2025-01", 10), channel="petrol")
    for number, (month, day, score) in enumerate(HOVER_AUDITS, start=1):
        b.visit(f"V-STORY-HOVER-{number:02d}", "S-STORY-HOVER", "R-00001", b.day(month, day), score)
    for month in months_between("2025-01", "2026-09"):
        b.order(f"O-STORY-HOVER-{month}", "S-STORY-HOVER", b.day(month, 15), ["60"])


def _lifecycle(b: StoryBook) -> None:
    b.store(
        "S-STORY-LAPSE",
        "Lapsed Corner Shop",
        "2009-04-01",
        customer_since="2012-05-07",
        loaded_at=f"{b.day('2023-10')} 01:00:00",
    )
    for month in months_between("2023-10", "2024-06") + months_between("2025-09", "2026-09"):
        b.order(f"O-STORY-LAPSE-{month}", "S-STORY-LAPSE", b.day(month, 14), ["40"])
    b.order("O-STORY-LAPSE-RETURN", "S-STORY-LAPSE", b.day("2024-09", 3), ["-15"], status="returned")

    b.store("S-STORY-BLOCKED", "Blocked Mini Market", b.day("2026-01", 5))
    for month in months_between("2026-01", "2026-09"):
        b.order(f"O-STORY-BLOCKED-{month}", "S-STORY-BLOCKED", b.day(month, 8), ["45"])
    b.manual("store", "S-STORY-BLOCKED", "BLOCKED", str(b.last_day), reason="unpaid invoices")

    b.store("S-STORY-OVERRIDE", "Courted Market", b.day("2025-12", 2))
    for month in months_between("2025-12", "2026-09"):
        b.order(f"O-STORY-OVERRIDE-{month}", "S-STORY-OVERRIDE", b.day(month, 9), ["45"])
    b.manual(
        "store",
        "S-STORY-OVERRIDE",
        "COMPETITOR",
        b.day("2026-03", 15),
        b.day("2026-06", 10),
        reason="signed with a competitor",
    )


def _value(b: StoryBook) -> None:
    b.store("S-STORY-GOLD", "Rising Grocery", b.day("2025-04", 1))
    for month, amount in zip(months_between("2025-04", "2026-09"), GOLD_ORDERS, strict=True):
        b.order(f"O-STORY-GOLD-{month}", "S-STORY-GOLD", b.day(month, 11), [str(amount - 100), "100"])


def _portfolios(b: StoryBook) -> None:
    hired = b.day("2026-01", 1)
    for rep_id, name in [("R-STORY-39", "Thirty-nine of forty-nine"), ("R-STORY-40", "Forty of fifty")]:
        b.add(
            "sfa_reps",
            rep_id=rep_id,
            rep_name=name,
            region="NORTH",
            manager_id="M-NORTH",
            hired_on=hired,
            loaded_at=f"{b.day('2025-12', 20)} 23:00:00",
            is_deleted="false",
        )
    for rep, clients, top in [("39", 49, 39), ("40", 51, 39)]:
        for number in range(1, clients + 1):
            # from May on client 40 of the second rep is TOP too, and client 51 has left on the last day
            leaves = rep == "40" and number == 51
            _client(
                b,
                f"S-STORY-{rep}-{number:02d}",
                f"R-STORY-{rep}",
                "2026-01" if number <= top else "2026-05" if (rep, number) == ("40", 40) else None,
                valid_to=b.day("2026-05", 31) if leaves else None,
            )
    _client(b, "S-STORY-39-BLOCKED", "R-STORY-39", "2026-01")
    b.manual("store", "S-STORY-39-BLOCKED", "BLOCKED", b.day("2025-12", 1), reason="unpaid invoices")
    _client(b, "S-STORY-39-PROSPECT", "R-STORY-39", "2026-01", orders=False)


def _client(b: StoryBook, store_id, rep_id, top_since, valid_to=None, orders=True) -> None:
    """An outlet audited every month: 90 from `top_since` on, 60 before."""
    b.store(store_id, f"Client {store_id[8:]}", b.day("2025-11", 3), channel="petrol")
    b.assign(store_id, rep_id, b.day("2026-01", 1), valid_to)
    if orders:
        for month in months_between("2025-11", "2026-09"):
            b.order(f"O-{store_id[2:]}-{month}", store_id, b.day(month, 6), ["120"])
    for month in months_between("2026-01", "2026-09"):
        b.visit(
            f"V-{store_id[2:]}-{month}",
            store_id,
            rep_id,
            b.day(month, 16),
            90 if top_since and month >= top_since else 60,
        )


def _product_group(b: StoryBook) -> None:
    b.store("S-STORY-BUYER", "Sparkling Buyer", b.day("2025-07", 1), channel="wholesale", legal_type="company")
    spark, large = "P-STORY-SPARK-1", "P-STORY-SPARK-2"
    for month, amount in SPARKLING_SALES.items():
        b.order(
            f"O-STORY-SPARK-{month}", "S-STORY-BUYER", b.day(month, 4), [(large, "1000"), (spark, _minus(amount, 1000))]
        )
    b.order("O-STORY-SPARK-CANCELLED", "S-STORY-BUYER", b.day("2025-08", 20), ["5000"], "cancelled", product=spark)
    b.order("O-STORY-SPARK-RETURNED", "S-STORY-BUYER", b.day("2026-06", 22), ["-700"], "returned", product=spark)
    b.order("O-STORY-SPARK-REVERSED", "S-STORY-BUYER", b.day("2026-07", 22), ["900"], "returned", product=spark)
    b.order(
        "O-STORY-SPARK-LATE", "S-STORY-BUYER", b.day("2026-09", 12), ["4100"], loaded=b.day("2026-10", 4), product=spark
    )


def _minus(amount: str, part: int) -> str:
    whole, _, cents = amount.partition(".")
    return f"{int(whole) - part}.{cents or '00'}"


def _display(b: StoryBook) -> None:
    b.store("S-STORY-DISPLAY", "Remeasured Shop", b.day("2026-04", 1))
    for month in months_between("2026-04", "2026-09"):
        b.order(f"O-STORY-DISPLAY-{month}", "S-STORY-DISPLAY", b.day(month, 10), ["50"])
    for attribute, value in [("shelf_metres", "14.5"), ("checkouts", "3"), ("traffic", "HIGH")]:
        b.attribute("S-STORY-DISPLAY", attribute, value, b.day("2026-05", 10))
    b.attribute("S-STORY-DISPLAY", "shelf_metres", "6.0", b.day("2026-08", 15))


def _late(b: StoryBook) -> None:
    store = "S-STORY-LATE"
    b.store(store, "Late Paper Shop (draft)", b.day("2026-03", 1))
    b.store(store, "Late Paper Shop", b.day("2026-03", 1), loaded_at=f"{b.day('2026-03', 9)} 23:00:00")
    b.order("O-STORY-LATE-2026-03", store, b.day("2026-03", 5), ["100"])
    b.order("O-STORY-LATE-2026-04", store, b.day("2026-04", 5), ["100"])
    b.order("O-STORY-LATE-LATE", store, b.day("2026-04", 28), ["150"], loaded=b.day("2026-07", 2))
    b.order("O-STORY-LATE-DUPLICATE", store, b.day("2026-05", 5), ["90"])
    b.order("O-STORY-LATE-DUPLICATE", store, b.day("2026-05", 5), ["90"])
    b.line("O-STORY-LATE-DUPLICATE", 1, "110", f"{b.day('2026-05', 21)} 23:00:00")
    b.order("O-STORY-LATE-2026-06", store, b.day("2026-06", 5), ["80"])
    b.order("O-STORY-LATE-DELETED", store, b.day("2026-06", 17), ["200"])
    b.add(
        "erp_orders", order_id="O-STORY-LATE-DELETED", loaded_at=f"{b.day('2026-06', 25)} 23:00:00", is_deleted="true"
    )
    b.order("O-STORY-LATE-SHORTENED", store, b.day("2026-07", 5), ["60", "40"])
    b.add(
        "erp_order_lines",
        order_id="O-STORY-LATE-SHORTENED",
        line_number="2",
        loaded_at=f"{b.day('2026-07', 9)} 23:00:00",
        is_deleted="true",
    )
    b.order("O-STORY-LATE-2026-08", store, b.day("2026-08", 5), ["100"])
    b.order("O-STORY-LATE-CANCELLED", store, b.day("2026-08", 6), ["300"], "cancelled")
    b.order("O-STORY-LATE-RETURNED", store, b.day("2026-08", 18), ["-30"], "returned")
    b.order("O-STORY-LATE-CREDIT", store, b.day("2026-08", 19), ["-20"])
    b.order("O-STORY-LATE-2026-09", store, b.day("2026-09", 5), ["70"])
    b.order("O-STORY-LATE-REVERSED", store, b.day("2026-09", 7), ["50"], "returned")
    b.order("O-STORY-LATE-REDATED", store, b.day("2026-08", 30), ["25"])
    b.order("O-STORY-LATE-REDATED", store, b.day("2026-09", 2), [], loaded=b.day("2026-09", 3))


def _members_and_bad_rows(b: StoryBook) -> None:
    ghost, late = "S-STORY-GHOST", "S-STORY-LATE"
    b.order("O-STORY-GHOST", ghost, b.day("2026-08", 7), [("P-STORY-GHOST", "21"), "12"], rep_id="R-STORY-GHOST")
    b.order("O-STORY-NO-STORE", None, b.day("2026-08", 7), ["77"])
    b.order("O-STORY-NO-PRODUCT", "S-STORY-BUYER", b.day("2026-08", 8), [(None, "55")])
    after = b.last_day + dt.timedelta(days=3)
    b.order("O-STORY-TOMORROW", late, after, ["999"])
    b.visit("V-STORY-TOMORROW", late, "R-00001", after, 90)

    b.store(None, "Shop without a number", b.day("2026-03", 1))
    b.order(None, late, b.day("2026-03", 6), [])
    b.order("O-DIRTY-NO-DATE", late, b.day("2026-03", 6), [], ordered_at=None)
    b.order("O-DIRTY-NO-STATUS", late, b.day("2026-03", 6), [], status=None)
    b.order("O-DIRTY-STATUS", late, b.day("2026-03", 6), [], status="delivered")
    b.order("O-DIRTY-PREDATED", late, b.day("2026-03", 20), [], loaded=b.day("2026-03", 6))
    # a cancelled document, so that its lines count nowhere
    b.order("O-DIRTY-LINES", late, b.day("2026-03", 6), [], status="cancelled")
    b.line("O-DIRTY-LINES", 2, None, f"{b.day('2026-03', 6)} 23:00:00")
    b.line("O-DIRTY-NOWHERE", 1, "10", f"{b.day('2026-03', 6)} 23:00:00")
    b.visit("V-DIRTY-STATUS", late, "R-00001", b.day("2026-03", 6), status="postponed")
    b.visit("V-DIRTY-PREDATED", late, "R-00001", b.day("2026-03", 20), loaded=b.day("2026-03", 6))
    b.visit("V-DIRTY-ANSWERS", late, "R-00001", b.day("2026-03", 6))
    b.answer("V-DIRTY-ANSWERS", "pos_material", None, f"{b.day('2026-03', 6)} 23:00:00")
    b.answer("V-DIRTY-NOWHERE", "facing_share", "40", f"{b.day('2026-03', 6)} 23:00:00")
    b.add(
        "crm_interactions",
        interaction_id="I-DIRTY-PREDATED",
        store_id=late,
        occurred_at=f"{b.day('2026-03', 20)} 12:00:00",
        channel="phone",
        minutes="5",
        loaded_at=f"{b.day('2026-03', 6)} 23:00:00",
        is_deleted="false",
    )
    b.manual("store", late, "FROZEN", b.day("2026-05", 1))
    b.manual("warehouse", "W-1", "BLOCKED", b.day("2026-05", 1))


def _unparsable(b: StoryBook) -> None:
    late, loaded = "S-STORY-LATE", f"{b.day('2026-03', 6)} 23:00:00"
    b.store("S-DIRTY-DATE", "Shop of unknown age", "spring 2019", loaded_at=loaded)
    b.add(
        "erp_products",
        product_id="P-DIRTY-COST",
        product_name="Product with a comma",
        product_group="STORY-ASSORTMENT",
        brand="STORYBROOK",
        category="WATER",
        unit_cost="1,25",
        list_price="2.00",
        loaded_at=loaded,
        is_deleted="false",
    )
    b.order("O-DIRTY-DATE", late, b.day("2026-03", 6), [], ordered_at="06.03.2026 10:15")
    b.order("O-DIRTY-FEBRUARY", late, b.day("2026-03", 6), [], ordered_at="2026-02-30 10:15:00")
    b.line("O-DIRTY-LINES", 1, "12.50 EUR", loaded)
    b.add(
        "sfa_store_assignments",
        store_id=late,
        rep_id="R-DIRTY",
        valid_from="31.12.2025",
        loaded_at=loaded,
        is_deleted="false",
    )
    b.visit("V-DIRTY-DATE", late, "R-00001", b.day("2026-03", 6), started_at="n/a")
    b.answer("V-DIRTY-ANSWERS", "facing_share", "about 40", loaded)
    b.attribute(late, "shelf_metres", "4.0", "yesterday")
    b.add(
        "crm_interactions",
        interaction_id="I-DIRTY-DATE",
        store_id=late,
        occurred_at="2026-13-01 12:00:00",
        channel="phone",
        minutes="5",
        loaded_at=loaded,
        is_deleted="false",
    )
    b.add(
        "market_category_sales",
        store_id=late,
        category="WATER",
        period_start_date=b.day("2026-08"),
        own_sales="120.00",
        category_sales="unknown",
        loaded_at=f"{b.day('2026-09', 12)} 23:00:00",
        is_deleted="false",
    )
    b.manual("store", late, "BLOCKED", b.day("2026-06", 31), loaded=b.day("2026-06", 30))
