"""Answers cache commands through Python's aiocache, a line of JSON for a line of JSON.

peer.py redis|memcached PORT string|json|msgpack|plain-msgpack NAMESPACE
"""

import asyncio
import json
import sys

import msgpack
from aiocache import Cache, cached_stampede
from aiocache.lock import RedLock
from aiocache.serializers import JsonSerializer, MsgPackSerializer, StringSerializer


class BinaryMsgPackSerializer(MsgPackSerializer):
    """Reads what it wrote: the one in aiocache 0.12.3 has Redis decode the bytes as UTF-8 first, and fails."""

    DEFAULT_ENCODING = None

    def loads(self, value):
        return None if value is None else msgpack.loads(value, raw=False)


SERIALIZERS = {
    "string": StringSerializer,
    "json": JsonSerializer,
    "msgpack": BinaryMsgPackSerializer,
    "plain-msgpack": MsgPackSerializer,
}


locks = {}


async def stampede(cache, request):
    """Calls a guarded function: how often it ran, and what the call gave."""
    runs = 0

    async def load():
        nonlocal runs
        runs += 1
        await asyncio.sleep(request["seconds"])
        return request["value"]

    decorator = cached_stampede(key=request["key"], lease=request["lease"])
    guarded = decorator(load)
    # It makes a cache of its own, in memory here, unless it is told where the server is once more.
    decorator.cache = cache
    value = await guarded()
    return [runs, value]


async def answer(cache, request):
    command, key = request["command"], request.get("key")
    if command == "lock":
        # aiocache's own lock does not say whether it is had, so this asks for who has it.
        lock = locks[key] = RedLock(cache, key, request["lease"])
        await lock._acquire()
        return await cache.raw("get", lock.key) == lock._value
    if command == "unlock":
        lock = locks.pop(key)
        await lock._release()
        return True
    if command == "cached_stampede":
        return await stampede(cache, request)
    if command == "set":
        return await cache.set(key, request["value"], ttl=request.get("ttl"))
    if command == "get":
        return await cache.get(key)
    if command == "multi_set":
        return await cache.multi_set(request["pairs"], ttl=request.get("ttl"))
    if command == "multi_get":
        return await cache.multi_get(request["keys"])
    if command == "increment":
        return await cache.increment(key, delta=request["delta"])
    if command == "delete":
        return await cache.delete(key)
    if command == "exists":
        return await cache.exists(key)
    if command == "clear":
        return await cache.clear(namespace=cache.namespace)
    raise ValueError(command)


async def main():
    kind, port, serializer, namespace = sys.argv[1:]
    backend = {"redis": Cache.REDIS, "memcached": Cache.MEMCACHED}[kind]
    options = {"namespace": namespace} if namespace else {}
    cache = Cache(
        backend, endpoint="127.0.0.1", port=int(port), serializer=SERIALIZERS[serializer](), **options
    )
    for line in sys.stdin:
        try:
            result = {"ok": await answer(cache, json.loads(line))}
        except Exception as error:
            result = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), flush=True)
    await cache.close()


asyncio.run(main())
