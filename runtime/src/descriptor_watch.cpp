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
  start_root<"reader">(reactor_, serve(watch, Direction::read));
}

void DescriptorWatches::add(std::shared_ptr<WriteDescriptor> writer) {
  std::shared_ptr<Watch> watch = watch_for(writer->fileno());
  watch->writer = std::move(writer);
  if (std::exchange(watch->writing, true)) return;
  start_root<"writer">(reactor_, serve(watch, Direction::write));
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

std::vector<std::shared_ptr<FileDescriptor>> DescriptorWatches::remove_all() {
  std::vector<std::shared_ptr<FileDescriptor>> removed;
  for (const std::shared_ptr<Watch>& watch : std::vector(watches_)) {
    for (const std::shared_ptr<FileDescriptor>& object : objects_of(*watch)) {
      const bool known = std::find(removed.begin(), removed.end(), object) != removed.end();
      if (!known) removed.push_back(object);
    }
    watch->reader.reset();
    watch->writer.reset();
    drop_if_unused(watch);
  }
  return removed;
}

void DescriptorWatches::disconnect_all() {
  const Failure reason(ConnectionLost(make_error_code(Errc::reactor_stopped), "shutdown"));
  for (const std::shared_ptr<Watch>& watch : std::vector(watches_)) lose_all(*watch, reason);
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
    lose_all(*watch, Failure::current());
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

// Its reader and its writer, or the one object that is both.
std::vector<std::shared_ptr<FileDescriptor>> DescriptorWatches::objects_of(const Watch& watch) {
  std::vector<std::shared_ptr<FileDescriptor>> objects;
  const std::shared_ptr<FileDescriptor> reader = watch.reader;
  const std::shared_ptr<FileDescriptor> writer = watch.writer;
  if (reader != nullptr) objects.push_back(reader);
  if (writer != nullptr && writer != reader) objects.push_back(writer);
  return objects;
}

void DescriptorWatches::lose_all(Watch& watch, const Failure& reason) {
  for (const std::shared_ptr<FileDescriptor>& object : objects_of(watch)) {
    lose(watch, object, reason);
  }
}

// What another object does with the same descriptor goes on.
void DescriptorWatches::lose(Watch& watch, const std::shared_ptr<FileDescriptor>& object,
                             const Failure& reason) {
  if (std::shared_ptr<FileDescriptor>(watch.reader) == object) watch.reader.reset();
  if (std::shared_ptr<FileDescriptor>(watch.writer) == object) watch.writer.reset();
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
