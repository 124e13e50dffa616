// The nodes of callFromThread: filled, emptied, recycled.
#include "call_nodes.h"

#include "reactor_core.h"

#include <array>
#include <new>
#include <utility>

namespace coil::detail {

// It fills one cache line, which travels to the loop's processor and back.
class alignas(64) CallNodes::Node final : public InboxNode {
 public:
  Node() noexcept : InboxNode(&deliver) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() {}

  void fill(Block& block, Callback&& call) noexcept {
    block_ = &block;
    ::new (&call_) Callback(std::move(call));
  }

 private:
  static void deliver(InboxNode& node, Reactor* reactor) noexcept;

  Block* block_ = nullptr;
  union {
    Callback call_;  // From fill to the end of deliver.
  };
};

struct CallNodes::Block {
  static constexpr std::uint32_t size = 31;

  Block* next = nullptr;                   // In the list of recycled ones.
  std::atomic<std::uint32_t> left = size;  // Nodes that are not emptied, or will not be filled.
  std::array<Node, size> nodes;
};

// What a thread fills. Trivially destructible, so that access needs no guard; the slow path
// registers the clean-up that runs when the thread ends.
struct CallNodes::Filling {
  struct Cleaner {
    Cleaner() noexcept { mine_.kept = true; }
    Cleaner(const Cleaner&) = delete;
    Cleaner& operator=(const Cleaner&) = delete;
    ~Cleaner() {
      mine_.kept = false;
      destroy(std::exchange(mine_.more, nullptr));
      if (mine_.block != nullptr) give_up(*std::exchange(mine_.block, nullptr), mine_.index);
    }
    void touch() noexcept {}
  };

  static void destroy(Block* list) noexcept {
    while (list != nullptr) delete std::exchange(list, list->next);
  }
  // Nodes from `index` on will not be filled.
  static void give_up(Block& block, std::uint32_t index) noexcept {
    const std::uint32_t unused = Block::size - index;
    if (block.left.fetch_sub(unused, std::memory_order_acq_rel) == unused) delete &block;
  }
  static void begin_block(CallNodes& home) {
    if (!mine_.registered) {
      mine_.registered = true;
      thread_local Cleaner cleaner;
      cleaner.touch();
    }
    if (mine_.more == nullptr && mine_.kept) {
      mine_.more = home.recycled_.exchange(nullptr, std::memory_order_acquire);
    }
    mine_.block = mine_.more == nullptr ? new Block : std::exchange(mine_.more, mine_.more->next);
    mine_.index = 0;
  }

  static thread_local constinit Filling mine_;

  Block* block = nullptr;
  std::uint32_t index = 0;
  Block* more = nullptr;  // Empty ones.
  bool kept = false;
  bool registered = false;
};

thread_local constinit CallNodes::Filling CallNodes::Filling::mine_;

CallNodes& CallNodes::of(Reactor& reactor) noexcept { return reactor.core_->call_nodes; }

CallNodes::~CallNodes() {
  settle();
  Filling::destroy(recycled_.load(std::memory_order_acquire));
}

InboxNode& CallNodes::fill(Callback&& call) {
  Filling& mine = Filling::mine_;
  if (mine.block == nullptr) Filling::begin_block(*this);
  Block& block = *mine.block;
  Node& node = block.nodes[mine.index++];
  node.fill(block, std::move(call));
  if (mine.index == Block::size) {
    mine.block = nullptr;
  } else if (!mine.kept) {
    // A thread that is ending keeps nothing: nobody would free it.
    Filling::give_up(*std::exchange(mine.block, nullptr), mine.index);
  }
  return node;
}

void CallNodes::Node::deliver(InboxNode& node, Reactor* reactor) noexcept {
  auto& self = static_cast<Node&>(node);
  if (reactor == nullptr) {
    self.call_.~Callback();
    Filling::give_up(*self.block_, Block::size - 1);
    return;
  }
  try {
    std::move(self.call_)();
  } catch (...) {
    reactor->log_current("callFromThread");
  }
  self.call_.~Callback();
  of(*reactor).emptied(*self.block_);
}

void CallNodes::emptied(Block& block) noexcept {
  if (emptied_in_ != &block) {
    settle();
    emptied_in_ = &block;
  }
  ++emptied_count_;
}

void CallNodes::settle() noexcept {
  if (emptied_in_ == nullptr) return;
  Block& block = *std::exchange(emptied_in_, nullptr);
  const std::uint32_t count = std::exchange(emptied_count_, 0);
  if (block.left.fetch_sub(count, std::memory_order_acq_rel) == count) recycle(block);
}

// Others only ever take everything: when the list is empty, nothing of it is left to count.
void CallNodes::recycle(Block& block) noexcept {
  Block* head = recycled_.load(std::memory_order_relaxed);
  if (head == nullptr) recycled_count_ = 0;
  if (recycled_count_ == recycled_max) {
    delete &block;
    return;
  }
  ++recycled_count_;
  block.left.store(Block::size, std::memory_order_relaxed);
  do {
    block.next = head;
  } while (!recycled_.compare_exchange_weak(head, &block, std::memory_order_release,
                                            std::memory_order_relaxed));
}

}  // namespace coil::detail
