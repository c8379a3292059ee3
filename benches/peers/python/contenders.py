"""The work of the benchmark in Python's aiocache and cashews.

contenders.py PORT ROUNDS: a line for each sample, as the benchmark writes them itself.
"""

import asyncio
import sys
import time
from importlib.metadata import version

import aiocache
import cashews

PORT, ROUNDS = int(sys.argv[1]), int(sys.argv[2])
KEYS = 1_000
TTL = 3_600
AIOCACHE, CASHEWS = "Python aiocache", "Python cashews"


def value(key):
    return f"value of {key:>11}"


def sample(what, point, contender, unit, rounds):
    print(what, point, contender, unit, " ".join(map(str, rounds)), sep="\t", flush=True)


async def timed(operation, calls, tasks=1):
    """Seconds of so many calls in all, in so many tasks."""

    async def task(number):
        for n in range(number * (calls // tasks), (number + 1) * (calls // tasks)):
            await operation(n)

    start = time.perf_counter()
    await asyncio.gather(*(task(number) for number in range(tasks)))
    return time.perf_counter() - start


async def compare(what, point, unit, contenders, calls, tasks=1):
    """The contenders in turn, round by round."""
    figures = {name: [] for name in contenders}
    for name, operation in contenders.items():
        await timed(operation, max(calls // 10, KEYS), tasks)
    for _ in range(ROUNDS):
        for name, operation in contenders.items():
            took = await timed(operation, calls, tasks)
            figures[name].append(calls / took if unit == "/s" else took / calls * 1e9)
    for name, rounds in figures.items():
        sample(what, point, name, unit, rounds)


async def hits():
    @aiocache.cached(ttl=TTL)
    async def by_aiocache(key):
        return value(key)

    cache = cashews.Cache()
    cache.setup("mem://", size=2 * KEYS)

    @cache(ttl=TTL)
    async def by_cashews(key):
        return value(key)

    contenders = {
        AIOCACHE: lambda n: by_aiocache(n % KEYS),
        CASHEWS: lambda n: by_cashews(n % KEYS),
    }
    await compare("hit, String of 20 bytes", "1,000 keys, 1 task", "ns", contenders, 5_000)


async def wire():
    ours = aiocache.Cache(
        aiocache.Cache.REDIS, endpoint="127.0.0.1", port=PORT, pool_max_size=1,
        serializer=aiocache.serializers.StringSerializer(), namespace="python",
    )
    theirs = cashews.Cache()
    theirs.setup(f"redis://127.0.0.1:{PORT}/1", max_connections=1)

    keys = [f"user:{n}" for n in range(KEYS)]
    for n, key in enumerate(keys):
        await ours.set(key, value(n), ttl=TTL)
        await theirs.set(key, value(n), expire=TTL)

    gets = {
        AIOCACHE: lambda n: ours.get(keys[n % KEYS]),
        CASHEWS: lambda n: theirs.get(keys[n % KEYS]),
    }
    sets = {
        AIOCACHE: lambda n: ours.set(keys[n % KEYS], value(n), ttl=TTL),
        CASHEWS: lambda n: theirs.set(keys[n % KEYS], value(n), expire=TTL),
    }
    bulk = {
        AIOCACHE: lambda n: ours.multi_get(keys[:100]),
        CASHEWS: lambda n: theirs.get_many(*keys[:100]),
    }
    await compare("Redis, get", "1 task", "ns", gets, 2_000)
    await compare("Redis, set", "1 task", "ns", sets, 2_000)
    await compare("Redis, multi_get(100)", "1 task", "ns", bulk, 300)
    await many_tasks()
    await ours.close()
    await theirs.close()


async def many_tasks():
    """The pools of both as they come: with one connection their tasks fail rather than wait."""
    ours = aiocache.Cache(
        aiocache.Cache.REDIS, endpoint="127.0.0.1", port=PORT,
        serializer=aiocache.serializers.StringSerializer(), namespace="python",
    )
    theirs = cashews.Cache()
    theirs.setup(f"redis://127.0.0.1:{PORT}/1")
    gets = {
        AIOCACHE: lambda n: ours.get(f"user:{n % KEYS}"),
        CASHEWS: lambda n: theirs.get(f"user:{n % KEYS}"),
    }
    await compare("Redis, get, 64 tasks", "one connection", "/s", gets, 6_400, tasks=64)
    await ours.close()
    await theirs.close()


async def main():
    sample("version", version("aiocache"), AIOCACHE, "", [0])
    sample("version", version("cashews"), CASHEWS, "", [0])
    await hits()
    await wire()


asyncio.run(main())
