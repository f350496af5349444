# SPDX-License-Identifier: Apache-2.0
"""One module, three protocols: the same items over gRPC, REST and the WebSocket feed."""
import asyncio
import json
import queue
import threading

import grpc
import pytest
import requests
import websockets

from settings import PATIENCE
from stubs import catalog_pb2 as pb
from stubs import catalog_pb2_grpc, insecure


@pytest.fixture
def stub(shared_host):
    with insecure(shared_host) as channel:
        yield catalog_pb2_grpc.CatalogStub(channel)


@pytest.fixture
def rest(shared_host):
    with requests.Session() as session:
        session.trust_env = False
        url = shared_host.url("/v1/items")
        yield lambda method, path="", **options: session.request(
            method, url + path, timeout=10 * PATIENCE, **options)


def test_S60_create_read_update_delete_over_rest(rest):
    made = rest("POST", json={"name": "lamp", "price_cents": 1999, "quantity": 4})
    assert made.status_code == 201 and made.headers["ETag"] == '"1"'
    item = made.json()
    path = f"/{item['id']}"
    assert made.headers["Location"] == "/v1/items" + path
    assert rest("GET", path).json() == item
    replaced = rest("PUT", path, json={"name": "lamp 2"})
    assert replaced.json() == {**item, "name": "lamp 2", "price_cents": 0, "quantity": 0,
                               "revision": 2}
    patched = rest("PATCH", path, json={"quantity": 9})
    assert (patched.json()["name"], patched.json()["quantity"]) == ("lamp 2", 9)
    assert rest("DELETE", path).status_code == 204
    assert rest("GET", path).status_code == 404


def test_S60_invalid_items_are_refused(rest):
    for body in ({"name": ""}, {"name": "x" * 201}, {"name": "n", "quantity": -1},
                 {"name": "n", "price_cents": "many"}, {"name": 5}):
        answer = rest("POST", json=body)
        assert answer.status_code == 400, body
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert rest("POST", data=b"{nonsense").status_code == 400
    assert rest("GET", "/nonsense").status_code == 404


def test_S60_if_match_protects_from_lost_updates(rest):
    path = "/" + str(rest("POST", json={"name": "guarded"}).json()["id"])
    assert rest("PATCH", path, json={"quantity": 1},
                headers={"If-Match": '"1"'}).headers["ETag"] == '"2"'
    assert rest("PATCH", path, json={"quantity": 2},
                headers={"If-Match": '"1"'}).status_code == 412
    assert rest("GET", path).json()["quantity"] == 1


def test_S60_paging(rest):
    made = [rest("POST", json={"name": f"page {i}"}).json()["id"] for i in range(7)]
    seen, token = [], str(made[0] - 1)
    while token:
        page = rest("GET", params={"page_size": 3, "page_token": token}).json()
        seen += [item["id"] for item in page["items"]]
        token = page.get("next_page_token")
    assert [number for number in seen if number in made] == made
    assert rest("GET", params={"page_size": 0}).status_code == 400


def test_S82_the_same_items_over_grpc_and_rest(stub, rest):
    created = stub.Create(pb.CreateRequest(item=pb.Item(name="shared", quantity=3)))
    over_rest = rest("GET", f"/{created.id}").json()
    assert (over_rest["name"], over_rest["quantity"], over_rest["revision"]) == ("shared", 3, 1)
    rest("PATCH", f"/{created.id}", json={"quantity": 5})
    assert stub.Get(pb.GetRequest(id=created.id)).quantity == 5
    stub.Delete(pb.DeleteRequest(id=created.id))
    assert rest("GET", f"/{created.id}").status_code == 404


def test_S82_errors_are_those_of_each_protocol(stub, rest):
    with pytest.raises(grpc.RpcError) as failed:
        stub.Get(pb.GetRequest(id=1 << 60))
    assert failed.value.code() == grpc.StatusCode.NOT_FOUND
    problem = rest("GET", f"/{1 << 60}")
    assert problem.status_code == 404 and problem.json()["code"] == "NOT_FOUND"
    assert problem.json()["detail"] == failed.value.details()
    with pytest.raises(grpc.RpcError) as failed:
        stub.Create(pb.CreateRequest(item=pb.Item()))
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_S82_import_list_and_sync(stub):
    summary = stub.Import(pb.Item(name=f"imported {i}" if i % 10 else "") for i in range(1200))
    assert (summary.created, summary.rejected) == (1080, 120)
    assert summary.first_rejection == "an item needs a name"
    listed = [item for item in stub.List(pb.ListRequest()) if item.name.startswith("imported")]
    assert len(listed) == 1080
    assert [item.id for item in listed] == sorted(item.id for item in listed)
    assert len(list(stub.List(pb.ListRequest(limit=7)))) == 7
    first = listed[0]
    edits = [pb.Edit(create=pb.Item(name="synced")), pb.Edit(update=pb.Item(id=first.id, name="u")),
             pb.Edit(update=pb.Item(id=first.id, name="late", revision=1)),
             pb.Edit(delete=first.id), pb.Edit(delete=first.id), pb.Edit()]
    results = list(stub.Sync(iter(edits)))
    assert [result.code for result in results] == [0, 0, 10, 0, 5, 3]
    assert results[1].item.revision == 2


