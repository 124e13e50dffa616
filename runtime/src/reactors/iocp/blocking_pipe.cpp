// One thread for each way: it makes a call at a time, in a buffer of its own, so that nobody's
// memory is at stake when the reactor does not wait for a call to end.
#include "blocking_pipe.h"

#include "../../native_error_windows.h"
#include "../../socket_calls_windows.h"

#include <coil/runtime/owned_handle.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

namespace coil::detail {

namespace {

constexpr std::size_t buffer_bytes = 64 * 1024;
// How often a call is asked to end before it is left to itself: a console's may not listen.
constexpr int tries_max = 1000;

HANDLE copy_of(HANDLE handle) noexcept {
  HANDLE copy = nullptr;
  const HANDLE process = ::GetCurrentProcess();
  const BOOL made =
      ::DuplicateHandle(process, handle, process, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS);
  return made == 0 ? nullptr : copy;
}

}  // namespace

// What the loop and the thread of one way share. The thread keeps it alive.
class BlockingPipe::Side {
 public:
  explicit Side(Port& port) noexcept : port_(&port) {}
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;
  ~Side() {
    if (handle_ != nullptr) ::CloseHandle(handle_);
    if (thread_ != nullptr) ::CloseHandle(thread_);
  }

  static int start(const std::shared_ptr<Side>& side, HANDLE handle) {
    side->handle_ = copy_of(handle);
    if (side->handle_ == nullptr) return error_number(::GetLastError());
    std::thread([side] { side->work(); }).detach();
    return 0;
  }

  // --- For the loop ---

  Attempt receive(Operation& op, Request& request, BufferPool& pool) {
    const std::lock_guard lock(mutex_);
    if (begin_ == end_ && phase_ == Phase::answered) {
      phase_ = Phase::idle;
      if (error_ != 0) return outcome::from_system_error(error_);
      if (at_end_) return 0;
    }
    if (begin_ != end_) {
      phase_ = Phase::idle;
      return deliver(op, pool);
    }
    ask(Phase::reading, request);
    return std::nullopt;
  }
  Attempt send(const SendOperation& op, Request& request) {
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::answered) {
      phase_ = Phase::idle;
      if (end_ != 0) return static_cast<std::int64_t>(end_);
      if (error_ == ECANCELED) return outcome::cancelled;
      return stream_error(error_);
    }
    begin_ = end_ = 0;
    for (const ConstBytes& piece : op.pieces()) {
      const std::size_t size = std::min(piece.size(), buffer_bytes - end_);
      if (size != 0) std::memcpy(buffer_.data() + end_, piece.data(), size);
      end_ += size;
    }
    if (end_ == 0) return 0;
    ask(Phase::writing, request);
    return std::nullopt;
  }
  // A read goes on for whoever reads next; a write is ended, and then tells how far it came.
  bool take_back(Request& request, Direction side) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (waiter_ != &request) return false;
      const bool begun = phase_ != Phase::reading && phase_ != Phase::writing;
      if (side == Direction::read || !begun) {
        if (!begun) phase_ = Phase::idle;
        waiter_ = nullptr;
        return true;
      }
    }
    interrupt();
    return false;
  }
  void stop() noexcept {
    {
      const std::lock_guard lock(mutex_);
      stops_ = true;
      waiter_ = nullptr;
    }
    changed_.notify_all();
    interrupt();
  }

 private:
  enum class Phase : std::uint8_t { idle, reading, writing, calling, answered, ended };

  void ask(Phase what, Request& request) {
    waiter_ = &request;
    if (phase_ != Phase::idle) return;  // A read that nobody waited for any more is under way.
    phase_ = what;
    changed_.notify_all();
  }
  // Ends the call that the thread is in. One that it is about to make cannot be ended yet: hence
  // the repetition.
  void interrupt() noexcept {
    std::unique_lock lock(mutex_);
    const auto left = [&] { return stops_ ? phase_ == Phase::ended : phase_ != Phase::calling; };
    for (int tries = 0; tries < tries_max && !left(); ++tries) {
      if (phase_ == Phase::calling) ::CancelSynchronousIo(thread_);
      changed_.wait_for(lock, std::chrono::milliseconds(1), left);
    }
  }
  std::int64_t deliver(Operation& op, BufferPool& pool) {
    const ConstBytes data(buffer_.data() + begin_, end_ - begin_);
    MutableBytes into;
    if (op.code() == OpCode::receive) {
      into = static_cast<ReceiveOperation&>(op).into;
    } else {
      into = pool.borrow();
    }
    const std::size_t size = std::min(into.size(), data.size());
    std::memcpy(into.data(), data.data(), size);
    if (op.code() == OpCode::receive_lease) {
      static_cast<ReceiveLeaseOperation&>(op).lease = pool.lease(into, size);
    }
    begin_ += size;
    return static_cast<std::int64_t>(size);
  }

  // --- For the thread ---

  void work() noexcept {
    std::unique_lock lock(mutex_);
    thread_ = copy_of(::GetCurrentThread());
    for (;;) {
      changed_.wait(lock,
                    [&] { return stops_ || phase_ == Phase::reading || phase_ == Phase::writing; });
      if (stops_) break;
      const bool reads = std::exchange(phase_, Phase::calling) == Phase::reading;
      lock.unlock();
      if (reads) {
        read();
      } else {
        write();
      }
      lock.lock();
      phase_ = Phase::answered;
      changed_.notify_all();
      if (Request* const waiter = std::exchange(waiter_, nullptr)) port_->post(*waiter);
    }
    ::CloseHandle(std::exchange(handle_, nullptr));
    phase_ = Phase::ended;
    changed_.notify_all();
  }
  void read() noexcept {
    DWORD size = 0;
    const BOOL done =
        ::ReadFile(handle_, buffer_.data(), static_cast<DWORD>(buffer_bytes), &size, nullptr);
    const DWORD code = done != 0 ? ERROR_SUCCESS : ::GetLastError();
    begin_ = 0;
    end_ = size;
    at_end_ = size == 0 &&
              (code == ERROR_SUCCESS || code == ERROR_BROKEN_PIPE || code == ERROR_HANDLE_EOF);
    error_ = at_end_ ? 0 : error_number(code);
  }
  void write() noexcept {
    DWORD size = 0;
    const BOOL done =
        ::WriteFile(handle_, buffer_.data(), static_cast<DWORD>(end_), &size, nullptr);
    error_ = done != 0 ? 0 : error_number(::GetLastError());
    end_ = size;
  }

  Port* port_;
  HANDLE handle_ = nullptr;
  HANDLE thread_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  Request* waiter_ = nullptr;  // Posted when there is an answer.
  Phase phase_ = Phase::idle;
  bool stops_ = false;
  bool at_end_ = false;
  int error_ = 0;
  std::size_t begin_ = 0;  // What was read and not delivered, or is to be written.
  std::size_t end_ = 0;
  std::array<std::byte, buffer_bytes> buffer_;
};

