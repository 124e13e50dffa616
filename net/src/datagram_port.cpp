// Datagram ports: the coroutines behind a DatagramProtocol.
#include <coil/net/datagram_port.h>
#include <coil/net/port_watcher.h>
#include <coil/runtime/as_result.h>
#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/event.h>
#include <coil/runtime/sleep.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <stdexcept>
#include <string>
#include <vector>

namespace coil {

namespace {

// A flood on one port must leave the rest of the loop its turns.
constexpr std::size_t bytes_per_turn_max = 256 * 1024;
// A receive that fails for good must not keep the processor busy.
constexpr Duration pause_after_failure = std::chrono::milliseconds(10);

IpAddress numeric(std::string_view host) {
  const std::optional<IpAddress> ip = IpAddress::parse(host);
  if (!ip) {
    throw InvalidAddressError(make_error_code(Errc::address_invalid),
                              "'" + std::string(host) + "' is no numeric address");
  }
  return *ip;
}

}  // namespace

void DatagramTransport::write(ConstBytes data, std::string_view host, std::uint16_t port) {
  write(data, Address(numeric(host == "<broadcast>" ? "255.255.255.255" : host), port));
}

void DatagramTransport::connect(std::string_view host, std::uint16_t port) {
  connect(Address(numeric(host), port));
}

// One receiving strand for the port's life, and a sending one while datagrams are queued.
class DatagramPort final : public DatagramTransport,
                           public std::enable_shared_from_this<DatagramPort> {
 public:
  DatagramPort(DatagramSocket socket, std::shared_ptr<DatagramProtocol> protocol,
               std::size_t packet_max)
      : socket_(std::move(socket)),
        protocol_(std::move(protocol)),
        packet_max_(std::min(packet_max, DatagramSocket::size_max)),
        host_(socket_.local_address()) {
    all_sent_.set();
  }

  static std::shared_ptr<DatagramTransport> start(DatagramSocket socket,
                                                  std::shared_ptr<DatagramProtocol> protocol,
                                                  const DatagramPortOptions& options) {
    if (protocol->transport_ != nullptr) {
      throw std::logic_error("a datagram protocol has one port at a time");
    }
    auto port = std::make_shared<DatagramPort>(std::move(socket), std::move(protocol),
                                               options.max_packet_size);
    detail::start_root<"datagram port">(port->socket_.reactor(), port->serve(port));
    port->protocol_->transport_ = port.get();
    return port;
  }

  void write(ConstBytes data, const Address& to) override {
    check_length(data);
    if (to.family() != host_.family()) {
      throw InvalidAddressError(make_error_code(Errc::address_invalid),
                                "write to " + to.to_string());
    }
    if (peer_ && to != *peer_) {
      throw std::logic_error("write: the port is connected to " + peer_->to_string());
    }
    enqueue(data, to);
  }
  void write(ConstBytes data) override {
    if (!peer_) throw std::logic_error("write: the port is not connected, give an address");
    check_length(data);
    enqueue(data, *peer_);
  }
  void connect(const Address& peer) override {
    if (peer_) throw std::logic_error("connect: the port is connected already");
    socket_.connect(peer);
    peer_ = socket_.peer_address();
    host_ = socket_.local_address();  // Now it is known which of the machine's addresses it is.
  }
  Address getHost() const override { return host_; }
  Deferred<void> stopListening() override {
    if (ended_) return succeed();
    Deferred<void> waiter;
    waiters_.push_back(waiter);
    stopped_ = true;
    if (all_sent_.is_set()) socket_.close();
    return waiter;
  }

  void setBroadcastAllowed(bool allowed) override { socket_.set(Broadcast(allowed)); }
  bool getBroadcastAllowed() const override { return socket_.get<Broadcast>().on(); }
  Deferred<void> joinGroup(const IpAddress& group, const IpAddress& through) override {
    return as_deferred([&] { socket_.join_group(group, through); });
  }
  Deferred<void> leaveGroup(const IpAddress& group, const IpAddress& through) override {
    return as_deferred([&] { socket_.leave_group(group, through); });
  }
  void setTTL(int hops) override { socket_.set(MulticastHops(hops)); }
  int getTTL() const override { return socket_.get<MulticastHops>().value(); }
  void setLoopbackMode(bool on) override { socket_.set(MulticastLoop(on)); }
  bool getLoopbackMode() const override { return socket_.get<MulticastLoop>().on(); }
  void setOutgoingInterface(const IpAddress& through) override {
    socket_.set_outgoing_interface(through);
  }
  IpAddress getOutgoingInterface() const override { return socket_.outgoing_interface(); }

 private:
  struct Queued {
    std::vector<std::byte> data;
    Address to;
  };

  static void check_length(ConstBytes data) {
    if (data.size() <= DatagramSocket::size_max) return;
    throw MessageLengthError(std::make_error_code(std::errc::message_size), "write");
  }

  template <class Call>
  static Deferred<void> as_deferred(Call function) {
    try {
      function();
      return succeed();
    } catch (...) {
      return fail(Failure::current());
    }
  }

  void enqueue(ConstBytes data, const Address& to) {
    if (stopped_ || !socket_.is_open() || queued_bytes_ + data.size() > queued_bytes_max) return;
    queue_.push_back(Queued{{data.begin(), data.end()}, to});
    queued_bytes_ += data.size();
    if (!all_sent_.is_set()) return;  // The sender is at work already.
    detail::start_root<"datagram sender">(socket_.reactor(), send_queued(shared_from_this()));
    all_sent_.clear();
  }

  Task<void> send_queued(std::shared_ptr<DatagramPort> self) {
    static_cast<void>(self);
    try {
      while (!queue_.empty() && socket_.is_open()) {
        const Queued next = std::move(queue_.front());
        queue_.pop_front();
        queued_bytes_ -= next.data.size();
        // What the network does not take is lost, as it would be on the way.
        const Result<> sent = next.to == peer_
                                  ? co_await as_result(socket_.send(next.data))
                                  : co_await as_result(socket_.send(next.data, next.to));
        if (sent) {
          send_failure_ = {};
        } else {
          note_failure(sent.error(), "send to " + next.to.to_string(), send_failure_);
        }
      }
    } catch (...) {
      sender_ended();
      throw;
    }
    sender_ended();
  }

  void sender_ended() noexcept {
    all_sent_.set();
    if (stopped_) socket_.close();
  }

  Task<void> serve(std::shared_ptr<DatagramPort> self) {
    static_cast<void>(self);
    call("startProtocol", [&] { protocol_->startProtocol(); });
    bool cancelled = false;
    try {
      co_await deliver_all();
      co_await all_sent_.wait();
    } catch (const Cancelled&) {
      cancelled = true;
    }
    stopped_ = true;
    socket_.close();
    ended_ = true;
    call("stopProtocol", [&] { protocol_->stopProtocol(); });
    protocol_->transport_ = nullptr;
    for (Deferred<void>& waiter : std::exchange(waiters_, {})) waiter.callback();
    if (cancelled) throw Cancelled();
  }

  Task<void> deliver_all() {
    std::vector<std::byte> buffer(packet_max_);
    std::size_t this_turn = 0;
    while (!stopped_) {
      Result<Datagram> datagram = co_await as_result(socket_.receive(buffer));
      if (stopped_) co_return;
      if (!datagram) {
        note_failure(datagram.error(), "receive", receive_failure_);
        const bool refused = datagram.error().code() == std::errc::connection_refused;
        co_await sleep(refused ? Duration::zero() : pause_after_failure);
        continue;
      }
      receive_failure_ = {};
      this_turn += datagram->size() + 1;
      const ConstBytes data = ConstBytes(buffer).first(datagram->size());
      // What others had sent before the port was connected may still come.
      if (!peer_ || datagram->sender() == *peer_) {
        call("datagramReceived", [&] { protocol_->datagramReceived(data, datagram->sender()); });
      }
      if (this_turn >= bytes_per_turn_max) {
        this_turn = 0;
        co_await yield();
      }
    }
  }

  // Of failures in a row that are alike, the first is logged.
  void note_failure(const Error& error, const std::string& what, std::error_code& last) {
    if (stopped_) return;
    if (error.code() == std::errc::connection_refused) {
      if (peer_) call("connectionRefused", [&] { protocol_->connectionRefused(); });
      return;
    }
    if (std::exchange(last, error.code()) == error.code()) return;
    const std::string text = "a datagram port cannot " + what + ": " + error.message();
    socket_.reactor().log(LogRecord(LogLevel::warning, text));
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
  std::size_t packet_max_;
  Address host_;
  std::optional<Address> peer_;
  std::deque<Queued> queue_;
  std::size_t queued_bytes_ = 0;
  Event all_sent_;  // Clear while the sender is at work.
  std::error_code send_failure_;
  std::error_code receive_failure_;
  bool stopped_ = false;
  bool ended_ = false;
  std::vector<Deferred<void>> waiters_;
};

std::shared_ptr<DatagramTransport> listenUDP(Reactor& reactor, const Address& local,
                                             std::shared_ptr<DatagramProtocol> protocol,
                                             DatagramPortOptions options) {
  const auto shared = DatagramOptions().set_reuse_port(options.listen_multiple);
  auto port = DatagramPort::start(DatagramSocket::bind(reactor, local, shared), protocol, options);
  if (const auto watcher = reactor.find<PortWatcher>()) watcher->receives(port, local, protocol);
  return port;
}

std::shared_ptr<DatagramTransport> listenUDP(Reactor& reactor, std::uint16_t port,
                                             std::shared_ptr<DatagramProtocol> protocol,
                                             std::string_view local, DatagramPortOptions options) {
  const Address address(local.empty() ? IpAddress() : numeric(local), port);
  return listenUDP(reactor, address, std::move(protocol), options);
}

std::shared_ptr<DatagramTransport> listenMulticast(Reactor& reactor, const Address& local,
                                                   std::shared_ptr<DatagramProtocol> protocol,
                                                   DatagramPortOptions options) {
  return listenUDP(reactor, local, std::move(protocol), options);
}

std::shared_ptr<DatagramTransport> adoptDatagramPort(Reactor& reactor, NativeHandle socket,
                                                     std::shared_ptr<DatagramProtocol> protocol,
                                                     DatagramPortOptions options) {
  return DatagramPort::start(DatagramSocket::adopt(reactor, socket), std::move(protocol), options);
}

}  // namespace coil
