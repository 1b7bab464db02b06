"""Compares what stands in the buckets of `kv_bucket` with the newest aggregate of each group."""
import json
import string

from reference import Key, nanoseconds

_KEPT = string.ascii_letters + string.digits + "-_"


def token(value):
    """A group's value as a token of a key; as docs/windows.md says it."""
    special = {None: "=n", True: "=t", False: "=f", "": "=e"}
    if value is None or isinstance(value, bool) or value == "":
        return special[value]
    text = json.dumps(value) if isinstance(value, (int, float)) else value
    begins_as_a_number = isinstance(value, str) and text[0] in string.digits + "-"
    return "".join(chr(byte) if chr(byte) in _KEPT and not (begins_as_a_number and place == 0) else f"={byte:02X}"
                   for place, byte in enumerate(text.encode()))


def compare(pipeline, expected, identities, found, generation=1):
    """What contradicts the summary, in words. `expected`: Key → body of all aggregates that have a bucket; `identities`:
    Key → Nats-Msg-Id of what was published; `found`: key in the bucket → value."""
    newest = {}
    for key in expected:
        name = ".".join([pipeline, key.aggregate, key.tenant, *map(token, key.group)])
        newest[name] = max(newest.get(name, key), key, key=lambda one: one.end)
    wrong = [f"{name} is missing" for name in newest if name not in found]
    wrong += [f"{name} should not be there" for name in found if name not in newest]
    for name in newest.keys() & found.keys():
        key, value = newest[name], json.loads(found[name])
        about = Key(key.aggregate, key.tenant, key.group, nanoseconds(value.pop("window_start")), nanoseconds(value.pop("window_end")))
        said = value.pop("generation"), value.pop("identity")
        body = dict(list(value.items())[len(key.group):])
        if about != key or body != expected[key] or said != (generation, identities.get(key)) or list(value.values())[:len(key.group)] != list(key.group):
            wrong.append(f"{name}: {found[name]} should be {expected[key]} of {key}")
    return wrong


def read(jetstream, bucket):
    """key → value, as a client of the bucket has them: the last of each key, unless it is deleted."""
    prefix, found = f"$KV.{bucket}.", {}
    for stored in jetstream.read(f"KV_{bucket}"):
        if "KV-Operation" in stored.headers:
            found.pop(stored.subject[len(prefix):], None)
        else:
            found[stored.subject[len(prefix):]] = stored.payload
    return found
