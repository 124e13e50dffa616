// ProtocolWrapper and WrappingFactory: a policy between a protocol and its transport.
#pragma once

#include <coil/net/protocol.h>
#include <coil/net/transport.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace coil {

class WrappingFactory;

// ProtocolWrapper: a Protocol to the transport, and a Transport to the protocol that it wraps.
//
// Example (tests/examples/wrapper_example.cpp, "count"):
//
//   class CountingProtocol : public ProtocolWrapper {
//    public:
//     CountingProtocol(std::shared_ptr<WrappingFactory> factory, std::shared_ptr<Protocol> wrapped,
//                      std::uint64_t& total)
//         : ProtocolWrapper(std::move(factory), std::move(wrapped)), total_(total) {}
//     void dataReceived(ConstBytes data) override {
//       total_ += data.size();
//       ProtocolWrapper::dataReceived(data);
//     }
//
//    private:
//     std::uint64_t& total_;
//   };
//
// Guarantees: Passes everything on, both ways, and adds nothing. The wrapped protocol is let go
//             when its connectionLost has returned.
// Source:     Twisted's policies.ProtocolWrapper.
class ProtocolWrapper : public Protocol, public Transport {
 public:
  ProtocolWrapper(std::shared_ptr<WrappingFactory> factory, std::shared_ptr<Protocol> wrapped);
  ~ProtocolWrapper() override;

  // Null after connectionLost.
  const std::shared_ptr<Protocol>& wrapped() const noexcept { return wrapped_; }

  // --- Protocol ---

  void connectionMade() override { wrapped_->makeConnection(*this); }
  void dataReceived(ConstBytes data) override { wrapped_->dataReceived(data); }
  void connectionLost(const Failure& reason) override;
  // The wrapped protocol's, with the wrapper's own in parentheses.
  std::string logPrefix() const override;

  // --- Transport ---

  void write(ConstBytes data) override { transport().write(data); }
  void writeSequence(std::span<const ConstBytes> pieces) override {
    transport().writeSequence(pieces);
  }
  void loseConnection() override { transport().loseConnection(); }
  void loseWriteConnection() override { transport().loseWriteConnection(); }
  void abortConnection() override { transport().abortConnection(); }
  void pauseProducing() override { transport().pauseProducing(); }
  void resumeProducing() override { transport().resumeProducing(); }
  void registerProducer(Producer& producer, bool streaming) override {
    transport().registerProducer(producer, streaming);
  }
  void unregisterProducer() override { transport().unregisterProducer(); }
  bool disconnecting() const noexcept override { return transport().disconnecting(); }
  Address getPeer() const override { return transport().getPeer(); }
  Address getHost() const override { return transport().getHost(); }
  bool getTcpNoDelay() const override { return transport().getTcpNoDelay(); }
  void setTcpNoDelay(bool enabled) override { transport().setTcpNoDelay(enabled); }
  bool getTcpKeepAlive() const override { return transport().getTcpKeepAlive(); }
  void setTcpKeepAlive(bool enabled) override { transport().setTcpKeepAlive(enabled); }
  std::size_t buffered_bytes() const noexcept override { return transport().buffered_bytes(); }
  void set_water_marks(const WaterMarks& marks) override { transport().set_water_marks(marks); }
  std::vector<Pause> pauses() const override { return transport().pauses(); }
  Task<void> drain() override { return transport().drain(); }
  // The factory counts the connection no more.
  Deferred<TcpStream> detach(ConstBytes unread) override;

 private:
  friend class WrappingFactory;

  void leave_factory() noexcept;
  void release_wrapped() noexcept;

  std::shared_ptr<WrappingFactory> factory_;
  std::shared_ptr<Protocol> wrapped_;
  std::uint64_t number_ = 0;  // Its place in the order of the factory's protocols; 0 for none.
};

