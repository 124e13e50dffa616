// A port for several reactors: a listener each, or one that hands its connections round.
#include <coil/net/shared_port.h>

#include "socket.h"

#include <coil/net/ports.h>
#include <coil/runtime/as_result.h>
#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/detail/thread_calls.h>
#include <coil/runtime/owned_handle.h>
#include <coil/runtime/sleep.h>
#include <coil/threads/channel.h>

#include <absl/cleanup/cleanup.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace coil {

namespace {

constexpr std::size_t handed_max = 64;

// A connection between two reactors.
class HandedStream {
 public:
  // Takes it from the reactor that accepted it.
  explicit HandedStream(TcpStream stream) : accepted_by_(stream.reactor().name()) {
    socket_ = OwnedHandle(stream.release(unread_));
  }

  // Gives it to the next. Whether calls on a socket block is a matter of the kind of reactor.
  TcpStream arrive(Reactor& reactor) {
    if (reactor.name() != accepted_by_) {
      socket_ = OwnedHandle(reactor.sockets().duplicate(socket_.get()).value());
    }
    TcpStream stream(reactor, socket_.release());
    if (!unread_.empty()) stream.unread(unread_);
    return stream;
  }

 private:
  std::string_view accepted_by_;
  std::vector<std::byte> unread_;
  OwnedHandle socket_;
};

// Where it cannot be asked for, the listener takes its share like all.
void ask_for_own_processor(Reactor& reactor, NativeHandle listener) {
  const int processor = detail::processor_of_this_thread();
  if (processor < 0) return;
  [[maybe_unused]] const Result<> asked =
      reactor.sockets().set_option(listener, SocketOption::incoming_processor, processor);
}

using Sender = ChannelSender<HandedStream>;
using Receiver = ChannelReceiver<HandedStream>;

// Gives `stream` to the next that has room; false when nobody is left.
Task<bool> hand_on(std::vector<Sender>& senders, std::size_t& next, TcpStream stream) {
  HandedStream handed(std::move(stream));
  for (std::size_t tried = 0; tried < senders.size(); ++tried) {
    // Who has no room leaves it as it is.
    auto& sender = senders[next++ % senders.size()];
    if (sender.try_send(static_cast<HandedStream&&>(handed))) co_return true;
  }
  std::erase_if(senders, [](const Sender& sender) { return !sender.is_open(); });
  if (senders.empty()) co_return false;
  // A reactor that ends just then takes the connection with it, like those that it had.
  static_cast<void>(co_await as_result(senders[next++ % senders.size()].send(std::move(handed))));
  co_return true;
}

}  // namespace

class PortShare::Source {
 public:
  Source() noexcept {}
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;
  virtual Task<TcpStream> accept(Accepting how) = 0;
  virtual void close() noexcept = 0;
};

// A listener of its own.
class PortShare::Listening final : public Source {
 public:
  explicit Listening(TcpListener listener) noexcept : listener_(std::move(listener)) {}
  Task<TcpStream> accept(Accepting how) override { co_return co_await listener_.accept(how); }
  void close() noexcept override { listener_.close(); }

 private:
  TcpListener listener_;
};

// Connections that another reactor accepts.
class PortShare::Handed : public Source {
 public:
  Handed(Reactor& reactor, Receiver receiver) noexcept
      : reactor_(reactor), receiver_(std::move(receiver)) {}
  Task<TcpStream> accept(Accepting) override {
    std::optional<HandedStream> handed = co_await receiver_.receive();
    if (!handed) throw_error(make_error_code(Errc::handle_closed), "accept");
    co_return handed->arrive(reactor_);
  }
  void close() noexcept override { receiver_.close(); }

 private:
  Reactor& reactor_;
  Receiver receiver_;
};

// The same for the reactor that accepts, for itself and for the others.
class PortShare::HandingRound final : public Handed {
 public:
  HandingRound(Reactor& reactor, Receiver receiver, TcpListener listener,
               std::vector<Sender> senders)
      : Handed(reactor, std::move(receiver)),
        listener_(std::make_shared<TcpListener>(std::move(listener))) {
    detail::start_root<"handing round">(reactor, hand_round(listener_, std::move(senders)));
  }
  ~HandingRound() override { listener_->close(); }
  void close() noexcept override {
    listener_->close();
    Handed::close();
  }

 private:
  static Task<void> hand_round(std::shared_ptr<TcpListener> listener, std::vector<Sender> senders) {
    std::size_t next = 0;
    for (;;) {
      Result<TcpStream> stream = co_await as_result(listener->accept());
      if (!stream) {
        if (stream.error().code() == Errc::handle_closed) co_return;
        stream.error().raise();
      }
      if (!co_await hand_on(senders, next, std::move(*stream))) co_return;
    }
  }

  std::shared_ptr<TcpListener> listener_;
};

PortShare::PortShare() noexcept = default;
PortShare::PortShare(std::unique_ptr<Source> source) noexcept : source_(std::move(source)) {}
PortShare::PortShare(PortShare&&) noexcept = default;
PortShare& PortShare::operator=(PortShare&&) noexcept = default;
PortShare::~PortShare() = default;

