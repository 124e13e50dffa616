// Descriptors of the program's own, watched by the reactor.
#pragma once

#include <coil/runtime/failure.h>
#include <coil/runtime/native_handle.h>

#include <optional>

namespace coil {

// FileDescriptor: what the reactor must know of any watched object.
//
// Example (tests/examples/descriptor_example.cpp, "pipe reader"):
//
//   class PipeInput : public ReadDescriptor {
//    public:
//     explicit PipeInput(NativeHandle pipe) : pipe_(pipe) {}
//     NativeHandle fileno() const override { return pipe_; }
//     std::optional<Failure> doRead() override {
//       std::array<char, 512> bytes;
//       const auto size = ::read(pipe_.descriptor(), bytes.data(), bytes.size());
//       if (size <= 0) return Failure(ConnectionDone(make_error_code(Errc::connection_done)));
//       seen.append(bytes.data(), static_cast<std::size_t>(size));
//       return std::nullopt;                    // Nothing is wrong: goes on watching.
//     }
//     void connectionLost(const Failure&) override { seen += " and the end"; }
//
//    private:
//     NativeHandle pipe_;
//   };
//
// Guarantees: connectionLost is called once, after which nothing else is.
// Source:     Twisted's IFileDescriptor.
class FileDescriptor {
 public:
  virtual ~FileDescriptor() = default;
  // The descriptor, or an invalid handle when it has gone away.
  virtual NativeHandle fileno() const = 0;
  virtual void connectionLost(const Failure& reason) = 0;
};

// ReadDescriptor: told when its descriptor can be read.
//
// Example (tests/examples/descriptor_example.cpp, "pipe reader"):
//
//   reactor.addReader(std::make_shared<PipeInput>(handle));
//
// Source: Twisted's IReadDescriptor.
class ReadDescriptor : public virtual FileDescriptor {
 public:
  // Reads what is there; a returned or thrown failure disconnects.
  virtual std::optional<Failure> doRead() = 0;
  // The read side ended cleanly: true if the object lives on as a writer (half close).
  virtual bool readConnectionLost(const Failure&) { return false; }
};

// WriteDescriptor: told when its descriptor can be written.
//
// Example (tests/examples/descriptor_example.cpp, "pipe writer"):
//
//   reactor.addWriter(writer);
//
// Source: Twisted's IWriteDescriptor.
class WriteDescriptor : public virtual FileDescriptor {
 public:
  // Writes what it has; a returned or thrown failure disconnects.
  virtual std::optional<Failure> doWrite() = 0;
};

}  // namespace coil
