#!/usr/bin/env python3
"""A participant in Python, written from docs/wire.md alone.

It reserves and releases stock. Everything it remembers is in one SQLite file: the stock, and one
row per idempotency key with the outcome that was decided for it. Both change in the same
transaction, so a command may come as often as it likes.

    SKALD_AMQP_URL=amqp://guest:guest@localhost:5672/ ./participant.py --database stock.db
"""
import argparse
import json
import os
import sqlite3
import sys
import uuid

import pika

DELIVERY_LIMIT = 20


class Refused(Exception):
    """A business answer: refused for good, without effect."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


# --- what this participant does ------------------------------------------------------------------


def reserve(database, key, body):
    sku, quantity = body["input"]["sku"], body["input"].get("quantity", 1)
    taken = database.execute(
        "UPDATE stock SET free = free - ? WHERE sku = ? AND free >= ?", (quantity, sku, quantity))
    if taken.rowcount == 0:
        raise Refused("OUT_OF_STOCK", f"no {quantity} of {sku} left")
    database.execute("INSERT INTO reservation VALUES (?, ?, ?)", (key, sku, quantity))
    return {"reservation": key}


def release(database, action_key, _body):
    row = database.execute(
        "DELETE FROM reservation WHERE id = ? RETURNING sku, quantity", (action_key,)).fetchone()
    if row:
        database.execute("UPDATE stock SET free = free + ? WHERE sku = ?", (row[1], row[0]))
    return None


ACTIONS = {"reserve": reserve, "release": release}


# --- the rules of docs/wire.md -------------------------------------------------------------------


def open_database(path):
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript("""
        PRAGMA journal_mode = DELETE;
        PRAGMA synchronous = EXTRA;
        PRAGMA busy_timeout = 10000;
        CREATE TABLE IF NOT EXISTS stock (sku TEXT PRIMARY KEY, free INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS reservation (id TEXT PRIMARY KEY, sku TEXT, quantity INTEGER);
        CREATE TABLE IF NOT EXISTS decided (
            idempotency_key TEXT PRIMARY KEY, round INTEGER, attempt INTEGER, outcome TEXT,
            body TEXT, barred INTEGER NOT NULL DEFAULT 0);
    """)
    return database


def error(code, message):
    return {"error": {"code": code, "message": message}}


def remember(database, key, round_, attempt, outcome, body, barred=False):
    database.execute("INSERT OR REPLACE INTO decided VALUES (?, ?, ?, ?, ?, ?)",
                     (key, round_, attempt, outcome, json.dumps(body), barred))


def remembered(database, key, round_, attempt):
    """The answer that binds this command, or None when it is to be carried out."""
    row = database.execute(
        "SELECT round, attempt, outcome, body, barred FROM decided WHERE idempotency_key = ?",
        (key,)).fetchone()
    if row is None:
        return None
    decided_in, decided_at, outcome, body, barred = row
    # Rule 2: a success holds for ever, a bar for every round, a refusal for its own round, and a
    # failure for the attempt that was told so: the engine takes it that this one did nothing.
    if outcome == "failed":
        binds = attempt <= decided_at
    else:
        binds = outcome == "success" or barred or round_ <= decided_in
    return (outcome, json.loads(body)) if binds else None


def decide(database, headers, action, body):
    """One command, inside one transaction: the outcome and the body of its reply."""
    key, direction = headers["skald_idempotency_key"], headers["skald_direction"]
    round_, attempt = headers.get("skald_round", 1), headers.get("skald_attempt", 1)
    action_key = key.rsplit("/", 1)[0] + "/action"
    if direction == "resolve":
        answer = database.execute("SELECT outcome, body FROM decided WHERE idempotency_key = ?",
                                  (action_key,)).fetchone()
        if answer and answer[0] == "success":
            return "success", json.loads(answer[1])
        # Rule 4: that it did not happen may only be said when it never will.
        refusal = error("NOT_DONE", "the action had no effect and is barred")
        remember(database, action_key, round_, attempt, "rejected", refusal, barred=True)
        return "rejected", refusal
    known = remembered(database, key, round_, attempt)
    if known:
        return known
    if action not in ACTIONS:
        failure = error("UNKNOWN_ACTION", f"no action {action} here")
        remember(database, key, round_, attempt, "failed", failure)
        return "failed", failure
    if direction == "compensate":
        done = database.execute("SELECT outcome FROM decided WHERE idempotency_key = ?",
                                (action_key,)).fetchone()
        if not done or done[0] != "success":
            # Rule 3: nothing to undo; the action must not take effect should it still come.
            remember(database, action_key, round_, attempt, "rejected",
                     error("COMPENSATED", "undone before it was done"), barred=True)
            remember(database, key, round_, attempt, "success", {"output": None})
            return "success", {"output": None}
    database.execute("SAVEPOINT act")
    try:
        subject = action_key if direction == "compensate" else key
        outcome, answer = "success", {"output": ACTIONS[action](database, subject, body)}
    except Refused as refused:
        database.execute("ROLLBACK TO act")
        outcome, answer = "rejected", error(refused.code, str(refused))
    database.execute("RELEASE act")
    remember(database, key, round_, attempt, outcome, answer)
    return outcome, answer


def carry_out(database, headers, action, body):
    try:
        database.execute("BEGIN IMMEDIATE")
        answer = decide(database, headers, action, body)
        database.execute("COMMIT")
        return answer
    except Exception as failure:  # whatever it was, the engine is told and may ask again
        if database.in_transaction:
            database.execute("ROLLBACK")
        print(f"participant: {action}: {failure!r}", file=sys.stderr)
        return "unknown", error("EXCEPTION", type(failure).__name__)


def on_command(database, channel, method, properties, raw):
    headers = properties.headers or {}
    try:
        if not {"skald_idempotency_key", "skald_direction"} <= headers.keys():
            raise ValueError("not a command")
        body = json.loads(raw)
        if not isinstance(body, dict):
            raise ValueError("not an object")
    except ValueError:
        # Rule 6: what cannot be read goes to the dead letters; the engine hears of it.
        channel.basic_reject(method.delivery_tag, requeue=False)
        return
    if headers.get("skald_protocol", "1") != "1":
        outcome, answer = "rejected", error("UNSUPPORTED_PROTOCOL", "this is version 1")
    else:
        outcome, answer = carry_out(database, headers, properties.type, body)
    if properties.reply_to:
        echoed = {k: v for k, v in headers.items() if k.startswith("skald_")}
        echoed.update(skald_command_id=properties.message_id, skald_outcome=outcome)
        # Rule 5: with confirms on, this returns once the broker has the reply; only then the ack.
        channel.basic_publish("", properties.reply_to, json.dumps(answer).encode(),
                              pika.BasicProperties(
                                  content_type="application/json", delivery_mode=2,
                                  message_id=str(uuid.uuid4()),
                                  correlation_id=properties.correlation_id, headers=echoed))
    channel.basic_ack(method.delivery_tag)


def declare(channel, prefix, participant, queue_type):
    queue, dead = f"{prefix}.cmd.{participant}", f"{prefix}.dead"
    arguments = {"x-queue-type": queue_type, "x-dead-letter-exchange": dead}
    if queue_type == "quorum":
        arguments["x-delivery-limit"] = DELIVERY_LIMIT
    channel.exchange_declare(f"{prefix}.commands", "direct", durable=True)
    channel.exchange_declare(dead, "fanout", durable=True)
    channel.queue_declare(dead, durable=True, arguments={"x-queue-type": queue_type})
    channel.queue_bind(dead, dead)
    channel.queue_declare(queue, durable=True, arguments=arguments)
    channel.queue_bind(queue, f"{prefix}.commands", participant)
    return queue


def main():
    options = argparse.ArgumentParser(description="Reserves and releases stock for Skald.")
    options.add_argument("--database", default="stock.db")
    options.add_argument("--participant", default="inventory")
    options.add_argument("--prefix", default="skald")
    options.add_argument("--queue-type", choices=["quorum", "classic"], default="quorum")
    options.add_argument("--stock", action="append", default=[], metavar="SKU=COUNT",
                         help="stock to begin with, for articles that are not known yet")
    chosen = options.parse_args()

    database = open_database(chosen.database)
    for article in chosen.stock:
        sku, count = article.split("=")
        database.execute("INSERT OR IGNORE INTO stock VALUES (?, ?)", (sku, int(count)))

    url = os.environ.get("SKALD_AMQP_URL")
    if not url:
        sys.exit("participant: set SKALD_AMQP_URL, e.g. amqp://guest:guest@localhost:5672/")
    try:
        connection = pika.BlockingConnection(pika.URLParameters(url))
    except pika.exceptions.AMQPError as failure:
        sys.exit(f"participant: the broker cannot be used: {failure!r}")
    channel = connection.channel()
    channel.confirm_delivery()
    channel.basic_qos(prefetch_count=8)
    queue = declare(channel, chosen.prefix, chosen.participant, chosen.queue_type)
    channel.basic_consume(queue, lambda *delivery: on_command(database, *delivery))
    print(f"participant: {chosen.participant} listens", flush=True)
    try:
        channel.start_consuming()
    except KeyboardInterrupt:
        connection.close()


if __name__ == "__main__":
    main()
