// What a reader gives until its end.
#pragma once

#include <coil/net/pipe.h>
#include <coil/runtime/task.h>

#include <string>

namespace coil::testing {

// Everything until the end.
template <class Reader>
Task<std::string> read_everything(Reader& reader) {
  std::string text;
  for (;;) {
    const BufferLease lease = co_await reader.receive();
    if (lease.size() == 0) co_return text;
    text += as_text(lease.bytes());
  }
}

}  // namespace coil::testing