BlockingPipe::~BlockingPipe() {
  for (const std::shared_ptr<Side>& side : {reading_, writing_}) {
    if (side != nullptr) side->stop();
  }
}

int BlockingPipe::begin(std::shared_ptr<Side>& side) noexcept {
  if (side != nullptr) return 0;
  try {
    auto made = std::make_shared<Side>(port_);
    if (const int error = Side::start(made, handle_)) return error;
    side = std::move(made);
    return 0;
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  } catch (const std::system_error&) {
    return EAGAIN;
  }
}

Attempt BlockingPipe::attempt(Operation& op, Request& request, BufferPool& pool) noexcept {
  switch (op.code()) {
    case OpCode::receive:
    case OpCode::receive_lease:
      return receive(op, request, pool);
    case OpCode::send:
      return send(static_cast<const SendOperation&>(op), request);
    default:
      return outcome::from_errc(Errc::not_supported);
  }
}

Attempt BlockingPipe::receive(Operation& op, Request& request, BufferPool& pool) noexcept {
  if (const int error = begin(reading_)) return outcome::from_system_error(error);
  try {
    return reading_->receive(op, request, pool);
  } catch (const std::bad_alloc&) {
    return outcome::from_system_error(ENOMEM);
  }
}

Attempt BlockingPipe::send(const SendOperation& op, Request& request) noexcept {
  if (const int error = begin(writing_)) return outcome::from_system_error(error);
  return writing_->send(op, request);
}

bool BlockingPipe::take_back(Operation& op, Request& request) noexcept {
  const bool reads = op.direction() == Direction::read;
  return (reads ? reading_ : writing_)->take_back(request, op.direction());
}

}  // namespace coil::detail
