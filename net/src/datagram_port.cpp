// listenUDP: the coroutine behind a DatagramProtocol.
#include <coil/net/datagram.h>
#include <coil/net/port_watcher.h>
#include <coil/net/ports.h>
#include <coil/runtime/as_result.h>
#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/sleep.h>

#include <deque>
#include <stdexcept>
#include <vector>

namespace coil {

namespace {

// A flood on one port must leave the rest of the loop its turns.
constexpr std::size_t bytes_per_turn_max = 256 * 1024;

}  // namespace

// One receiving strand for the port's life, and a sending one while datagrams are queued.
class DatagramPort final : public DatagramTransport,
                           public std::enable_shared_from_this<DatagramPort> {
 public:
  DatagramPort(DatagramSocket socket, std::shared_ptr<DatagramProtocol> protocol)
      : socket_(std::move(socket)),
        protocol_(std::move(protocol)),
        host_(socket_.local_address()) {}

  void start() {
    detail::start_root<"datagram port">(socket_.reactor(), receive_loop(shared_from_this()));
  }

  void write(ConstBytes data, const Address& to) override {
    check(data, &to);
    enqueue(data, to);
  }
  void write(ConstBytes data) override {
    if (!peer_) throw std::logic_error("write: the port is not connected, give an address");
    check(data, nullptr);
    enqueue(data, std::nullopt);
  }
  void connect(const Address& peer) override {
    if (peer_) throw std::logic_error("connect: the port is connected already");
    socket_.connect(peer);
    peer_ = peer;
  }
  Address getHost() const override { return host_; }
  Deferred<void> stopListening() override {
    Deferred<void> waiter;
    if (ended_) {
      waiter.callback();
      return waiter;
    }
    waiters_.push_back(waiter);
    socket_.close();
    return waiter;
  }

 private:
  struct Queued {
    std::vector<std::byte> data;
    std::optional<Address> to;
  };

  void check(ConstBytes data, const Address* to) const {
    if (data.size() > DatagramSocket::size_max) {
      throw MessageLengthError(std::make_error_code(std::errc::message_size), "write");
    }
    if (to != nullptr && to->family() != host_.family()) {
      throw InvalidAddressError(make_error_code(Errc::address_invalid),
                                "write to " + to->to_string());
    }
  }

  void enqueue(ConstBytes data, std::optional<Address> to) {
    if (!socket_.is_open() || queued_bytes_ + data.size() > queued_bytes_max) return;
    queued_bytes_ += data.size();
    queue_.push_back(Queued{{data.begin(), data.end()}, to});
    if (std::exchange(sender_runs_, true)) return;
    detail::start_root<"datagram sender">(socket_.reactor(), send_loop(shared_from_this()));
  }

  Task<void> send_loop(std::shared_ptr<DatagramPort> self) {
    static_cast<void>(self);
    try {
      while (!queue_.empty() && socket_.is_open()) {
        const Queued next = std::move(queue_.front());
        queue_.pop_front();
        queued_bytes_ -= next.data.size();
        // What the network does not take is lost, as it would be on the way.
        [[maybe_unused]] const Result<> sent =
            next.to ? co_await as_result(socket_.send(next.data, *next.to))
                    : co_await as_result(socket_.send(next.data));
      }
    } catch (const Cancelled&) {
      sender_runs_ = false;
      throw;
    }
    sender_runs_ = false;
  }

  Task<void> receive_loop(std::shared_ptr<DatagramPort> self) {
    static_cast<void>(self);
    protocol_->transport_ = this;
    call("startProtocol", [&] { protocol_->startProtocol(); });
    bool cancelled = false;
    try {
      co_await deliver_all();
    } catch (const Cancelled&) {
      cancelled = true;
    }
    socket_.close();
    ended_ = true;
    call("stopProtocol", [&] { protocol_->stopProtocol(); });
    protocol_->transport_ = nullptr;
    for (Deferred<void>& waiter : std::exchange(waiters_, {})) waiter.callback();
    if (cancelled) throw Cancelled();
  }

  Task<void> deliver_all() {
    std::vector<std::byte> buffer(DatagramSocket::size_max);
    std::size_t this_turn = 0;
    while (socket_.is_open()) {
      Result<Datagram> datagram = co_await as_result(socket_.receive(buffer));
      if (!socket_.is_open()) co_return;
      if (!datagram) {
        if (peer_ && datagram.error().code() == std::errc::connection_refused) {
          call("connectionRefused", [&] { protocol_->connectionRefused(); });
        }
        co_await yield();  // One failed receive ends nothing, but must not spin either.
        continue;
      }
      const ConstBytes data = ConstBytes(buffer).first(datagram->size());
      call("datagramReceived", [&] { protocol_->datagramReceived(data, datagram->sender()); });
      this_turn += data.size() + 1;
      if (this_turn >= bytes_per_turn_max) {
        this_turn = 0;
        co_await yield();
      }
    }
  }

  template <class Call>
  void call(const char* where, Call function) noexcept {
    try {
      function();
    } catch (...) {
      socket_.reactor().log_current(where);
    }
  }

  DatagramSocket socket_;
  std::shared_ptr<DatagramProtocol> protocol_;
  Address host_;
  std::optional<Address> peer_;
  std::deque<Queued> queue_;
  std::size_t queued_bytes_ = 0;
  bool sender_runs_ = false;
  bool ended_ = false;
  std::vector<Deferred<void>> waiters_;
};

std::shared_ptr<DatagramTransport> listenUDP(Reactor& reactor, const Address& local,
                                             std::shared_ptr<DatagramProtocol> protocol) {
  auto port = std::make_shared<DatagramPort>(DatagramSocket::bind(reactor, local), protocol);
  port->start();
  if (const auto watcher = reactor.find<PortWatcher>()) watcher->receives(port, local, protocol);
  return port;
}

}  // namespace coil
