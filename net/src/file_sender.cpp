// Sends a file to a consumer, piece by piece.
#include <coil/net/file_sender.h>

#include <coil/runtime/error.h>

#include <stdexcept>
#include <system_error>
#include <utility>

namespace coil {

namespace {

Error transfer_error(std::errc code) { return Error(make_error_code(code), "file transfer"); }

}  // namespace

FileSender::~FileSender() { end(transfer_error(std::errc::operation_canceled)); }

Deferred<std::optional<char>> FileSender::beginFileTransfer(std::istream& file, Consumer& consumer,
                                                            Transform transform) {
  if (ended_) throw std::logic_error("beginFileTransfer: a transfer is under way");
  Deferred<std::optional<char>> ended([this] {
    ended_.reset();
    leave_consumer();
  });
  file_ = &file;
  to_ = &consumer;
  transform_ = std::move(transform);
  last_sent_.reset();
  ended_ = ended;
  try {
    consumer.registerProducer(*this, false);
  } catch (...) {
    ended_.reset();
    throw;
  }
  return ended;
}

void FileSender::resumeProducing() {
  std::string piece;
  try {
    piece = next_piece();
  } catch (...) {
    end(Error(Failure::current()));
    return;
  }
  if (piece.empty()) {
    end(last_sent_);
    return;
  }
  last_sent_ = piece.back();
  to_->write(piece);
}

void FileSender::stopProducing() { end(transfer_error(std::errc::operation_canceled)); }

// Empty at the end of the file only: a consumer does not ask again after an empty write.
std::string FileSender::next_piece() {
  for (;;) {
    std::string piece(chunk_bytes, '\0');
    file_->read(piece.data(), static_cast<std::streamsize>(piece.size()));
    piece.resize(static_cast<std::size_t>(file_->gcount()));
    if (file_->fail() && !file_->eof()) throw_error(make_error_code(std::errc::io_error), "file");
    if (!piece.empty() && transform_) {
      piece = transform_(piece);
      if (piece.empty()) continue;
    }
    return piece;
  }
}

void FileSender::end(Result<std::optional<char>> result) {
  auto ended = std::exchange(ended_, std::nullopt);
  leave_consumer();
  if (ended) ended->fire(std::move(result));
}

}  // namespace coil
