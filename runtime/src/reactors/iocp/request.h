// Request: what the kernel is given for one operation that waits. Included by this backend only.
#pragma once

#include <coil/runtime/buffer.h>
#include <coil/runtime/handle_table.h>
#include <coil/runtime/operation.h>

#include <winsock2.h>

#include <ws2tcpip.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace coil::detail {

// How a request ends its operation.
enum class Waiting : std::uint8_t {
  call,   // By what the call itself came to.
  data,   // By bytes that can be received now: the operation is then attempted.
  ready,  // By a change that was polled for: the operation is then attempted.
};

// An accept's connection, and the addresses that the kernel writes beside it.
struct AcceptedSocket {
  static constexpr DWORD address_size = sizeof(sockaddr_in6) + 16;
  SOCKET socket;
  std::array<std::byte, 2 * address_size> addresses;
};

// What is asked of the driver that serves all sockets, and where it answers.
struct Polling {
  LARGE_INTEGER timeout;
  ULONG count;
  ULONG exclusive;
  HANDLE socket;
  ULONG events;
  LONG status;
};

// Request: the OVERLAPPED of an operation, from the call until its packet was taken.
//
// It lies here and not in the operation so that no other platform's operations grow by it. One that
// waits on a handle is found by the handle's list.
struct Request : OVERLAPPED {
  Operation* operation;
  std::uint32_t number;  // Its place among all, from 1.
  std::uint32_t next;    // Of the same handle, or free; 0 for none.
  Waiting waiting;
  DWORD flags;
  union {
    AcceptedSocket accepting;
    Polling polling;
    std::byte* borrowed;  // The buffer of a lease, if the kernel fills that directly.
  };
};

// RequestPool: requests at stable addresses, which come and go without an allocation.
class RequestPool {
 public:
  RequestPool() noexcept {}
  RequestPool(const RequestPool&) = delete;
  RequestPool& operator=(const RequestPool&) = delete;

  // An empty one; null without memory.
  Request* take(Operation& op) noexcept;
  void give_back(Request& request) noexcept;
  Request& at(std::uint32_t number) noexcept {
    return chunks_[(number - 1) / chunk_size][(number - 1) % chunk_size];
  }
  // Those that the kernel may still write to.
  std::size_t alive() const noexcept { return alive_; }

 private:
  static constexpr std::uint32_t chunk_size = 64;

  bool grow() noexcept;

  std::vector<std::unique_ptr<Request[]>> chunks_;
  std::uint32_t free_ = 0;
  std::size_t alive_ = 0;
};

// How the operations of a handle are carried out.
enum class Service : std::uint8_t {
  unknown,     // Nothing was asked of it yet.
  overlapped,  // By calls that the port completes, unless they succeed at once.
  polled,      // By calls that do not wait, and polls until they are worth it.
  blocking,    // By threads that make its calls.
};

// What this backend notes about a handle.
struct HandleNote {
  std::uint32_t first;  // Of its requests.
  Service service;
  bool local;      // Its addresses are paths.
  bool version_6;  // They are those of IPv6.
};

inline HandleNote& note_of(HandleSlot& slot) noexcept { return slot.backend_data<HandleNote>(); }

}  // namespace coil::detail
