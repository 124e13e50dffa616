// Foreign descriptors: readiness is awaited like any other operation.
#include "descriptor_watch.h"

#include <coil/runtime/await.h>
#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/reactor.h>

#include <algorithm>

namespace coil::detail {

namespace {

class Nothing {
 public:
  Nothing() noexcept {}
  void operator()(PollOperation&, std::int64_t) const noexcept {}
};

Await<PollOperation, void, Nothing> readiness(Reactor& reactor, HandleId handle, Direction side) {
  return Await<PollOperation, void, Nothing>(Nothing(), reactor, handle, side);
}

}  // namespace

std::shared_ptr<DescriptorWatches::Watch> DescriptorWatches::watch_for(NativeHandle native) {
  for (const std::shared_ptr<Watch>& watch : watches_) {
    if (watch->native == native) return watch;
  }
  auto watch = std::make_shared<Watch>();
  watch->native = native;
  watch->handle = reactor_.handles().open(native, HandleKind::foreign);
  watches_.push_back(watch);
  return watch;
}

void DescriptorWatches::add(std::shared_ptr<ReadDescriptor> reader) {
  std::shared_ptr<Watch> watch = watch_for(reader->fileno());
  watch->reader = std::move(reader);
  if (std::exchange(watch->reading, true)) return;
  start_root(reactor_, serve(watch, Direction::read), "reader");
}

void DescriptorWatches::add(std::shared_ptr<WriteDescriptor> writer) {
  std::shared_ptr<Watch> watch = watch_for(writer->fileno());
  watch->writer = std::move(writer);
  if (std::exchange(watch->writing, true)) return;
  start_root(reactor_, serve(watch, Direction::write), "writer");
}

// Removal compares objects, never descriptors: a descriptor may have gone away meanwhile.
void DescriptorWatches::remove(ReadDescriptor& reader) {
  for (const std::shared_ptr<Watch>& watch : std::vector(watches_)) {
    if (watch->reader.get() != &reader) continue;
    watch->reader.reset();
    drop_if_unused(watch);
  }
}

void DescriptorWatches::remove(WriteDescriptor& writer) {
  for (const std::shared_ptr<Watch>& watch : std::vector(watches_)) {
    if (watch->writer.get() != &writer) continue;
    watch->writer.reset();
    drop_if_unused(watch);
  }
}

void DescriptorWatches::remove_all() {
  for (const std::shared_ptr<Watch>& watch : std::vector(watches_)) {
    watch->reader.reset();
    watch->writer.reset();
    drop_if_unused(watch);
  }
}

void DescriptorWatches::disconnect_all() {
  const Failure reason(ConnectionLost(make_error_code(Errc::reactor_stopped), "shutdown"));
  for (const std::shared_ptr<Watch>& watch : std::vector(watches_)) {
    std::shared_ptr<FileDescriptor> object = watch->reader;
    if (object == nullptr) object = watch->writer;
    if (object != nullptr) lose(*watch, object, reason);
  }
}

// Closing the slot ends the strands' waits; the descriptor itself is the program's.
void DescriptorWatches::drop_if_unused(const std::shared_ptr<Watch>& watch) {
  if (watch->reader != nullptr || watch->writer != nullptr) return;
  std::erase(watches_, watch);
  reactor_.handles().close(watch->handle);
}

std::vector<std::shared_ptr<ReadDescriptor>> DescriptorWatches::readers() const {
  std::vector<std::shared_ptr<ReadDescriptor>> found;
  for (const auto& watch : watches_) {
    if (watch->reader != nullptr) found.push_back(watch->reader);
  }
  return found;
}

std::vector<std::shared_ptr<WriteDescriptor>> DescriptorWatches::writers() const {
  std::vector<std::shared_ptr<WriteDescriptor>> found;
  for (const auto& watch : watches_) {
    if (watch->writer != nullptr) found.push_back(watch->writer);
  }
  return found;
}

Task<void> DescriptorWatches::serve(std::shared_ptr<Watch> watch, Direction side) {
  bool& serving = side == Direction::read ? watch->reading : watch->writing;
  try {
    do {
      co_await readiness(reactor_, watch->handle, side);
    } while (step(*watch, side));
  } catch (const HandleClosed&) {
    // Removed while it waited: the ordinary end.
  } catch (const SystemError&) {
    const Failure reason = Failure::current();
    std::shared_ptr<FileDescriptor> object = watch->reader;
    if (object == nullptr) object = watch->writer;
    if (object != nullptr) lose(*watch, object, reason);
  }
  serving = false;
}

// Calls the object once; false when the direction is not watched any more.
bool DescriptorWatches::step(Watch& watch, Direction side) {
  std::shared_ptr<FileDescriptor> object;
  if (side == Direction::read) {
    object = watch.reader;
  } else {
    object = watch.writer;
  }
  if (object == nullptr) return false;
  std::optional<Failure> failure;
  if (!object->fileno().valid()) {
    failure = Failure(ConnectionLost(make_error_code(Errc::handle_closed), "fileno"));
  } else {
    try {
      failure = side == Direction::read ? watch.reader->doRead() : watch.writer->doWrite();
    } catch (...) {
      failure = Failure::current();
      reactor_.log_current(side == Direction::read ? "doRead" : "doWrite");
    }
  }
  if (failure && side == Direction::read && failure->check<ConnectionDone>() &&
      watch.reader != nullptr && watch.reader->readConnectionLost(*failure)) {
    remove(*watch.reader);
    return false;
  }
  if (failure) lose(watch, object, *failure);
  return side == Direction::read ? watch.reader != nullptr : watch.writer != nullptr;
}

void DescriptorWatches::lose(Watch& watch, const std::shared_ptr<FileDescriptor>& object,
                             const Failure& reason) {
  const std::shared_ptr<ReadDescriptor> reader = std::move(watch.reader);
  const std::shared_ptr<WriteDescriptor> writer = std::move(watch.writer);
  watch.reader.reset();
  watch.writer.reset();
  const auto self = std::find_if(watches_.begin(), watches_.end(),
                                 [&](const auto& entry) { return entry.get() == &watch; });
  if (self != watches_.end()) drop_if_unused(std::shared_ptr<Watch>(*self));
  try {
    object->connectionLost(reason);
  } catch (...) {
    reactor_.log_current("connectionLost");
  }
}

}  // namespace coil::detail
