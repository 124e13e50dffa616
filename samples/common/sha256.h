// SHA-256 of bytes that come piece by piece.
#pragma once

#include <coil/runtime/buffer.h>

#include <memory>
#include <string>

namespace samples {

class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();

  void add(coil::ConstBytes bytes);
  // What the bytes so far come to, in 64 hexadecimal digits; nothing may be added then.
  std::string hex_digest();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace samples
