// Covers: file_sender.h.
#include <coil/net/file_sender.h>
#include <coil/testing/string_transport.h>
#include <doctest/doctest.h>

#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>

using namespace coil;
using namespace coil::testing;

namespace {

// A transfer into a string, and what came of it.
class Transfer {
 public:
  explicit Transfer(const std::string& text) : file(text) {}
  void begin(FileSender::Transform transform = FileSender::Transform()) {
    auto ended = sender->beginFileTransfer(file, to, std::move(transform));
    ended.addBoth([this](Result<std::optional<char>> result) {
      registered_at_end = to.producer().registered();
      outcome = std::move(result);
    });
  }
  bool failed_with(std::errc code) const {
    return outcome && !*outcome && outcome->error().code() == code;
  }

  std::istringstream file;
  StringTransport to;
  std::unique_ptr<FileSender> sender = std::make_unique<FileSender>();
  std::optional<Result<std::optional<char>>> outcome;
  bool registered_at_end = false;
};

TEST_CASE("a file goes piece by piece, each when the consumer asks, and its last byte is told") {
  std::string text(2 * FileSender::chunk_bytes + 10, 'x');
  text.back() = '!';
  Transfer transfer(text);
  transfer.begin();
  CHECK_FALSE(transfer.to.producer().streaming());
  for (std::size_t pieces = 1; pieces <= 2; ++pieces) {
    CHECK(transfer.to.value().size() == pieces * FileSender::chunk_bytes);
    transfer.to.producer().resume();
  }
  CHECK(transfer.to.value() == text);
  CHECK_FALSE(transfer.outcome);
  transfer.to.producer().resume();
  REQUIRE(transfer.outcome);
  CHECK(transfer.outcome->value() == '!');
  CHECK_FALSE(transfer.registered_at_end);
  CHECK(transfer.to.value() == text);
}

TEST_CASE("the transfer begins where the file stands, and a sender may be used again") {
  Transfer transfer("skipped, sent");
  transfer.file.seekg(9);
  transfer.begin();
  transfer.to.producer().resume();
  CHECK(transfer.to.value() == "sent");
  CHECK(transfer.outcome->value() == 't');
  transfer.file = std::istringstream("again");
  transfer.begin();
  transfer.to.producer().resume();
  CHECK(transfer.to.value() == "sentagain");
  CHECK(transfer.outcome->value() == 'n');
  transfer.file = std::istringstream("");
  transfer.begin();
  CHECK(transfer.outcome->value() == std::nullopt);
}

TEST_CASE("an empty file has no last byte") {
  Transfer transfer("");
  transfer.begin();
  REQUIRE(transfer.outcome);
  CHECK(transfer.outcome->value() == std::nullopt);
  CHECK(transfer.to.value() == "");
}

TEST_CASE("a transform makes what is sent, and may drop a piece without stopping the transfer") {
  Transfer transfer(std::string(FileSender::chunk_bytes, 'a') +
                    std::string(FileSender::chunk_bytes, 'b') + "c");
  transfer.begin([](ConstBytes piece) {
    return as_text(piece.first(1)) == "b" ? "" : std::string(as_text(piece.first(1))) + "?";
  });
  CHECK(transfer.to.value() == "a?");
  transfer.to.producer().resume();
  CHECK(transfer.to.value() == "a?c?");
  transfer.to.producer().resume();
  CHECK(transfer.outcome->value() == '?');
}

TEST_CASE("a transform that throws, and a file that cannot be read, fail the transfer") {
  Transfer transfer("text");
  transfer.begin([](ConstBytes) -> std::string { throw std::out_of_range("no such letter"); });
  REQUIRE(transfer.outcome);
  CHECK(transfer.outcome->error().failure().check<std::out_of_range>());
  CHECK_FALSE(transfer.registered_at_end);
  StringTransport to;
  FileSender sender;
  std::ifstream missing("/no/such/file");
  std::error_code code;
  sender.beginFileTransfer(missing, to).addErrback([&](Failure failure) {
    code = failure.code();
    return std::optional<char>();
  });
  CHECK(code == std::errc::io_error);
  CHECK_FALSE(to.producer().registered());
}

TEST_CASE("a consumer that takes no more fails the transfer") {
  Transfer transfer("text");
  transfer.begin();
  transfer.to.producer().stop();
  CHECK(transfer.failed_with(std::errc::operation_canceled));
  Transfer late("text");
  late.to.loseConnection();
  late.begin();
  CHECK(late.failed_with(std::errc::operation_canceled));
}

TEST_CASE("destroying the sender fails its transfer and frees the consumer") {
  Transfer transfer("text");
  transfer.begin();
  transfer.sender.reset();
  CHECK(transfer.failed_with(std::errc::operation_canceled));
  CHECK_FALSE(transfer.registered_at_end);
  Transfer ended("");
  ended.begin();
  ended.sender.reset();
  CHECK(ended.outcome->has_value());
}

TEST_CASE("cancelling the Deferred stops the transfer and frees the consumer") {
  std::istringstream file("text");
  StringTransport to;
  FileSender sender;
  auto ended = sender.beginFileTransfer(file, to);
  bool cancelled = false;
  ended.addErrback([&](Failure failure) {
    cancelled = failure.check<CancelledError>();
    return std::optional<char>();
  });
  ended.cancel();
  CHECK(cancelled);
  CHECK_FALSE(to.producer().registered());
  to.clear();
  std::istringstream other("other");
  sender.beginFileTransfer(other, to);
  to.producer().resume();
  CHECK(to.value() == "other");
}

TEST_CASE("one transfer at a time, to a consumer that has no other producer") {
  Transfer transfer("text");
  transfer.begin();
  StringTransport to;
  CHECK_THROWS_AS(transfer.sender->beginFileTransfer(transfer.file, to), std::logic_error);
  FileSender second;
  std::istringstream other("other");
  CHECK_THROWS_AS(second.beginFileTransfer(other, transfer.to), std::logic_error);
  second.beginFileTransfer(other, to);  // What failed to begin is not under way.
  to.producer().resume();
  CHECK(to.value() == "other");
  transfer.to.producer().resume();
  CHECK(transfer.outcome->value() == 't');
}

}  // namespace
