// The program's own descriptors: who is watched, by which strand. Included by the reactor core.
#pragma once

#include <coil/runtime/descriptors.h>
#include <coil/runtime/handle_id.h>
#include <coil/runtime/task.h>

#include <memory>
#include <vector>

namespace coil {
class Reactor;
enum class Direction : std::uint8_t;
}  // namespace coil

namespace coil::detail {

// One strand per direction awaits readiness and calls the object; it ends when the object is
// removed. Both directions of a descriptor share one handle slot, as the pollers need it.
class DescriptorWatches {
 public:
  explicit DescriptorWatches(Reactor& reactor) noexcept : reactor_(reactor) {}

  void add(std::shared_ptr<ReadDescriptor> reader);
  void add(std::shared_ptr<WriteDescriptor> writer);
  void remove(ReadDescriptor& reader);
  void remove(WriteDescriptor& writer);
  std::vector<std::shared_ptr<FileDescriptor>> remove_all();
  // Removes everything and tells each object that its connection is lost.
  void disconnect_all();
  std::vector<std::shared_ptr<ReadDescriptor>> readers() const;
  std::vector<std::shared_ptr<WriteDescriptor>> writers() const;

 private:
  struct Watch {
    NativeHandle native;
    HandleId handle;
    std::shared_ptr<ReadDescriptor> reader;
    std::shared_ptr<WriteDescriptor> writer;
    bool reading = false;  // A strand serves the direction.
    bool writing = false;
  };

  std::shared_ptr<Watch> watch_for(NativeHandle native);
  Task<void> serve(std::shared_ptr<Watch> watch, Direction side);
  bool step(Watch& watch, Direction side);
  static std::vector<std::shared_ptr<FileDescriptor>> objects_of(const Watch& watch);
  void lose_all(Watch& watch, const Failure& reason);
  void lose(Watch& watch, const std::shared_ptr<FileDescriptor>& object, const Failure& reason);
  void drop_if_unused(const std::shared_ptr<Watch>& watch);

  Reactor& reactor_;
  std::vector<std::shared_ptr<Watch>> watches_;
};

}  // namespace coil::detail
