// BlockingPipe: a handle whose calls wait, served by a thread for each way. Included by this
// backend only.
//
// What a parent gave this process, a console, a file: Windows makes such handles for one call at a
// time, and no port takes them.
#pragma once

#include "port.h"

#include <coil/runtime/operations.h>

#include <memory>

namespace coil::detail {

class BlockingPipe {
 public:
  BlockingPipe(HANDLE handle, Port& port) noexcept : handle_(handle), port_(port) {}
  BlockingPipe(const BlockingPipe&) = delete;
  BlockingPipe& operator=(const BlockingPipe&) = delete;
  // Waits until its threads have left the handle, but for a call that the system does not end.
  ~BlockingPipe();

  // What the operation comes to, if that is known; else has a thread find out, and post `request`
  // when it is worth to ask again.
  Attempt attempt(Operation& op, Request& request, BufferPool& pool) noexcept;
  // Asks for the end of what `request` waits for: true if it will not be posted any more. What is
  // read meanwhile is kept for the next who reads.
  bool take_back(Operation& op, Request& request) noexcept;

 private:
  class Side;

  Attempt receive(Operation& op, Request& request, BufferPool& pool) noexcept;
  Attempt send(const SendOperation& op, Request& request) noexcept;
  // Begins a side with its first operation; an error number if that cannot be.
  int begin(std::shared_ptr<Side>& side) noexcept;

  HANDLE handle_;
  Port& port_;
  std::shared_ptr<Side> reading_;
  std::shared_ptr<Side> writing_;
};

}  // namespace coil::detail
