// The examples of handle_id.h, handle_table.h, native_handle.h, owned_handle.h and socket_calls.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

using namespace coil;

namespace {

bool is_listener(Reactor& reactor, NativeHandle socket) {
  // [socket facts]
  Result<SocketFacts> facts = reactor.sockets().facts(socket);
  bool can_accept = facts && facts->listening;
  // [/socket facts]
  return can_accept;
}

}  // namespace

TEST_CASE("a socket from its opening to its end") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  // [socket calls]
  Result<NativeHandle> socket = reactor.sockets().open(SocketFamily::ipv4, SocketType::stream);
  // [/socket calls]
  REQUIRE(socket);
  SocketCalls& sockets = reactor.sockets();
  const NativeHandle handle = *socket;
  CHECK_FALSE(is_listener(reactor, handle));
  CHECK_FALSE(is_listener(reactor, NativeHandle()));
  // [native address]
  Result<NativeAddress> local = sockets.local_address(handle);
  bool known = local && local->size() != 0;
  // [/native address]
  CHECK(known);
  NativeHandle used;
  auto use = [&](NativeHandle native) { used = native; };
  // [stale]
  HandleId id = reactor.handles().open(handle, HandleKind::stream);
  // [/stale]
  // [slot]
  HandleSlot* slot = reactor.handles().find(id);
  if (slot != nullptr) use(slot->native());
  // [/slot]
  CHECK(used == handle);
  // [stale]
  reactor.handles().close(id);
  bool gone = reactor.handles().find(id) == nullptr;
  // [/stale]
  CHECK(gone);
}

TEST_CASE("native handle") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  // [native handle]
  NativeHandle input(0);
  if (input.valid()) reactor.handles().open(input, HandleKind::foreign);
  // [/native handle]
  CHECK(reactor.handles().size() == 1);
}

TEST_CASE("owned handle") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  const std::unique_ptr<Reactor> neighbor = make_reactor();
  Reactor& other = *neighbor;
  auto open = [&]() -> Task<TcpStream> {
    TcpListener listener = TcpListener::bind(*owner, Address::loopback(0));
    co_return co_await TcpStream::connect(*owner, listener.local_address());
  };
  TcpStream stream = run(*owner, open());
  const Address local = stream.local_address();
  // [owned handle]
  std::vector<std::byte> unread;
  OwnedHandle travelling(stream.release(unread));
  TcpStream arrived(other, travelling.release());
  // [/owned handle]
  CHECK(arrived.local_address() == local);
}
