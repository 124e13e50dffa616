// A simulated reactor that remembers what was listened at and connected to.
#include <coil/testing/memory_reactor.h>

#include <coil/net/port_watcher.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace coil::testing {

class MemoryReactor::Records final : public PortWatcher {
 public:
  void listens(const ListeningPort& port, const Address& asked,
               const std::shared_ptr<Factory>& factory, const ListenOptions& options) override {
    tcp_servers.emplace_back(asked, factory, options, port);
  }
  void connects(const std::shared_ptr<Connector>& connector,
                const std::shared_ptr<ClientFactory>& factory,
                const ConnectOptions& options) override {
    tcp_clients.emplace_back(factory, options, connector);
  }
  void receives(const std::shared_ptr<DatagramTransport>& port, const Address& asked,
                const std::shared_ptr<DatagramProtocol>& protocol) override {
    udp_servers.emplace_back(asked, protocol, port);
  }

  std::vector<TcpServer> tcp_servers;
  std::vector<TcpClient> tcp_clients;
  std::vector<UdpServer> udp_servers;
};

MemoryReactor::MemoryReactor() : SimulatedReactor(1), records_(std::make_shared<Records>()) {
  network().set_refusals(false);
  install<PortWatcher>(records_);
}

// What was kept ends while the reactor is whole.
MemoryReactor::~MemoryReactor() {
  records_->tcp_servers.clear();
  records_->tcp_clients.clear();
  records_->udp_servers.clear();
}

void MemoryReactor::advance(Duration amount) {
  if (amount < Duration::zero()) throw std::invalid_argument("advance: a negative amount");
  const TimePoint end = now() + amount;
  std::uint64_t resumptions = 0;
  do {
    resumptions = counters().resumptions;
    iterate(std::max(end - now(), Duration::zero()));
  } while (now() < end || counters().resumptions != resumptions);
}

const std::vector<TcpServer>& MemoryReactor::tcpServers() const noexcept {
  return records_->tcp_servers;
}
const std::vector<TcpClient>& MemoryReactor::tcpClients() const noexcept {
  return records_->tcp_clients;
}
const std::vector<UdpServer>& MemoryReactor::udpServers() const noexcept {
  return records_->udp_servers;
}

}  // namespace coil::testing
