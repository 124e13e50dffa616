"""Announces peers at `coil tracker`, as HTTP clients that know no coil."""
import http.client
import socket
import sys
import urllib.parse

from server import Server

TORRENT = bytes(range(20))
OTHER = b"%20 is twenty bytes!"

coil, reactor = sys.argv[1:3]


def get(server, target):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", target)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def decoded(data, at=0):
    """What is bencoded at that place, and the place behind it."""
    kind = data[at:at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1:end]), end + 1
    if kind in (b"l", b"d"):
        items = []
        at += 1
        while data[at:at + 1] != b"e":
            item, at = decoded(data, at)
            items.append(item)
        if kind == b"l":
            return items, at + 1
        keys = items[::2]
        assert keys == sorted(keys), keys
        return dict(zip(keys, items[1::2])), at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1:end], end


def announce(server, torrent=TORRENT, **arguments):
    status, body = get(server, "/announce?" + urllib.parse.urlencode(
        {"info_hash": torrent, **arguments}, quote_via=urllib.parse.quote))
    assert status == 200, (status, body)
    answer, end = decoded(body)
    assert end == len(body), body
    return answer


def ports(answer):
    assert all(peer[b"ip"] == b"127.0.0.1" for peer in answer[b"peers"]), answer
    return sorted(peer[b"port"] for peer in answer[b"peers"])


def raw(server, request):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer:
        got = b""
        try:
            peer.sendall(request)
            while chunk := peer.recv(4096):
                got += chunk
        except ConnectionError:  # It has ended before it read everything.
            pass
        return got


server = Server(coil, reactor, "tracker", "--listen", "tcp:0:interface=127.0.0.1",
                "--interval", "1800")
assert announce(server, port=1001) == {b"interval": 1800, b"peers": []}
assert ports(announce(server, port=1002)) == [1001]
assert ports(announce(server, port=1001)) == [1002]  # Again: nobody is there twice.
assert ports(announce(server, OTHER, port=1003)) == []
assert get(server, "/stats") == (200, b"2 torrents, 3 peers\n")
assert ports(announce(server, OTHER, port=1003, event="stopped")) == []
assert ports(announce(server, port=1002, event="stopped")) == [1001]
assert get(server, "/stats") == (200, b"1 torrents, 1 peers\n")

# Of many peers, each who asks is told of some others.
told = {}
for port in range(2000, 2120):
    announce(server, OTHER, port=port)
for port in (2000, 2060):
    told[port] = ports(announce(server, OTHER, port=port))
    assert len(set(told[port])) == 50 and port not in told[port], told
assert set(told[2000]).isdisjoint(told[2060]), told

for arguments in ({"port": 0}, {"port": 65536}, {"port": "x"}, {"port": ""}, {},
                  {"port": 1, "torrent": b"short"}):
    assert announce(server, **arguments).keys() == {b"failure reason"}, arguments
assert get(server, "/nothing")[0] == 404
for target in ("/announce?info_hash=%4", "/announce?info_hash=%zz"):
    assert get(server, target)[0] == 400, target
for request in (b"POST /stats HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n", b"\r\n"):
    assert raw(server, request).startswith(b"HTTP/1.1 400 "), request
assert raw(server, b"GET /" + b"x" * 20000) == b""  # A line without an end.
assert server.stop() == ""
print("every peer was told of the others")