Task<TcpStream> PortShare::accept(Accepting how) {
  if (source_ == nullptr) contract_violation("a share of a port was used that was never taken");
  return source_->accept(how);
}

void PortShare::close() noexcept {
  if (source_ != nullptr) source_->close();
}

// Each share has its own elements, so that reactors may take theirs at the same time.
class SharedPort::State {
 public:
  Address local;
  ListenOptions options;
  Spread spread = Spread::automatic;
  std::vector<OwnedHandle> listeners;  // One per share, or one that hands round.
  std::vector<Sender> senders;         // Share 0's.
  std::vector<Receiver> receivers;
  std::vector<char> taken;
};

SharedPort SharedPort::bind(Reactor& reactor, const Address& local, std::size_t shares,
                            SharedPortOptions options) {
  if (shares == 0) throw std::invalid_argument("a SharedPort has one share at least");
  auto state = std::make_shared<State>();
  state->options = options.listen;
  state->spread = options.spread;
  state->local = local;
  state->taken.resize(shares);
  auto listen = [&](bool reuse) {
    ListenOptions own = options.listen;
    TcpListener listener = TcpListener::bind(reactor, state->local, own.set_reuse_port(reuse));
    // Handles of a simulated network mean nothing to another reactor.
    detail::check_adoptable(reactor, listener.socket_.native(), detail::Adopted::listening);
    state->local = listener.local_address();
    std::vector<std::byte> nothing;
    state->listeners.push_back(OwnedHandle(listener.socket_.release(nothing)));
  };
  if (state->spread != Spread::hand_round) {
    try {
      for (std::size_t index = 0; index < shares; ++index) listen(true);
      if (state->spread == Spread::automatic) state->spread = Spread::reuse_port;
      return SharedPort(std::move(state));
    } catch (const CannotListenError& error) {
      const bool lacking =
          error.code() == std::errc::no_protocol_option || error.code() == Errc::not_supported;
      if (!lacking || state->spread != Spread::automatic) throw;
    }
  }
  state->spread = Spread::hand_round;
  listen(options.listen.reuse_port);
  for (std::size_t index = 0; index < shares; ++index) {
    Channel<HandedStream> channel(handed_max);
    state->senders.push_back(std::move(channel.sender));
    state->receivers.push_back(std::move(channel.receiver));
  }
  return SharedPort(std::move(state));
}

const Address& SharedPort::local_address() const noexcept { return state_->local; }
Spread SharedPort::spread() const noexcept { return state_->spread; }

PortShare SharedPort::take(Reactor& reactor, std::size_t index) const {
  State& state = *state_;
  if (state.taken.at(index) != 0) {
    throw std::logic_error("share " + std::to_string(index) + " of a port was taken twice");
  }
  TcpListener listener;
  if (index < state.listeners.size()) {
    listener = TcpListener::adopt(reactor, state.listeners[index].get());
    listener.no_delay_ = state.options.no_delay;
    state.listeners[index] = OwnedHandle();
  }
  state.taken[index] = 1;
  if (state.spread == Spread::by_processor)
    ask_for_own_processor(reactor, listener.socket_.native());
  if (state.spread != Spread::hand_round) {
    return PortShare(std::make_unique<PortShare::Listening>(std::move(listener)));
  }
  Receiver receiver = std::move(state.receivers[index]);
  if (index != 0) {
    return PortShare(std::make_unique<PortShare::Handed>(reactor, std::move(receiver)));
  }
  return PortShare(std::make_unique<PortShare::HandingRound>(
      reactor, std::move(receiver), std::move(listener), std::move(state.senders)));
}

namespace {

void build_protocol(Factory& factory, TcpStream stream) {
  Reactor& reactor = stream.reactor();
  Address peer;
  try {
    peer = stream.peer_address();
  } catch (const SystemError&) {
    return;  // Reset while it waited to be accepted: there is nobody to build a protocol for.
  }
  try {
    if (auto protocol = factory.buildProtocol(peer)) attach(std::move(stream), std::move(protocol));
  } catch (...) {
    reactor.log_current("buildProtocol");
  }
}

void stop(Factory& factory, Reactor& reactor) noexcept {
  try {
    factory.doStop();
  } catch (...) {
    reactor.log_current("stopFactory");
  }
}

}  // namespace

Task<void> serve_protocols(PortShare& share, std::shared_ptr<Factory> factory) {
  Reactor& reactor = co_await current_reactor();
  factory->doStart();
  const absl::Cleanup stops = [&] { stop(*factory, reactor); };
  for (;;) {
    Result<TcpStream> stream = co_await as_result(share.accept(Accepting::all));
    if (!stream) {
      if (stream.error().code() == Errc::handle_closed) co_return;
      stream.error().raise();
    }
    build_protocol(*factory, std::move(*stream));
  }
}

}  // namespace coil