class GrpcWatch:
    def __init__(self, stub, snapshot=False):
        self.call = stub.Watch(pb.WatchRequest(snapshot=snapshot))
        self.call.initial_metadata()  # from here on nothing is missed
        self.changes = queue.Queue()
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self):
        try:
            for change in self.call:
                self.changes.put((pb.Change.Kind.Name(change.kind), change.item.name))
        except grpc.RpcError:
            pass

    def next(self):
        return self.changes.get(timeout=10 * PATIENCE)


def test_S82_changes_reach_grpc_and_websocket_watchers_at_once(shared_host, stub, rest):
    """Whoever changes an item, by whichever protocol: both kinds of watcher see it, in order."""
    watch = GrpcWatch(stub)

    async def run():
        async with websockets.connect(shared_host.url("/v1/items/watch", scheme="ws")) as feed:
            await asyncio.get_running_loop().run_in_executor(None, change)
            kinds = []
            while len(kinds) < 6:
                message = json.loads(await asyncio.wait_for(feed.recv(), 10 * PATIENCE))
                kinds.append((message["kind"].upper(), message["item"]["name"]))
            return kinds

    def change():
        over_rest = rest("POST", json={"name": "r"}).json()["id"]
        over_grpc = stub.Create(pb.CreateRequest(item=pb.Item(name="g"))).id
        stub.Update(pb.UpdateRequest(item=pb.Item(id=over_rest, name="r2")))
        rest("PATCH", f"/{over_grpc}", json={"name": "g2"})
        stub.Delete(pb.DeleteRequest(id=over_rest))
        rest("DELETE", f"/{over_grpc}")

    expected = [("CREATED", "r"), ("CREATED", "g"), ("UPDATED", "r2"), ("UPDATED", "g2"),
                ("DELETED", "r2"), ("DELETED", "g2")]
    assert asyncio.run(run()) == expected
    assert [watch.next() for _ in expected] == expected
    watch.call.cancel()


def test_S82_watch_begins_with_a_snapshot(stub):
    made = stub.Create(pb.CreateRequest(item=pb.Item(name="in the snapshot")))
    watch = GrpcWatch(stub, snapshot=True)
    while True:
        kind, name = watch.next()
        assert kind == "PRESENT"
        if name == "in the snapshot":
            break
    watch.call.cancel()
    stub.Delete(pb.DeleteRequest(id=made.id))


def test_S82_parallel_use_of_all_protocols(shared_host, stub, rest):
    """Fifty writers over both protocols; in the end each item is there exactly once."""
    names = [f"parallel {i}" for i in range(50)]
    failures = []

    def write(i):
        try:
            if i % 2:
                stub.Create(pb.CreateRequest(item=pb.Item(name=names[i])))
            else:
                answer = requests.post(shared_host.url("/v1/items"), json={"name": names[i]},
                                       timeout=30 * PATIENCE, proxies={"http": None})
                assert answer.status_code == 201
        except Exception as error:  # pylint: disable=broad-except
            failures.append(repr(error))

    threads = [threading.Thread(target=write, args=(i,)) for i in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    stored = [item.name for item in stub.List(pb.ListRequest())]
    assert sorted(name for name in stored if name.startswith("parallel")) == sorted(names)
    assert rest("GET").status_code == 200


def test_S82_one_registry_counts_both(shared_host, stub, rest):
    count = lambda: shared_host.metric("catalog_operations_total", operation="get", outcome="error")
    before = count() or 0
    with pytest.raises(grpc.RpcError):
        stub.Get(pb.GetRequest(id=1 << 61))
    rest("GET", f"/{1 << 61}")
    assert count() == before + 2
