"""Planted stories of the sample company beyond orders and Perfect Store: what apps, systems and the market report.

Four kinds of triggers: computed (prices, working time, points), parameters that an app user edits, data of integrated
systems (days off, distributors, stock, complaints), external data (footfall, weather, population, income, distances).
As in `sample_stories`, the answers are written by hand from the rules of the design and the shipped policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.sample_stories import StoryBook

# In scores a weight of 1 of potential_score is 5 points of 100.
CATALOGUE_STORIES: dict[str, dict] = {
    "portal": {
        "about": "Points for using the portal make a store PREMIUM; it is held for a year when they run out.",
        "entity_type": "store",
        "entity_id": "S-STORY-PORTAL",
        "scheme": "loyalty",
        "segments": {
            "2025-06": ("STANDARD", "first"),
            "2025-07": ("STANDARD", "kept"),
            "2025-08": ("STANDARD", "kept"),
            "2025-09": ("STANDARD", "kept"),
            "2025-10": ("STANDARD", "kept"),
            "2025-11": ("STANDARD", "kept"),
            "2025-12": ("STANDARD", "kept"),
            "2026-01": ("PREMIUM", "promoted"),
            "2026-02": ("PREMIUM", "kept"),
            "2026-03": ("PREMIUM", "kept"),
            "2026-04": ("PREMIUM", "kept"),
            "2026-05": ("PREMIUM", "kept"),
            "2026-06": ("PREMIUM", "kept"),
            "2026-07": ("PREMIUM", "held"),  # between exit and entry
            "2026-08": ("PREMIUM", "held"),  # below the exit, held for 12 periods since June
            "2026-09": ("PREMIUM", "held"),
        },
        "current": ("PREMIUM", "held", "2026-01-01"),
        "metrics": {
            "loyalty_points": {
                "2025-06": "10",  # five logins
                "2025-07": "109.5",  # the logins decay by 0.5 a month; five orders
                "2025-08": "259",  # seven orders, capped at 100, and a training
                "2025-09": "338.5",  # four orders
                "2025-10": "538",  # five orders, and three trainings, capped at 100
                "2025-11": "837.5",  # 300 by hand
                "2025-12": "937",
                "2026-01": "1036.5",
                "2026-02": "1036",
                "2026-05": "1034.5",
                "2026-06": "1030",  # the logins are older than a year
                "2026-07": "930",
                "2026-08": "780",
                "2026-09": "650",  # 80 older than a year, and 50 taken back by hand
            }
        },
    },
    "prices": {
        "about": "Wrong prices in one audit cost a store its TOP.",
        "entity_type": "store",
        "entity_id": "S-STORY-PRICES",
        "scheme": "perfect_store",
        "segments": {
            "2026-05": ("TOP", "first"),
            "2026-06": ("TOP", "kept"),
            "2026-07": ("STANDARD", "demoted"),
            "2026-08": ("TOP", "promoted"),
            "2026-09": ("TOP", "kept"),
        },
        "current": ("TOP", "kept", "2026-08-01"),
        "metrics": {
            "perfect_store_score": {"2026-05": "84", "2026-06": "84", "2026-07": "69", "2026-08": "84"},
            "price_correctness": {"2026-05": "1", "2026-06": "1", "2026-07": "0", "2026-08": "1"},
        },
    },
    "working_time": {
        "about": "A rep's mean working time falls; later his missed visits lie on days off and do not count.",
        "entity_type": "rep",
        "entity_id": "R-STORY-TIME",
        "scheme": "discipline",
        "segments": {
            "2026-04": ("RELIABLE", "first"),
            "2026-05": ("RELIABLE", "held"),
            "2026-06": ("RELIABLE", "held"),  # the first failing period of two
            "2026-07": ("DEVELOPING", "demoted"),
            "2026-08": ("RELIABLE", "promoted"),
            "2026-09": ("RELIABLE", "kept"),
        },
        "current": ("RELIABLE", "kept", "2026-08-01"),
        "metrics": {
            "working_minutes_avg": {
                "2026-04": "420",
                "2026-05": "390",
                "2026-06": "370",
                "2026-07": "370",
                "2026-08": "420",
                "2026-09": "420",
            },
            "visit_plan_completion": {"2026-04": "1", "2026-08": "0.9", "2026-09": "1"},
            "days_off": {"2026-08": "0", "2026-09": "3"},
            "procedure_compliance": {"2026-04": "1", "2026-09": "1"},
        },
    },
    "key_account": {
        "about": "Good clients, plan and procedure kept for two periods: a rep fit for key accounts.",
        "entity_type": "rep",
        "entity_id": "R-STORY-40",
        "scheme": "key_account",
        "segments": {
            "2026-01": ("STANDARD", "first"),
            "2026-02": ("KEY_ACCOUNT", "promoted"),
            "2026-03": ("KEY_ACCOUNT", "kept"),
            "2026-04": ("KEY_ACCOUNT", "kept"),
            "2026-05": ("KEY_ACCOUNT", "kept"),
            "2026-06": ("KEY_ACCOUNT", "kept"),
            "2026-07": ("KEY_ACCOUNT", "kept"),
            "2026-08": ("KEY_ACCOUNT", "kept"),
            "2026-09": ("KEY_ACCOUNT", "kept"),
        },
        "current": ("KEY_ACCOUNT", "kept", "2026-02-01"),
    },
    "rebuilt": {
        "about": "What the app's users record of a shop lifts its potential: size, checkouts, surroundings.",
        "entity_type": "store",
        "entity_id": "S-STORY-REBUILT",
        "scheme": "potential",
        "segments": {
            "2026-03": ("LOW", "first"),
            "2026-04": ("LOW", "kept"),
            "2026-05": ("MEDIUM", "promoted"),
            "2026-06": ("MEDIUM", "kept"),
            "2026-07": ("MEDIUM", "kept"),
            "2026-08": ("HIGH", "promoted"),
            "2026-09": ("HIGH", "held"),
        },
        "current": ("HIGH", "held", "2026-08-01"),
        "scores": {
            "potential_score": {
                # 3.75 floor area + 3.75 shelf + 2 room for POS + half of what is missing: 5 + 2.5 + 2.5
                "2026-03": "19.5",
                "2026-04": "19.5",
                "2026-05": "42",  # 11.25 + 11.25 + 7.5 checkouts + 2 + 10
                "2026-06": "49.5",  # floor area and shelf in full: 15 + 15
                "2026-07": "56.5",  # room for 18 pieces: 9
                "2026-08": "61.5",  # surroundings = school: 5
                "2026-09": "57",  # a shorter shelf: 10.5
            }
        },
    },
    "attack": {
        "about": "High potential and a low share of the category: attack.",
        "entity_type": "store",
        "entity_id": "S-STORY-REBUILT",
        "scheme": "strategy",
        "segments": {
            "2026-03": ("MAINTAIN", "first"),
            "2026-04": ("MAINTAIN", "kept"),
            "2026-05": ("MAINTAIN", "kept"),
            "2026-06": ("MAINTAIN", "kept"),
            "2026-07": ("MAINTAIN", "kept"),
            "2026-08": ("ATTACK", "moved"),
            "2026-09": ("ATTACK", "held"),
        },
        "current": ("ATTACK", "held", "2026-08-01"),
        "metrics": {"category_share_quarter": {"2026-06": None, "2026-07": "0.1", "2026-09": "0.1"}},
    },
    "outlet": {
        "about": "An outlet that nobody sells to yet: its surroundings make its potential, delivered from outside.",
        "entity_type": "store",
        "entity_id": "S-STORY-OUTLET",
        "scheme": "potential",
        "segments": {
            "2026-02": ("LOW", "first"),
            "2026-03": ("MEDIUM", "promoted"),
            "2026-04": ("LOW", "demoted"),
            "2026-05": ("MEDIUM", "promoted"),
            "2026-06": ("MEDIUM", "kept"),
            "2026-07": ("HIGH", "promoted"),
            "2026-08": ("HIGH", "kept"),
            "2026-09": ("HIGH", "held"),
        },
        "current": ("HIGH", "held", "2026-07-01"),
        "scores": {
            "potential_score": {
                # 20 for the shop itself, 4 footfall (mean of 100 and 300), 2 population, 2.5 income,
                # 1.5 temperature (mean of 6 and 12), 1 distance to a school
                "2026-02": "31",
                "2026-03": "38",  # footfall 500: 10; 15 degrees: 2.5
                "2026-04": "28",  # nobody counted; the missing temperature is half of 5
                "2026-05": "47.5",  # footfall 900: 18; 24 degrees: 4
                "2026-06": "58.5",  # footfall 1,000: 20; population 20,000: 10; 30 degrees: 5
                "2026-07": "62",  # a school opens half a kilometre away: 4.5
                "2026-08": "60.5",  # footfall 800: 16; income 40,000: 5
                "2026-09": "55.5",  # footfall 600: 12; 24 degrees: 4
            }
        },
    },
    "overstock": {
        "about": "A product that lies in stock for more than 60 days is worth a promotion.",
        "entity_type": "product_group",
        "entity_id": "product:P-STORY-STOCK",
        "scheme": "promotion",
        "segments": {
            "2023-10": ("NONE", "first"),
            "2023-11": ("NONE", "kept"),
            "2023-12": ("NONE", "kept"),
            "2024-01": ("NONE", "kept"),
            "2024-02": ("NONE", "kept"),
            "2024-03": ("NONE", "kept"),
            "2024-04": ("NONE", "kept"),
            "2024-05": ("NONE", "kept"),
            "2024-06": ("NONE", "kept"),
            "2024-07": ("NONE", "kept"),
            "2024-08": ("NONE", "kept"),
            "2024-09": ("NONE", "kept"),
            "2024-10": ("NONE", "kept"),
            "2024-11": ("NONE", "kept"),
            "2024-12": ("NONE", "kept"),
            "2025-01": ("NONE", "kept"),
            "2025-02": ("NONE", "kept"),
            "2025-03": ("NONE", "kept"),
            "2025-04": ("NONE", "kept"),
            "2025-05": ("NONE", "kept"),
            "2025-06": ("NONE", "kept"),
            "2025-07": ("NONE", "kept"),
            "2025-08": ("NONE", "kept"),
            "2025-09": ("NONE", "kept"),
            "2025-10": ("NONE", "kept"),
            "2025-11": ("NONE", "kept"),
            "2025-12": ("NONE", "kept"),
            "2026-01": ("NONE", "kept"),
            "2026-02": ("NONE", "kept"),
            "2026-03": ("NONE", "kept"),
            "2026-04": ("NONE", "kept"),
            "2026-05": ("NONE", "kept"),
            "2026-06": ("NONE", "kept"),
            "2026-07": ("PROMOTE", "promoted"),
            "2026-08": ("PROMOTE", "held"),
            "2026-09": ("NONE", "demoted"),
        },
        "current": ("NONE", "demoted", "2026-09-01"),
        "metrics": {
            "stock_cover_days": {
                "2026-05": None,
                "2026-06": "50.555556",  # 50 units; 90 sold in the 91 days of the quarter
                "2026-07": "61.333333",  # 60 units, 15 of them last reported in June; 92 days
                "2026-08": "51.111111",
                "2026-09": "40.888889",
            },
        },
    },
    "costly": {
        "about": "A complaint costs more than a small shop earns; larger orders make up for it.",
        "entity_type": "store",
        "entity_id": "S-STORY-COSTLY",
        "scheme": "service",
        "segments": {
            "2026-04": ("PROFITABLE", "first"),
            "2026-05": ("PROFITABLE", "kept"),
            "2026-06": ("COSTLY", "demoted"),
            "2026-07": ("COSTLY", "held"),  # above 0, below 200
            "2026-08": ("PROFITABLE", "promoted"),
            "2026-09": ("PROFITABLE", "kept"),
        },
        "current": ("PROFITABLE", "kept", "2026-08-01"),
        "metrics": {
            "net_contribution_year": {
                "2026-04": "8",
                "2026-05": "16",
                "2026-06": "-1",  # 24 less a complaint
                "2026-07": "179",
                "2026-08": "259",
                "2026-09": "259",  # 8 earned, two calls of 4
            },
            "complaints_quarter": {"2026-05": "0", "2026-06": "1", "2026-08": "1", "2026-09": "0"},
            "cost_to_serve_year": {"2026-05": "0", "2026-06": "25", "2026-09": "33"},
        },
    },
    "distributor": {
        "about": "What a distributor delivers is sell-in like any other, and can be told apart.",
        "entity_type": "store",
        "entity_id": "S-STORY-DISTRIBUTOR",
        "scheme": "value",
        "segments": {
            "2026-05": ("BRONZE", "first"),
            "2026-06": ("GOLD", "promoted"),
            "2026-07": ("GOLD", "kept"),
            "2026-08": ("GOLD", "kept"),
            "2026-09": ("GOLD", "kept"),
        },
        "current": ("GOLD", "kept", "2026-06-01"),
        "metrics": {
            "share_orders_distributor_year": {
                "2026-05": "1",
                "2026-06": "1",
                "2026-07": "1",
                "2026-08": "0.75",
                "2026-09": "0.6",
            },
            "order_value_quarter": {"2026-05": "1600", "2026-07": "4800", "2026-09": "4800"},
            # the tills sell half of what came in
            "sell_out_quarter": {"2026-06": None, "2026-07": "2400", "2026-09": "2400"},
            "sell_through_quarter": {"2026-06": None, "2026-07": "0.5", "2026-09": "0.5"},
        },
    },
}

# Planted bad rows, as in sample_stories.REJECTED; they exist only with text_errors.
CATALOGUE_REJECTED: list[tuple[str, str | None, str]] = [
    ("portal_events", "E-DIRTY-DATE", "unparsable_date"),
    ("market_external_metrics", "store|S-STORY-LATE|footfall|2026-08-05", "unparsable_number"),
    ("erp_stock_levels", "P-STORY-STOCK|W-STORY-1|2026-08-05", "unparsable_number"),
]


def add_catalogue_rows(b: StoryBook, text_errors: bool) -> None:
    """The rows that should lead there."""
    _portal(b)
    _prices(b)
    _working_time(b)
    _rebuilt(b)
    _outlet(b)
    _overstock(b)
    _costly(b)
    _distributor(b)
    if text_errors:
        _unparsable(b)


def _portal(b: StoryBook) -> None:
    store = "S-STORY-PORTAL"
    b.store(store, "Online Grocery", b.day("2025-06", 1))
    number = 0
    for month, event_type, times in [
        ("2025-06", "login", 5),
        ("2025-07", "order_placed", 5),
        ("2025-08", "order_placed", 7),
        ("2025-08", "training_completed", 1),
        ("2025-09", "order_placed", 4),
        ("2025-10", "order_placed", 5),
        ("2025-10", "training_completed", 3),
        ("2025-12", "order_placed", 5),
        ("2026-01", "order_placed", 5),
        ("2026-01", "newsletter_opened", 4),  # earns nothing
    ]:
        for time in range(times):
            number += 1
            b.event(f"E-STORY-PORTAL-{number:02d}", store, event_type, f"{b.day(month, 3 + time)} 18:30:00")
    for adjustment_id, points, day, reason in [
        ("J-STORY-PORTAL-1", "300", b.day("2025-11", 20), "winner of the autumn campaign"),
        ("J-STORY-PORTAL-2", "-50", b.day("2026-09", 9), "prize returned"),
    ]:
        b.add(
            "portal_points_adjustments",
            adjustment_id=adjustment_id,
            store_id=store,
            points=points,
            granted_at=f"{day} 12:00:00",
            granted_by="loyalty desk",
            reason=reason,
            loaded_at=f"{day} 23:00:00",
            is_deleted="false",
        )


def _prices(b: StoryBook) -> None:
    b.store("S-STORY-PRICES", "Price Tag Kiosk", b.day("2026-05", 2), channel="petrol")
    for month, score in [("2026-05", 84), ("2026-06", 84), ("2026-07", 69), ("2026-08", 84), ("2026-09", 84)]:
        b.visit(f"V-STORY-PRICES-{month}", "S-STORY-PRICES", "R-00001", b.day(month, 12), score)


def _working_time(b: StoryBook) -> None:
    rep, store = "R-STORY-TIME", "S-STORY-TIME"
    b.add(
        "sfa_reps",
        rep_id=rep,
        rep_name="Early Home",
        region="NORTH",
        manager_id="M-NORTH",
        hired_on=b.day("2026-04", 1),
        loaded_at=f"{b.day('2026-03', 20)} 23:00:00",
        is_deleted="false",
    )
    b.store(store, "Well Visited Shop", b.day("2026-03", 5))
    minutes = {"2026-04": 420, "2026-05": 390, "2026-06": 370, "2026-07": 370, "2026-08": 420, "2026-09": 420}
    for month, worked in minutes.items():
        for day in range(2, 8):
            b.work(rep, b.day(month, day), worked)
        for number in range(10):
            # one visit is missed in August, three on the days off of September
            status = "missed" if (month, number) == ("2026-08", 9) else "done"
            b.visit(f"V-STORY-TIME-{month}-{number}", store, rep, b.day(month, 9 + number), status=status)
    for day in (21, 22, 23):
        b.work(rep, b.day("2026-09", day), 0, is_day_off="true")
        b.visit(f"V-STORY-TIME-OFF-{day}", store, rep, b.day("2026-09", day), status="missed")
    for month in range(1, 10):
        for day in range(2, 8):
            b.work("R-STORY-40", b.day(f"2026-{month:02d}", day), 430)


def _rebuilt(b: StoryBook) -> None:
    store = "S-STORY-REBUILT"
    b.store(store, "Rebuilt Market", b.day("2026-03", 1))
    for month, day, values in [
        (
            "2026-03",
            10,
            {
                "floor_area": "100",
                "shelf_metres": "5",
                "checkouts": "1",
                "pos_potential": "4",
                "surroundings": "residential",
            },
        ),
        ("2026-05", 12, {"floor_area": "300", "shelf_metres": "15", "checkouts": "4"}),
        ("2026-06", 8, {"floor_area": "400", "shelf_metres": "20"}),
        ("2026-07", 20, {"pos_potential": "18"}),
        ("2026-08", 3, {"surroundings": "school"}),
        ("2026-09", 14, {"shelf_metres": "14"}),
    ]:
        for attribute, value in values.items():
            b.attribute(store, attribute, value, b.day(month, day))
    for month in ("2026-07", "2026-08"):
        b.add(
            "market_category_sales",
            store_id=store,
            category="WATER",
            period_start_date=b.day(month),
            own_sales="100.00",
            category_sales="1000.00",
            loaded_at=f"{b.day(month, 28)} 23:00:00",
            is_deleted="false",
        )


def _outlet(b: StoryBook) -> None:
    store = "S-STORY-OUTLET"
    b.store(store, "Unserved Minimarket", b.day("2026-02", 1), is_served="false")
    for attribute, value in [
        ("floor_area", "200"),
        ("shelf_metres", "10"),
        ("checkouts", "3"),
        ("surroundings", "office"),
    ]:
        b.attribute(store, attribute, value, b.day("2026-02", 10))
    for month, day, metric, value in [
        ("2026-02", 5, "footfall", "100"),
        ("2026-02", 19, "footfall", "300"),
        ("2026-02", 5, "temperature", "6"),
        ("2026-02", 19, "temperature", "12"),
        ("2026-02", 5, "population", "4000"),
        ("2026-02", 5, "regional_income", "20000"),
        ("2026-02", 5, "distance_to_school", "4"),
        ("2026-03", 5, "footfall", "500"),
        ("2026-03", 5, "temperature", "15"),
        ("2026-05", 5, "footfall", "900"),
        ("2026-05", 5, "temperature", "24"),
        ("2026-06", 5, "footfall", "1000"),
        ("2026-06", 5, "temperature", "30"),
        ("2026-06", 30, "population", "20000"),
        ("2026-07", 5, "footfall", "1000"),
        ("2026-07", 5, "temperature", "30"),
        ("2026-07", 31, "distance_to_school", "0.5"),
        ("2026-08", 5, "footfall", "800"),
        ("2026-08", 5, "temperature", "30"),
        ("2026-08", 5, "regional_income", "40000"),
        ("2026-09", 5, "footfall", "600"),
        ("2026-09", 5, "temperature", "24"),
    ]:
        b.measure(store, metric, value, b.day(month, day))


def _overstock(b: StoryBook) -> None:
    product, store = "P-STORY-STOCK", "S-STORY-STOCKIST"
    b.add(
        "erp_products",
        product_id=product,
        product_name="Slow mover",
        product_group="STORY-STOCK",
        brand="STORYBROOK",
        category="WATER",
        unit_cost="1.00",
        list_price="2.00",
        loaded_at=f"{b.day('2023-10')} 01:00:00",
        is_deleted="false",
    )
    b.store(store, "Faithful Stockist", b.day("2023-10", 1), channel="wholesale", legal_type="company")
    for index in range(9, 45):
        month = f"{2023 + index // 12}-{index % 12 + 1:02d}"
        b.order(f"O-STORY-STOCK-{month}", store, b.day(month, 5), [])
        b.line(f"O-STORY-STOCK-{month}", 1, "60", f"{b.day(month, 5)} 23:00:00", product, quantity="30")
    for month, warehouse, quantity in [
        ("2026-06", "W-STORY-1", "35"),
        ("2026-06", "W-STORY-2", "15"),
        ("2026-07", "W-STORY-1", "45"),
        ("2026-08", "W-STORY-1", "35"),
        ("2026-09", "W-STORY-2", "5"),
    ]:
        b.stock(product, warehouse, b.day(month, 25), quantity)


def _costly(b: StoryBook) -> None:
    store = "S-STORY-COSTLY"
    b.store(store, "Complaining Corner Shop", b.day("2026-04", 1))
    # P-STORY-FILL costs 0.60 a unit
    for month, amount, quantity in [
        ("2026-04", "20", "20"),
        ("2026-05", "20", "20"),
        ("2026-06", "20", "20"),
        ("2026-07", "300", "200"),
        ("2026-08", "200", "200"),
        ("2026-09", "20", "20"),
    ]:
        b.order(f"O-STORY-COSTLY-{month}", store, b.day(month, 7), [])
        b.line(f"O-STORY-COSTLY-{month}", 1, amount, f"{b.day(month, 7)} 23:00:00", quantity=quantity)
    b.add(
        "erp_complaints",
        complaint_id="C-STORY-COSTLY",
        store_id=store,
        product_id="P-STORY-FILL",
        channel="phone",
        opened_at=f"{b.day('2026-06', 16)} 10:00:00",
        closed_at=f"{b.day('2026-06', 18)} 10:00:00",
        loaded_at=f"{b.day('2026-06', 16)} 23:00:00",
        is_deleted="false",
    )
    for day in (8, 15):
        b.add(
            "crm_interactions",
            interaction_id=f"I-STORY-COSTLY-{day}",
            store_id=store,
            occurred_at=f"{b.day('2026-09', day)} 10:00:00",
            channel="phone",
            minutes="5",
            loaded_at=f"{b.day('2026-09', day)} 23:00:00",
            is_deleted="false",
        )


def _distributor(b: StoryBook) -> None:
    store = "S-STORY-DISTRIBUTOR"
    b.store(store, "Shop of a Distributor", b.day("2026-05", 1))
    for month in ("2026-05", "2026-06", "2026-07", "2026-08", "2026-09"):
        supplier = "D-STORY" if month < "2026-08" else None
        b.order(f"O-STORY-DISTRIBUTOR-{month}", store, b.day(month, 12), ["1600"], supplier_id=supplier)
    for day in (10, 24):
        b.add(
            "market_epos_sales",
            store_id=store,
            product_id="P-STORY-FILL",
            sold_on=b.day("2026-07", day),
            quantity="1200",
            amount="1200",
            loaded_at=f"{b.day('2026-07', day)} 23:00:00",
            is_deleted="false",
        )


def _unparsable(b: StoryBook) -> None:
    b.event("E-DIRTY-DATE", "S-STORY-LATE", "login", "last week", loaded=f"{b.day('2026-03', 6)} 23:00:00")
    b.measure("S-STORY-LATE", "footfall", "many", b.day("2026-08", 5))
    b.stock("P-STORY-STOCK", "W-STORY-1", b.day("2026-08", 5), "two pallets")