// WrappingFactory: puts a ProtocolWrapper around each protocol that another factory makes.
//
// Example (tests/examples/wrapper_example.cpp, "count"):
//
//   class CountingFactory : public WrappingFactory {
//    public:
//     using WrappingFactory::WrappingFactory;
//     std::uint64_t total = 0;
//
//    protected:
//     std::shared_ptr<ProtocolWrapper> wrap(std::shared_ptr<Protocol> wrapped,
//                                           const Address&) override {
//       return make_wrapper<CountingProtocol>(std::move(wrapped), total);
//     }
//   };
//
// Requires:   Is made by std::make_shared: each connection holds a share.
// Guarantees: The wrapped factory is started and stopped with this one, and hears what becomes of
//             attempts to connect if it is a ClientFactory. Where it refuses, this one does.
// Source:     Twisted's policies.WrappingFactory.
class WrappingFactory : public ClientFactory, public std::enable_shared_from_this<WrappingFactory> {
 public:
  explicit WrappingFactory(std::shared_ptr<Factory> wrapped) : wrapped_(std::move(wrapped)) {}

  std::shared_ptr<Protocol> buildProtocol(const Address& peer) override;
  // A class that overrides one of the two calls it.
  void startFactory() override { wrapped_->doStart(); }
  void stopFactory() override { wrapped_->doStop(); }
  void startedConnecting(Connector& connector) override;
  void clientConnectionFailed(Connector& connector, const Failure& reason) override;
  void clientConnectionLost(Connector& connector, const Failure& reason) override;

  // The protocols that were built and whose connections have not ended.
  std::size_t connections() const noexcept { return protocols_.size(); }

  // Counts a protocol, from buildProtocol on: those that wait for connectionMade count too.
  virtual void registerProtocol(ProtocolWrapper& protocol);
  // Called once: before its connectionLost, at a hand-over, or when it never was connected.
  virtual void unregisterProtocol(ProtocolWrapper& protocol);

 protected:
  // Makes the wrapper of one connection; see make_wrapper.
  virtual std::shared_ptr<ProtocolWrapper> wrap(std::shared_ptr<Protocol> wrapped,
                                                const Address& peer);
  // Makes a W, a ProtocolWrapper, which is half-closeable exactly if `wrapped` is.
  template <class W, class... A>
  std::shared_ptr<ProtocolWrapper> make_wrapper(std::shared_ptr<Protocol> wrapped,
                                                A&&... arguments);
  // Calls visit(protocol) in the order of their registration; they may come and go meanwhile.
  template <class Visit>
  void for_each_protocol(Visit visit) {
    for (auto at = protocols_.begin(); at != protocols_.end();) {
      const std::uint64_t number = at->first;
      visit(*at->second);
      at = protocols_.upper_bound(number);
    }
  }

 private:
  std::shared_ptr<Factory> wrapped_;
  std::map<std::uint64_t, ProtocolWrapper*> protocols_;
  std::uint64_t built_ = 0;
};

namespace detail {

// A transport asks for the interface by a cast, so that a wrapper has it or has it not.
template <class W>
class HalfCloseableWrapper final : public W, public HalfCloseableProtocol {
 public:
  using W::W;
  void readConnectionLost() override { half().readConnectionLost(); }
  void writeConnectionLost() override { half().writeConnectionLost(); }

 private:
  HalfCloseableProtocol& half() const {
    return dynamic_cast<HalfCloseableProtocol&>(*this->wrapped());
  }
};

}  // namespace detail

template <class W, class... A>
std::shared_ptr<ProtocolWrapper> WrappingFactory::make_wrapper(std::shared_ptr<Protocol> wrapped,
                                                               A&&... arguments) {
  using Half = detail::HalfCloseableWrapper<W>;
  const bool half_closeable = dynamic_cast<HalfCloseableProtocol*>(wrapped.get()) != nullptr;
  if (half_closeable) {
    return std::make_shared<Half>(shared_from_this(), std::move(wrapped),
                                  std::forward<A>(arguments)...);
  }
  return std::make_shared<W>(shared_from_this(), std::move(wrapped), std::forward<A>(arguments)...);
}

}  // namespace coil
