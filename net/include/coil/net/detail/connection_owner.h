// ConnectionOwner: who is told what becomes of a transport's connection.
#pragma once

#include <coil/runtime/failure.h>

namespace coil {

class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // Nothing is written any more, although the connection goes on; only told of two pipes.
  virtual void output_ended() {}
  // After the protocol's connectionLost, or without a reason after a hand-over.
  virtual void connection_ended(const Failure& reason) = 0;
};

}  // namespace coil
