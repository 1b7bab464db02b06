"""The bridge's job as a careful Python user would write it, with nats-py and httpx: four batches at once, a result stored before
its event is acked, identities that survive a redelivery.

What to do is in the environment: URL STREAM CONSUMER OUTPUT ENDPOINT COUNT.
"""
import asyncio
import json
import os

import httpx
import nats

FEATURES = ("trip", "vendorid", "weekday", "pickuphour", "passenger", "distance")
BATCH, PARALLEL = 500, 4


async def score(client, endpoint, events):
    """One request for all events: a score each, in their order."""
    rows = [[event[name] for name in FEATURES] for event in events]
    answer = await client.post(endpoint, json={"data": rows})
    answer.raise_for_status()
    scores = answer.json()["Results"]
    if len(scores) != len(rows):
        raise ValueError(f"{len(scores)} scores for {len(rows)} rows")
    return scores


async def one_batch(js, client, messages, output, endpoint):
    """Scores the events, stores all results, then acks."""
    scores = await score(client, endpoint, [json.loads(message.data) for message in messages])

    async def settle(message, found):
        meta = message.metadata
        tenant = message.subject.split(".")[1]
        await js.publish(f"{output}.{tenant}.results", json.dumps({"score": found}, separators=(",", ":")).encode(),
                         headers={"Nats-Msg-Id": f"{meta.stream}:{meta.sequence.stream}"})
        await message.ack()

    await asyncio.gather(*(settle(message, found) for message, found in zip(messages, scores, strict=True)))


async def main(url, stream, consumer, output, endpoint, count):
    connection = await nats.connect(url)
    js = connection.jetstream()
    subscription = await js.pull_subscribe_bind(consumer, stream)
    left = int(count)

    async def work(client):
        nonlocal left
        while left > 0:
            try:
                messages = await subscription.fetch(BATCH, timeout=0.5)
            except TimeoutError:
                continue
            left -= len(messages)
            await one_batch(js, client, messages, output, endpoint)

    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=PARALLEL)) as client:
        await asyncio.gather(*(work(client) for _ in range(PARALLEL)))
    await connection.flush()
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main(*(os.environ[name] for name in ("URL", "STREAM", "CONSUMER", "OUTPUT", "ENDPOINT", "COUNT"))))
