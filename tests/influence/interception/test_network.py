"""What is written to sockets is noted while it is asked for, and nothing else is."""

import socket

import pytest

from sequester.influence.interception.network import Network


@pytest.fixture
def connection():
    """Both ends of a connection over the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        other, _ = server.accept()
    with client, other:
        yield client, other


@pytest.fixture
def network():
    network = Network()
    network.install()
    yield network
    network.remove()


def noted(network):
    return [request.content for request in network.requests()]


def test_nothing_is_noted_before_and_after(network, connection):
    client, _ = connection
    client.sendall(b"before")
    network.start()
    network.stop()
    client.sendall(b"after")
    assert noted(network) == []


def test_every_way_of_writing_is_noted_in_order(network, connection):
    client, _ = connection
    network.start()
    client.send(b"a")
    client.sendall(memoryview(b"bc"))
    client.sendmsg(iter([b"d", bytearray(b"e")]))
    client.sendto(b"f", client.getpeername())
    network.stop()
    assert noted(network) == [b"abcdef"]


def test_what_a_closed_connection_has_sent_is_kept(network, connection):
    client, _ = connection
    network.start()
    client.sendall(b"a")
    client.close()
    del client
    network.stop()
    assert noted(network) == [b"a"]


def test_answers_are_not_noted_however_late_they_go_on(network, connection):
    client, other = connection
    network.start()
    client.sendall(b"a")
    other.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
    assert noted(network) == [b"a"]
    network.start()
    other.sendall(b"late")
    network.stop()
    assert noted(network) == []


def test_an_answer_under_way_when_the_next_call_starts_is_not_noted(connection):
    network = Network()
    client, _ = connection

    class Slow(socket.socket):
        def send(self, data):
            sent = super().send(data)
            network.start()  # as another thread would, meanwhile
            return sent

    slow = Slow(fileno=socket.dup(client.fileno()))
    network._replace(Slow, "send", bytes)
    with slow:
        network.start()
        slow.send(b"a")
    network.remove()
    assert noted(network) == []


def test_a_pair_of_sockets_by_which_a_loop_wakes_itself_is_not_noted(network):
    one, other = socket.socketpair()
    with one, other:
        network.start()
        one.send(b"\0")
        assert noted(network) == []
        one.sendall(b"to a child")
        assert noted(network) == [b"to a child"]


def test_bytes_beyond_the_bound_are_said(network, connection, monkeypatch):
    monkeypatch.setattr("sequester.influence.interception.network.MOST_BYTES", 3)
    client, _ = connection
    network.start()
    client.sendall(b"abc")
    assert network.complete
    client.sendall(b"d")
    assert not network.complete
    assert noted(network) == [b"abc"]
