"""Deliveries to real receivers on loopback: deliveries.py has them, and the company that publishes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import time
from contextlib import closing
from email.utils import formatdate

import delivery_kills
import duckdb
import pytest
from conftest import PROJECT, connect, server_rows
from deliveries import SECRET, TABLES, Company, http_receiver, smtp_receiver

KILLS = int(os.environ.get("DELIVERY_KILLS", "40"))
ALL = ["treatments", "segments", "alerts"]


@pytest.fixture
def company(tmp_path) -> Company:
    """Two stores in two regions, a rep and a product group."""
    company = Company(tmp_path)
    company.rows["dim_stores"] += [{"store_id": "s1", "region": "North"}, {"store_id": "s2", "region": "South"}]
    company.rows["dim_reps"].append({"rep_id": "r1", "region": "North"})
    company.rows["int_store_contacts"].append(
        {"store_id": "s1", "contact_email": "s1@example.com", "contact_phone": "+48 1"}
    )
    company.rows["int_rep_contacts"] += [{"rep_id": f"r{n}", "email": f"r{n}@example.com"} for n in (1, 2)]
    company.treat("s1", "discount", "5", value_number=5.25, unit_cost=1.5, cost=12)
    company.treat("s2", "discount", "7", segment="SILVER")
    company.treat("r1", "training", entity="rep", scheme="portfolio", segment="TOP")
    company.treat("g1", "display", entity="product_group", scheme="abc", segment="A")
    company.segment("s1", "GOLD")
    company.segment("s2", "SILVER")
    company.segment("r1", "TOP", "portfolio", "rep")
    company.publish()
    return company


@pytest.fixture(scope="module")
def receiver():
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def crm(company, receiver):
    """The receiver of a target crm, empty; `company.configure(crm=crm.target | …)` changes it."""
    receiver.__dict__.update({**type(receiver)().__dict__, "url": receiver.url})
    receiver.target = {"kind": "webhook", "url": receiver.url, "secret_env": "CRM_SECRET", "what": ALL}
    receiver.target |= {"backoff": 0.01, "timeout": 0.3, "retries": 2}
    company.configure(crm=receiver.target)
    return receiver


@pytest.fixture(scope="module")
def smtp():
    with smtp_receiver() as postbox:
        yield postbox


@pytest.fixture
def postbox(company, smtp):
    smtp.mails.clear()
    smtp.refused.clear()
    url = f"mailto://127.0.0.1:{smtp.port}?from=alerts@example.com&to={{email}}"
    smtp.target = {"kind": "apprise", "url": url, "backoff": 0.01, "retries": 1}
    company.configure(mail=smtp.target)
    return smtp


def values(receiver, one: str) -> dict[tuple, str]:
    """What the receiver has of treatments or segments, by entity and treatment or scheme."""
    name = "value" if one == "treatment" else "segment"
    return {where[2:]: change[name] for where, change in receiver.state.items() if where[0] == one}


def applied(receiver) -> int:
    return len(receiver.applied)


# --- only what changed -----------------------------------------------------------------------------


def test_the_first_delivery_sends_everything_and_the_next_one_what_changed(company, crm):
    told = company.deliver()
    assert "crm: sent 7 changes. New: 4 treatments, 3 segments, the first delivery sends all." in told
    assert values(crm, "treatment")["s1", "discount"] == "5" and applied(crm) == 7

    assert "sent 0 changes" in company.deliver()
    company.treat("s1", "discount", "6")
    company.segment("s2", "GOLD")
    company.publish("2026-02-28")
    assert "crm: sent 2 changes. New: 1 treatment, 1 segment." in company.deliver()
    assert applied(crm) == 9
    assert crm.requests[-1].content["as_of_date"] == "2026-02-28"
    assert crm.requests[-1].content["company"] == "acme"


def test_columns_that_only_tell_make_no_change(company, crm):
    company.deliver()
    company.segment("s1", "GOLD", reason="held", last_judged_period="2026-02-01", computed_segment="SILVER")
    company.treat("s2", "discount", "7", segment="SILVER", given_by="value SILVER", beats="nothing")
    company.publish("2026-03-01")
    assert "sent 0 changes" in company.deliver()
    company.segment("s1", "GOLD", is_active=False)
    company.publish("2026-03-02")
    assert "sent 1 change." in company.deliver()
    assert crm.requests[-1].changes[0]["is_active"] is False


def test_what_disappears_is_withdrawn(company, crm):
    company.deliver()
    company.treat("s1", "discount", None)
    company.rows["fct_store_segments_current"].pop()
    company.publish()
    assert "1 treatment (1 withdrawn), 1 segment (1 withdrawn)" in company.deliver()
    assert [(c["operation"], c["entity_id"]) for r in crm.requests[-2:] for c in r.changes] == [
        ("delete", "s1"),
        ("delete", "s2"),
    ]
    assert set(crm.requests[-1].changes[0]) == {
        *("key", "sequence", "kind", "operation", "entity_type", "entity_id", "scheme")
    }
    assert values(crm, "segment") == {("s1", "value"): "GOLD", ("r1", "portfolio"): "TOP"} and not crm.faults


def test_there_and_back_again_are_three_changes(company, crm):
    company.deliver()
    for value in ("6", "5", None, "5"):
        company.treat("s1", "discount", value, value_number=5.25)
        company.publish()
        assert "sent 1 change." in company.deliver()
    keys = [change["key"] for request in crm.requests for change in request.changes if change["entity_id"] == "s1"]
    assert len(set(keys)) == len(keys) == 6
    assert values(crm, "treatment")["s1", "discount"] == "5" and not crm.faults
    numbers = [change["sequence"] for request in crm.requests for change in request.changes]
    assert numbers == sorted(numbers)


def test_from_now_sends_nothing_of_today(company, crm):
    assert "counts as delivered (7 changes were not sent)" in company.deliver("--from-now")
    company.treat("s2", "discount", None)
    company.publish()
    assert "1 treatment (1 withdrawn)" in company.deliver()
    assert applied(crm) == 1


def test_forgetting_sends_everything_anew_with_other_keys(company, crm):
    company.deliver()
    assert "forgotten" in company.deliver("--forget", "crm")
    company.deliver()
    assert applied(crm) == 14
    assert "nothing was ever delivered to moon" in company.deliver("--forget", "moon", code=1)


# --- choices ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "entities"),
    [
        ({"what": ["segments"]}, {"s1", "s2", "r1"}),
        ({"entity_types": ["rep", "product_group"]}, {"r1", "g1"}),
        ({"schemes": ["value"]}, {"s1", "s2"}),
        ({"segments": ["SILVER"]}, {"s2"}),
        ({"regions": ["North"]}, {"s1", "r1"}),
        ({"regions": ["South"], "schemes": ["value"]}, {"s2"}),
    ],
)
def test_filters(company, crm, chosen, entities):
    company.configure(crm=crm.target | chosen)
    company.deliver()
    assert {change["entity_id"] for request in crm.requests for change in request.changes} == entities


def test_a_store_that_leaves_the_region_is_withdrawn_from_its_receiver(company, crm):
    company.configure(crm=crm.target | {"regions": ["North"], "entity_types": ["store"], "what": ["treatments"]})
    company.deliver()
    company.rows["dim_stores"][0]["region"] = "South"
    company.publish()
    assert "1 treatment (1 withdrawn)" in company.deliver()


def test_a_mistyped_filter_is_told(company, crm):
    company.configure(crm=crm.target | {"regions": ["Nort"], "schemes": ["valu"]})
    told = company.deliver()
    assert "region 'Nort' is of no store or rep" in told and "scheme 'valu' has nothing in it" in told


@pytest.mark.parametrize(("outside", "operations"), [("withdraw", ["delete"]), ("keep", [])])
def test_changed_filters_withdraw_nothing_unasked(company, crm, outside, operations):
    wide = crm.target | {"what": ["treatments"], "entity_types": ["store"]}
    company.configure(crm=wide)
    company.deliver()
    company.configure(crm=wide | {"regions": ["North"]})
    told = company.deliver(code=1)
    assert "its filters have changed, and 1 rows that were delivered are outside" in told
    assert len(crm.requests) == 1
    assert "OUTSIDE=withdraw" in company.deliver("--dry-run")
    company.deliver("--outside", outside)
    assert [change["operation"] for request in crm.requests[1:] for change in request.changes] == operations
    assert "sent 0 changes" in company.deliver()


def test_what_vanished_while_the_filters_changed_is_withdrawn(company, crm):
    company.configure(crm=crm.target | {"what": ["treatments"]})
    company.deliver()
    company.treat("s1", "discount", None)
    company.publish()
    company.configure(crm=crm.target | {"what": ["treatments"], "schemes": ["value", "portfolio", "abc"]})
    assert "1 treatment (1 withdrawn)" in company.deliver()


def test_chosen_columns(company, crm):
    company.configure(crm=crm.target | {"what": ["segments"], "columns": ["segment"]})
    company.deliver()
    assert set(crm.requests[0].changes[0]) == {
        *("key", "sequence", "kind", "operation", "entity_type", "entity_id", "scheme", "segment")
    }
    company.segment("s1", "GOLD", is_active=False)
    company.publish()
    assert "sent 0 changes" in company.deliver()
    company.configure(crm=crm.target | {"what": ["segments"], "columns": ["segment", "is_active"]})
    assert "sent 3 changes" in company.deliver()


def test_contact_data_only_where_named(company, crm):
    company.deliver()
    assert not [request for request in crm.requests if b"example.com" in request.body]
    chosen = {"what": ["segments"], "contact_columns": ["contact_email", "email"]}
    company.configure(crm=crm.target, named=crm.target | chosen)
    company.deliver()
    found = {change["entity_id"]: change for change in crm.requests[-1].changes}
    assert found["s1"]["contact_email"] == "s1@example.com" and found["s2"]["contact_email"] is None
    assert found["r1"]["email"] == "r1@example.com" and "contact_phone" not in found["s1"]
    company.rows["int_store_contacts"][0]["contact_email"] = "new@example.com"
    company.publish()
    told = company.deliver()
    assert "crm: sent 0 changes" in told and "named: sent 1 change." in told


# --- the webhook -----------------------------------------------------------------------------------


def hmac_by_hand(key: bytes, message: bytes) -> str:
    """RFC 2104, without the library that the sender uses."""
    key = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).hexdigest()


def test_requests_are_signed_and_bear_keys(company, crm):
    company.configure(crm=crm.target | {"batch_size": 3, "headers": {"X-Api-Key": "${CRM_KEY}"}})
    company.deliver(CRM_KEY="the key")
    assert [len(request.changes) for request in crm.requests] == [3, 1, 3]
    assert len({request.headers["Idempotency-Key"] for request in crm.requests}) == 3
    for request in crm.requests:
        moment = request.headers["X-Timestamp"]
        assert abs(int(moment) - time.time()) < 60
        wanted = hmac_by_hand(SECRET.encode(), moment.encode() + b"." + request.body)
        assert request.headers["X-Signature-256"] == f"sha256={wanted}"
        assert request.headers["X-Api-Key"] == "the key"
    first = crm.requests[0].changes[0]
    assert first["value_number"] == 5.25 and first["in_force_since"] == "2026-01-01" and first["ends_on"] is None


def test_the_document_tells_how_to_verify(company, crm):
    text = (PROJECT / "docs" / "delivery.md").read_text()
    told: dict = {}
    exec(text.split("```python\n")[1].split("```")[0], told)
    company.deliver()
    request = crm.requests[0]
    assert told["is_genuine"](SECRET.encode(), request.headers, request.body)
    assert not told["is_genuine"](SECRET.encode(), request.headers, request.body.replace(b"s1", b"s9"))
    assert not told["is_genuine"](b"another", request.headers, request.body)


def test_the_document_has_the_tables_and_the_columns_that_count(monkeypatch):
    from scripts.delivery_config import Secrets, TableTarget
    from scripts.delivery_source import KINDS
    from scripts.delivery_targets import TableSender

    text = (PROJECT / "docs" / "delivery.md").read_text()
    monkeypatch.setenv("D", "dsn")
    target = TableTarget(kind="table", dsn_env="D", table="segmentation.{what}", what=["treatments", "segments"])
    squeezed = " ".join(text.split()).replace("( ", "(").replace(" )", ")")
    for kind in (KINDS["treatments"], KINDS["segments"]):
        assert TableSender(target, Secrets("t")).ddl(kind).replace('"', "") in squeezed
        (line,) = (line for line in text.splitlines() if line.startswith(f"| `{kind.what}` |"))
        compared, along = line.split("|")[4:6]
        assert set(re.findall(r"`(\w+)`", compared)) == kind.compared
        assert set(re.findall(r"`(\w+)`", along)) == set(kind.columns) - kind.compared


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_receiver_in_trouble_is_tried_again(company, crm, status):
    crm.answers.extend([status, status])
    company.deliver()
    assert applied(crm) == 7 and len(crm.requests) == 4
    assert len({request.headers["Idempotency-Key"] for request in crm.requests[:3]}) == 1
    assert crm.requests[0].body == crm.requests[2].body


def test_retry_after_is_honoured(company, crm):
    crm.answers.append(lambda _: (429, {"Retry-After": "1"}, b""))
    started = time.monotonic()
    company.deliver()
    assert time.monotonic() - started >= 1 and applied(crm) == 7
    crm.answers.append(lambda _: (503, {"Retry-After": formatdate(time.time() + 3600, usegmt=True)}, b""))
    company.treat("s1", "discount", "9")
    company.publish()
    before = len(crm.requests)
    assert "answered 503" in company.deliver(code=1)
    assert len(crm.requests) == before + 1


def test_what_fails_too_often_waits_for_the_next_delivery(company, crm):
    crm.answers.extend([500] * 3)
    told = company.deliver(code=1)
    assert "answered 500" in told and "7 changes not sent yet" in told
    # It is sent as it was, whatever has changed since; what has changed follows.
    company.treat("s1", "discount", "6")
    company.publish("2026-02-28")
    told = company.deliver()
    assert "sent 8 changes, 7 of them left by an earlier delivery. New: 1 treatment." in told
    assert crm.requests[3].body == crm.requests[0].body
    assert values(crm, "treatment")["s1", "discount"] == "6"


def test_a_receiver_that_took_it_and_was_too_slow_to_say_so_is_sent_the_same_again(company, crm):
    crm.answers.append(crm.silent)
    company.deliver()
    assert sorted(crm.applied.values()) == [1] * 3 + [2] * 4
    assert not crm.faults


def test_nobody_there(company, crm):
    company.configure(crm=crm.target | {"url": "http://127.0.0.1:9/${CRM_PATH}"})
    told = company.deliver(code=1, CRM_PATH="hidden-token")
    assert "http://127.0.0.1:9/${CRM_PATH} cannot be reached" in told and "hidden-token" not in told
    company.configure(crm=crm.target)
    company.deliver()
    assert applied(crm) == 7


def test_half_of_a_batch_is_not_sent_again(company, crm):
    crm.answers.extend([crm.half, crm.half])
    company.deliver()
    assert [len(request.changes) for request in crm.requests] == [4, 2, 1, 3]
    assert set(crm.applied.values()) == {1} and applied(crm) == 7
    # What is left is another batch: its key must not be the one that the receiver has seen.
    assert len({request.headers["Idempotency-Key"] for request in crm.requests}) == 4


def test_a_receiver_that_refuses_stops_its_own_deliveries_only(company, crm, tmp_path):
    crm.answers.append(lambda _: (422, {}, b"no such store"))
    files = {"kind": "jsonl", "folder": str(tmp_path / "out"), "what": ["segments"]}
    company.configure(crm=crm.target, files=files)
    told = company.deliver(code=1)
    assert "answered 422 Unprocessable Entity: no such store" in told and "7 changes not sent yet" in told
    assert "files: sent 3 changes" in told and len(crm.requests) == 1
    company.deliver()
    assert applied(crm) == 7


def test_a_redirect_is_not_followed(company, crm):
    crm.answers.append(lambda _: (302, {"Location": crm.url}, b""))
    assert "answered 302" in company.deliver(code=1)
    assert len(crm.requests) == 1


# --- files and tables ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_files(company, tmp_path, kind):
    folder = tmp_path / "out"
    company.configure(files={"kind": kind, "folder": str(folder), "what": ALL})
    company.alert("a1", "r1")
    company.publish()
    company.deliver()
    company.treat("s1", "discount", None)
    company.publish()
    company.deliver()
    names = sorted(file.name for file in folder.iterdir())
    assert [name.split("_")[1] for name in names] == ["alerts", "segments", "treatments", "treatments"]
    reader = {"csv": "read_csv", "parquet": "read_parquet", "jsonl": "read_json"}[kind]
    rows = duckdb.sql(
        f"select operation, entity_id, treatment, cast(value_number as double), cast(as_of_date as varchar)"
        f" from {reader}('{folder}/files_treatments_*', union_by_name = true) order by sequence"
    ).fetchall()
    assert rows == [
        ("upsert", "s1", "discount", 5.25, "2026-01-31"),
        ("upsert", "s2", "discount", None, "2026-01-31"),
        ("upsert", "r1", "training", None, "2026-01-31"),
        ("upsert", "g1", "display", None, "2026-01-31"),
        ("delete", "s1", "discount", None, "2026-01-31"),
    ]
    if kind == "parquet":
        types = dict(
            duckdb.sql(f"select column_name, column_type from (describe from '{folder / names[2]}')").fetchall()
        )
        assert types["cost"] == "DECIMAL(18,6)" and types["in_force_since"] == "DATE"


def test_a_file_that_is_written_again_takes_its_own_place(company, tmp_path):
    folder = tmp_path / "out"
    company.configure(files={"kind": "jsonl", "folder": str(folder), "what": ["segments"]})
    company.deliver()
    (file,) = folder.iterdir()
    text = file.read_text()
    # As if killed between writing the file and remembering it.
    with closing(sqlite3.connect(company.state_file)) as state:
        changes = [json.loads(line) for line in text.splitlines()]
        state.execute("insert into batches values (1, 'files', 'segments', ?, ?, 'acme', '2026-01-31', null, null)",
                      [hashlib.sha256("".join(c["key"] for c in changes).encode()).hexdigest()[:32],
                       changes[0]["delivery_id"]])  # fmt: skip
        for change in changes:
            content = json.dumps({k: v for k, v in list(change.items())[5:]})
            state.execute(
                "insert into outbox select 1, ?, stream, entity_id, item, 'upsert', ?, hash, ? from delivered"
                " where entity_id = ?",
                [change["sequence"], change["key"], content, change["entity_id"]],
            )
        state.commit()
    file.unlink()
    assert "3 of them left by an earlier delivery" in company.deliver()
    assert [f.name for f in folder.iterdir()] == [file.name] and file.read_text() == text


def test_a_folder_that_cannot_be_written(company, tmp_path):
    (tmp_path / "out").write_text("a file")
    company.configure(files={"kind": "csv", "folder": str(tmp_path / "out"), "what": ["segments"]})
    assert "cannot be written" in company.deliver(code=1)


def test_a_table_is_upserted(company, postgres):
    database = postgres.database()
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    dsn = " ".join(f"{name}={database[variable]}" for name, variable in names.items())
    company.alert("a1", "r1")
    company.publish()
    target = {"kind": "table", "dsn_env": "CRM_DSN", "table": "crm_{what}", "what": ALL, "batch_size": 2}
    company.configure(table=target | {"retries": 0})
    assert "needs the variable CRM_DSN" in company.deliver(code=1)
    company.deliver(CRM_DSN=dsn)
    query = "select entity_type, entity_id, treatment, value, value_number::float, as_of_date::text from crm_treatments"
    rows = server_rows(database, f"{query} order by 1, 2")
    assert len(rows) == 4 and ("store", "s1", "discount", "5", 5.25, "2026-01-31") in rows
    assert server_rows(database, "select alert_key, raised_at::text from crm_alerts") == [("a1", "2026-01-01 08:00:00")]

    company.treat("s1", "discount", "6")
    company.treat("s2", "discount", None)
    company.publish("2026-02-28")
    assert "2 treatments (1 withdrawn)" in company.deliver(CRM_DSN=dsn)
    rows = server_rows(database, f"{query} where entity_type = 'store'")
    assert rows == [("store", "s1", "discount", "6", None, "2026-02-28")]

    with closing(connect(database)) as connection, connection:
        connection.cursor().execute("alter table crm_segments drop column reason")
    company.segment("s1", "SILVER")
    company.publish()
    told = company.deliver(code=1, CRM_DSN=dsn)
    assert 'table crm_segments: column "reason"' in told and 'create table "crm_segments"' in told
    told = company.deliver(code=1, CRM_DSN=dsn.replace(database["PGPASSWORD"], "mistyped"))
    assert "the database of CRM_DSN" in told and "mistyped" not in told
    told = company.deliver(code=1, CRM_DSN=dsn.replace(database["PGPASSWORD"], "not quoted"))
    assert "CRM_DSN is no DSN" in told and "quoted" not in told
    with closing(connect(database)) as connection, connection:
        connection.cursor().execute("alter table crm_segments add column reason text")
    assert "1 of them left by an earlier delivery" in company.deliver(CRM_DSN=dsn)


def test_what_is_published_on_a_server_is_delivered(postgres, tmp_path, crm, company):
    on_server = Company(tmp_path / "server", postgres.database(), company.rows)
    (tmp_path / "server").mkdir()
    on_server.configure(crm=crm.target | {"contact_columns": ["contact_email"], "regions": ["North"]})
    on_server.alert("a1", "r1")
    on_server.publish()
    assert "2 treatments, 2 segments, 1 alert" in on_server.deliver()
    first = crm.requests[0].changes[0]
    assert first["value_number"] == 5.25 and first["contact_email"] == "s1@example.com"
    on_server.segment("s1", "SILVER")
    on_server.treat("s1", "discount", None)
    on_server.publish()
    assert "1 treatment (1 withdrawn), 1 segment." in on_server.deliver()
    assert crm.requests[-1].changes[0]["is_active"] is True


# --- alerts ----------------------------------------------------------------------------------------


def test_alerts_go_to_their_recipients_the_most_urgent_first(company, postbox):
    company.configure(mail=postbox.target | {"max_alerts_per_recipient": 2})
    for n, severity in enumerate(["info", "critical", "warning", "critical", "info"]):
        company.alert(f"a{n}", "r1", severity, hour=n, entity_id=f"s{n}")
    company.alert("b", "r2", entity_id="s9")
    company.publish()
    assert "mail: sent 6 changes. New: 6 alerts" in company.deliver()
    subjects = ["Critical: store s3", "Critical: store s1", "3 more alerts"]
    assert postbox.subjects("r1@example.com") == subjects
    assert postbox.text("r1@example.com").splitlines()[:3] == [
        "warning: store s2: text of a2",
        "info: store s4: text of a4",
        "info: store s0: text of a0",
    ]
    assert postbox.subjects("r2@example.com") == ["Warning: store s9"]
    assert len({mail["X-Idempotency-Key"] for _, mail in postbox.mails}) == 4
    company.alert("c", "r2")
    company.publish()
    assert "mail: sent 1 change." in company.deliver()


def test_the_limit_is_a_var_and_the_configuration_wins(company, postbox):
    for n in range(4):
        company.alert(f"a{n}", "r1")
    company.publish()
    told = company.deliver("--dry-run", VARS='{"max_alerts_per_recipient": 1}')
    assert "4 alerts in 2 messages" in told
    assert "4 alerts in 4 messages" in company.deliver("--dry-run")
    company.configure(mail=postbox.target | {"max_alerts_per_recipient": 0})
    assert "4 alerts in 1 message," in company.deliver("--dry-run", VARS='{"max_alerts_per_recipient": 1}')
    told = company.deliver(code=1, VARS='{"max_alerts_per_recipient": "many"}')
    assert "'many' is no number of alerts" in told


def test_who_has_no_address_is_told_and_tried_again(company, postbox):
    company.alert("a", "r7")
    company.alert("b", "r7")
    company.alert("c", "r1")
    company.publish()
    told = company.deliver()
    assert "mail: sent 1 change." in told and "rep r7 has no e-mail address: 2 alerts not sent yet" in told
    company.rows["int_rep_contacts"].append({"rep_id": "r7", "email": "r7@example.com"})
    company.publish()
    assert "mail: sent 2 changes" in company.deliver()
    assert len(postbox.subjects("r7@example.com")) == 2


def test_a_recipient_that_fails_holds_up_no_other(company, postbox):
    company.alert("a", "r1")
    company.alert("b", "r2")
    company.publish()
    postbox.refused.add("r1@example.com")
    told = company.deliver(code=1)
    assert "rep r1 could not be notified" in told and "1 change not sent yet" in told
    assert postbox.subjects("r2@example.com") and not postbox.subjects("r1@example.com")
    company.alert("c", "r2", entity_id="s5")
    company.publish()
    assert "sent 1 change" in company.deliver(code=1)
    assert postbox.subjects("r2@example.com")[-1] == "Warning: store s5"
    postbox.refused.clear()
    assert "1 of them left by an earlier delivery" in company.deliver()
    assert len(postbox.subjects("r1@example.com")) == 1


def test_alerts_go_over_http_with_the_addresses_where_named(company, crm):
    company.alert("a", "r1")
    company.alert("b", "r1", "info", entity_type="product_group", entity_id="g1")
    company.publish()
    company.configure(crm=crm.target | {"what": ["alerts"], "contact_columns": ["email"], "regions": ["North"]})
    company.deliver()
    (change,) = crm.requests[0].changes
    assert change["alert_key"] == "a" and change["email"] == "r1@example.com" and change["kind"] == "alert"
    company.rows["fct_alerts"].clear()
    company.publish()
    assert "sent 0 changes" in company.deliver()


# --- state -----------------------------------------------------------------------------------------


def test_a_dry_run_touches_nothing_and_asks_for_no_secret(company, crm):
    told = company.deliver("--dry-run", CRM_SECRET=None)
    assert "crm (webhook) would be sent 4 treatments, 3 segments in 2 requests, as its first delivery." in told
    assert "entity_id=s1, treatment=discount, value=5" in told
    assert not company.state_file.parent.exists() and not crm.requests
    crm.answers.extend([500] * 3)
    company.deliver(code=1)
    before = company.state_file.read_bytes()
    company.segment("s1", "SILVER")
    company.publish()
    told = company.deliver("--dry-run")
    assert "would be sent 1 segment in 1 request, after 7 changes that an earlier delivery left." in told
    assert company.state_file.read_bytes() == before and len(crm.requests) == 3


def test_a_build_that_publishes_in_the_middle_is_noticed(company, crm, monkeypatch):
    from scripts.delivery_source import Source

    answers = [False, False, True]
    monkeypatch.setattr(Source, "is_unchanged", lambda _: answers.pop(0))
    assert "sent 7 changes" in company.deliver()
    assert applied(crm) == 7 and not answers
    company.segment("s1", "SILVER")
    company.publish()
    answers += [False] * 3
    assert "Builds go on publishing" in company.deliver(code=1)
    assert applied(crm) == 7


def test_the_room_of_a_large_outbox_is_given_back(company, crm, monkeypatch):
    import scripts.delivery_state

    monkeypatch.setattr(scripts.delivery_state, "MANY_PAGES", 0)
    for n in range(500):
        company.treat(f"n{n}", "discount", "x" * 500)
    company.publish()
    company.deliver()
    assert company.state_file.stat().st_size < 100_000
    assert "sent 0 changes" in company.deliver()


def test_one_delivery_at_a_time_and_builds_go_on(company, crm):
    from scripts.delivery_state_file import folder_of, lock
    from scripts.duckdb_warehouse import DuckDBWarehouse

    warehouse = DuckDBWarehouse(company.warehouse)
    with lock(folder_of(warehouse)):
        assert "Another delivery is at work" in company.deliver(code=1)
        assert "would be sent" in company.deliver("--dry-run")
    with warehouse.lock(), duckdb.connect(str(warehouse.build_db)):
        assert "sent 7 changes" in company.deliver()


def test_a_state_that_is_gone_damaged_or_of_another_company_is_told(company, crm):
    company.deliver()
    whole = company.state_file.read_bytes()
    company.state_file.unlink()
    told = company.deliver(code=1)
    assert "state.sqlite is gone" in told and "the next delivery then sends everything" in told
    company.state_file.write_bytes(b"no database at all" * 100)
    assert "is damaged" in company.deliver(code=1)
    company.state_file.write_bytes(whole[: len(whole) // 2])
    assert "is damaged" in company.deliver(code=1)
    company.state_file.write_bytes(whole)
    assert "sent 0 changes" in company.deliver()
    for run in company.rows["fct_runs"]:
        run["company"] = "other"
    company._write(company.warehouse / "segmentation.duckdb", "main", TABLES)
    assert "holds what was delivered of company 'acme'" in company.deliver(code=1)


def test_a_target_that_is_no_more_is_told(company, crm):
    crm.answers.extend([500] * 3)
    company.deliver(code=1)
    company.configure(other=crm.target)
    assert "crm is a target no more; what it was sent stays with it, and 7 changes still wait" in company.deliver()


def test_nothing_published_and_an_older_publication(company, crm):
    del company.rows["fct_alerts"]
    tables = {name: ddl for name, ddl in TABLES.items() if name != "fct_alerts"}
    company._write(company.warehouse / "segmentation.duckdb", "main", tables)
    told = company.deliver(code=1)
    assert "cannot deliver alerts" in told and "make build" in told and not crm.requests
    (company.warehouse / "segmentation.duckdb").unlink()
    assert "Nothing is published" in company.deliver(code=1)


def test_tables_are_found_by_the_names_that_a_user_gave_them(company, crm):
    def node(name: str, schema: str, alias: str) -> dict:
        relation = f'"build"."{schema}"."{alias}"'
        about = {"name": name, "schema": schema, "alias": alias, "relation_name": relation}
        return about | {"database": "build", "resource_type": "model", "package_name": "dynamic_segmentation"}

    company.configure(crm=crm.target | {"what": ["segments"], "contact_columns": ["email"]})
    renamed = {"segmentation.duckdb": ("main.fct_store_segments_current", "store_segments")}
    renamed["build.duckdb"] = ("segmentation_build_contacts.int_rep_contacts", "people")
    for file, (table, name) in renamed.items():
        with duckdb.connect(str(company.warehouse / file)) as con:
            con.execute(f"alter table {table} rename to {name}")
    assert "The build has no contact data to read" in company.deliver(code=1)
    nodes = [
        node("fct_store_segments_current", "segmentation_build", "store_segments"),
        node("int_rep_contacts", "segmentation_build_contacts", "people"),
    ]
    (company.warehouse / "target").mkdir()
    manifest = {"nodes": {each["name"]: each for each in nodes}, "sources": {}}
    (company.warehouse / "target" / "manifest.json").write_text(json.dumps(manifest))
    company.deliver()
    found = {change["entity_id"]: change for change in crm.requests[-1].changes}
    assert found["r1"]["email"] == "r1@example.com" and set(found) == {"s1", "s2", "r1"}


def test_contact_data_while_a_build_is_at_work(company, crm):
    import subprocess
    import sys

    company.configure(crm=crm.target | {"contact_columns": ["email"]})
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    file = str(company.warehouse / "build.duckdb")
    build = subprocess.Popen([sys.executable, "-c", code, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    build.stdout.readline()
    assert "a build is at work in it" in company.deliver(code=1)
    build.communicate()
    assert "sent 7 changes" in company.deliver()


# --- the configuration -----------------------------------------------------------------------------

HOOK = {"kind": "webhook", "url": "https://example.com/hook", "secret_env": "S", "what": ["segments"]}
MAIL = {"kind": "apprise", "url": "mailto://example.com?to={email}"}


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ({"kind": "fax"}, "targets.t: kind is one of csv, parquet, jsonl, webhook, table, apprise"),
        (HOOK | {"whta": 1}, "targets.t.whta: there is no such key; known are backoff, batch_size"),
        (HOOK | {"secret": "abc"}, "targets.t: secret: secrets come from the environment alone"),
        (HOOK | {"url": "example.com"}, "targets.t.url: 'example.com' is no address"),
        (HOOK | {"url": "https://u:p@example.com"}, "targets.t.url: secrets come from the environment alone"),
        (HOOK | {"url": "https://example.com?token=x"}, "targets.t.url: secrets come from the environment alone"),
        (HOOK | {"headers": {"Authorization": "Bearer x"}}, "targets.t.headers: Authorization: secrets come from"),
        (HOOK | {"what": []}, "targets.t.what: "),
        (HOOK | {"what": ["news"]}, "targets.t.what.0: Input should be 'treatments', 'segments' or 'alerts'"),
        (HOOK | {"columns": ["price"]}, "targets.t.columns: segments have no column 'price'; they have"),
        (HOOK | {"columns": ["reason"]}, "targets.t.columns: nothing named there makes a change of segments"),
        (HOOK | {"batch_size": 0}, "targets.t.batch_size: "),
        ({"kind": "csv", "what": ["segments"]}, "targets.t.folder: is missing"),
        ({"kind": "table", "dsn_env": "D", "table": "t", "what": ALL}, "write t_{what}, which is a table of each"),
        ({"kind": "table", "dsn": "host=x", "table": "t", "what": ["segments"]}, "targets.t: dsn: secrets come from"),
        (MAIL | {"url": "mailto://x?to={mail}"}, "{mail} is none of {email}, {recipient_id}, {recipient_type}"),
        (MAIL | {"url": "mailto://u:p@example.com?to={email}"}, "targets.t.url: secrets come from the environment"),
        (MAIL | {"url": "slack://a/b/c"}, "an address of slack is itself a secret"),
        (MAIL | {"columns": ["text"]}, "targets.t.columns: a notification has no columns"),
    ],
)
def test_errors_of_the_configuration_name_the_place(company, target, told):
    company.configure(t=target)
    found = company.deliver(code=1)
    assert f"{company.folder / 'delivery.yml'}: " in found and told in found


def test_a_configuration_that_is_none(company):
    file = company.folder / "delivery.yml"
    assert "There is no" in company.deliver(code=1, DELIVERY_CONFIG=company.folder / "missing.yml")
    for text, told in ("a: [", "is no YAML"), ("", "targets: is missing"), ("targets: {}", "targets"):
        file.write_text(text)
        assert told in company.deliver(code=1)
    company.configure(t=HOOK)
    assert "ONLY: " in company.deliver("--only", "u", code=1)
    assert "Target t needs the variable S of the environment" in company.deliver("--only", "t", code=1)
    assert "'maybe' is none of keep and withdraw" in company.deliver("--outside", "maybe", code=1)


def test_the_example_is_a_configuration(tmp_path):
    from scripts.delivery_config import EXAMPLE, read_config

    config = read_config(PROJECT / EXAMPLE)
    assert {target.kind for target in config.targets.values()} == {"csv", "webhook", "table", "apprise"}


# --- killed ----------------------------------------------------------------------------------------


def test_a_killed_delivery_loses_nothing_and_sends_nothing_twice(tmp_path):
    outcome = delivery_kills.outcome(tmp_path / "kills", KILLS)
    print(outcome)
    assert not outcome.faults, "\n".join(outcome.faults)
    assert outcome.kills == KILLS and outcome.while_sending
