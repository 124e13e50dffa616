// FileSender: sends a file to a consumer, as fast as that takes it.
#pragma once

#include <coil/net/producer.h>
#include <coil/runtime/buffer.h>
#include <coil/runtime/deferred.h>
#include <coil/runtime/failure.h>

#include <absl/functional/any_invocable.h>

#include <cstddef>
#include <istream>
#include <optional>
#include <string>

namespace coil {

// FileSender: a producer that is asked for one piece of a file after the other.
//
// Example (tests/examples/framing_example.cpp, "file sender"):
//
//   class SendFile : public Protocol {
//    public:
//     explicit SendFile(const std::string& path) : file_(path) {}
//     void connectionMade() override {
//       auto sent = sender_.beginFileTransfer(file_, transport());
//       sent.addBoth([this](const Result<std::optional<char>>&) { transport().loseConnection(); });
//     }
//     void dataReceived(ConstBytes) override {}
//
//    private:
//     std::ifstream file_;
//     FileSender sender_;
//   };
//
// Requires:     The file and the consumer outlive the transfer.
// Guarantees:   The consumer holds at most one piece. The Deferred fires once, after the sender has
//               left its consumer.
// Errors:       The Deferred fails with what the transform threw, std::errc::io_error if the file
//               cannot be read, or std::errc::operation_canceled if the consumer takes no more or
//               the sender is destroyed first.
// Cancellation: Cancellable; some bytes may have been transferred. Cancelling the Deferred leaves
//               the consumer, and the file where it stands.
// Cost:         Reads the file on the reactor's thread: 16 KiB at a time.
// Source:       Twisted's FileSender.
class FileSender final : public Producer {
 public:
  // Makes what is sent of what was read; nothing is sent for an empty string.
  using Transform = absl::AnyInvocable<std::string(ConstBytes)>;
  static constexpr std::size_t chunk_bytes = 16 * 1024;

  FileSender() noexcept {}
  ~FileSender() override;

  // Sends what is left of `file`; gives the last byte that was sent, if there was any.
  //
  // Errors: std::logic_error while a transfer is under way, or if the consumer has a producer.
  Deferred<std::optional<char>> beginFileTransfer(std::istream& file, Consumer& consumer,
                                                  Transform transform = Transform());

  void resumeProducing() override;
  void stopProducing() override;

 private:
  std::string next_piece();
  // Leaves the consumer; what the Deferred calls may destroy the sender.
  void end(Result<std::optional<char>> result);

  std::istream* file_ = nullptr;
  Consumer* to_ = nullptr;
  Transform transform_;
  std::optional<char> last_sent_;
  std::optional<Deferred<std::optional<char>>> ended_;
};

}  // namespace coil
