"""A tour of the operations that a service uses.

    python3 tour.py 127.0.0.1:9090,127.0.0.1:9091
"""

import sys

from kvnode_client import KvnodeClient, KvnodeError
from shard_of_key import shard_of_key

KEYS = [f"tour:{number}" for number in range(64)]


def first_steps(client):
    print("absent:", not client.get("tour").found)
    version = client.put("tour", b"Alice").version
    print("get:", client.get("tour").value.decode())
    client.put("tour", b"Bob", if_version=version)
    print("get:", client.get("tour").value.decode())
    return version


def refused(what, operation):
    try:
        operation()
        print(f"{what}: taken")
    except KvnodeError as error:
        print(f"{what}: {error.code}, executed: {error.executed}")
        return error


def refusals(client, old_version):
    error = refused("conditional put", lambda: client.put("tour", b"Carol", if_version=old_version))
    print("version in the trailer:", error.current_version == client.get("tour").version)
    refused("put if absent", lambda: client.put("tour", b"Carol", if_version=0))
    refused("empty key", lambda: client.put("", b""))
    print("get:", client.get("tour").value.decode())


def deletes(client):
    version = client.get("tour").version
    print("deleted:", client.delete("tour", if_version=version).existed)
    print("deleted again:", client.delete("tour").existed)
    print("absent:", not client.get("tour").found)


def straight_to_the_primaries(client):
    if not client.shards.wait_until_whole(timeout=20):
        sys.exit("some shard has no known primary")
    before = client.passed_on
    for key in KEYS:
        client.put(key, key.encode())
    answers = [client.get(key) for key in KEYS]
    print("read back:", all(answer.value.decode() == key for answer, key in zip(answers, KEYS)))
    print("asked by slot:", len({answer.node_id for answer in answers}), "nodes,", client.passed_on - before, "passed on")


def by_way_of_one(nodes):
    """The same without the slot: a node forwards requests for shards of which it is not the primary."""
    client = KvnodeClient(nodes[:1])
    try:
        client.shards.primary_of = lambda key: nodes[0]
        for key in KEYS:
            client.get(key)
        print("asked at one node:", client.passed_on, "passed on")
    finally:
        client.close()


def main(nodes):
    client = KvnodeClient(nodes)
    try:
        version = first_steps(client)
        refusals(client, version)
        deletes(client)
        straight_to_the_primaries(client)
        by_way_of_one(nodes)
        print("shards:", *(shard_of_key(key, 16) for key in KEYS[:8]))
    finally:
        client.close()


if __name__ == "__main__":
    main(sys.argv[1].split(","))
