// IocpReactor: operations as overlapped calls, completions as a port tells them. Included by this
// backend and by its test.
#pragma once

#include "../../socket_calls_windows.h"
#include "blocking_pipe.h"
#include "port.h"

#include <coil/runtime/reactor.h>

#include <cstddef>
#include <string>
#include <unordered_map>

namespace coil::detail {

class IocpReactor final : public Reactor {
 public:
  IocpReactor() = default;
  ~IocpReactor() override;

  std::string_view name() const noexcept override { return "iocp"; }
  std::string description() const override;
  SocketCalls& sockets() noexcept override { return sockets_; }
  // Requests that the kernel may still write to.
  std::size_t requests_alive() const noexcept { return requests_.alive(); }

 private:
  Attempt do_submit(Operation& op, HandleSlot& slot) noexcept override;
  void do_cancel(Operation& op, HandleSlot& slot) noexcept override;
  void wait(TimePoint until) noexcept override;
  bool deliver() noexcept override;
  void deliver_all() noexcept override;
  void wake() noexcept override { port_.wake(); }
  void forget(HandleSlot& slot) noexcept override;
  TimePoint read_clock() const noexcept override;

  // What the reactor still has to do with an operation in flight. An accept for which the process
  // has no socket stays in flight, but its next try is the core's.
  enum WaitState : std::uint8_t { handed_back, in_kernel };

  Attempt submit_overlapped(Operation& op, HandleSlot& slot) noexcept;
  Attempt submit_polled(Operation& op, HandleSlot& slot) noexcept;
  Attempt submit_blocking(Operation& op, HandleSlot& slot) noexcept;
  Attempt submit_lease(Operation& op, HandleSlot& slot) noexcept;
  Attempt poll(Operation& op, HandleSlot& slot) noexcept;
  Attempt call(Operation& op, HandleSlot& slot) noexcept;
  void enter_kernel(Operation& op, HandleSlot& slot, Request& request) noexcept;
  Request* leave_kernel(Request& request, HandleSlot& slot) noexcept;
  void on_request(const Packet& packet) noexcept;

  Port port_;
  std::unordered_map<const HandleSlot*, BlockingPipe> blocking_;
  RequestPool requests_;
  WinsockCalls sockets_;
};

}  // namespace coil::detail
