// Standard streams: awaited, and as a Protocol.
#include <coil/process/stdio.h>

#include <memory>
#include <utility>

namespace coil {

StdioTransport::StdioTransport(Reactor& reactor,
                               std::unique_ptr<detail::StdioDescriptors> descriptors)
    : descriptors_(std::move(descriptors)),
      reader_(descriptors_->reader(reactor)),
      writer_(descriptors_->writer(reactor)) {}

StdioTransport StdioTransport::open(Reactor& reactor, StdioOptions options) {
  return StdioTransport(reactor, std::make_unique<detail::StdioDescriptors>(options));
}

Task<void> StdioTransport::shutdown_write() {
  writer_.close();
  descriptors_->end_output();
  co_return;
}

void StdioTransport::close() noexcept {
  reader_.close();
  writer_.close();
  descriptors_->end_input();
  descriptors_->end_output();
}

namespace {

// The descriptors that a connection was made of, until it has ended.
class StandardStreams final : public ConnectionOwner {
 public:
  explicit StandardStreams(std::unique_ptr<detail::StdioDescriptors> descriptors) noexcept
      : descriptors_(std::move(descriptors)) {}
  void output_ended() override { descriptors_->end_output(); }
  void connection_ended(const Failure&) override {
    descriptors_->end_input();
    descriptors_->end_output();
  }

 private:
  std::unique_ptr<detail::StdioDescriptors> descriptors_;
};

}  // namespace

StandardIO::StandardIO(Reactor& reactor, std::shared_ptr<Protocol> protocol, StdioOptions options) {
  auto descriptors = std::make_unique<detail::StdioDescriptors>(options);
  PipeReader reader = descriptors->reader(reactor);
  PipeWriter writer = descriptors->writer(reactor);
  attach(std::move(reader), std::move(writer), std::move(protocol),
         std::make_shared<StandardStreams>(std::move(descriptors)));
}

}  // namespace coil
