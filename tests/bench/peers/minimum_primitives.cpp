// The least that the primitives can cost: bare coroutines whose frames come from a free list, and
// an intrusive list of who is ready. No cancellation, no errors, no fairness, no account.
#include <array>
#include <coroutine>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#include "meter.h"

namespace {

using bench::Meter;

// Frames by size, in steps of a cache line.
class Frames {
 public:
  static void* take(std::size_t size) {
    const std::size_t index = (size + line - 1) / line;
    Block*& first = free_[index];
    if (first == nullptr) return ::operator new(index * line);
    return std::exchange(first, first->next);
  }
  static void give_back(void* memory, std::size_t size) noexcept {
    Block*& first = free_[(size + line - 1) / line];
    first = ::new (memory) Block{first};
  }

 private:
  struct Block {
    Block* next;
  };
  static constexpr std::size_t line = 64;
  static constinit inline std::array<Block*, 64> free_{};
};

struct Pooled {
  static void* operator new(std::size_t size) { return Frames::take(size); }
  static void operator delete(void* memory, std::size_t size) noexcept {
    Frames::give_back(memory, size);
  }
};

struct Node {
  Node* next = nullptr;
  std::coroutine_handle<> handle;
};

class List {
 public:
  void push(Node& node) noexcept {
    node.next = nullptr;
    *last_ = &node;
    last_ = &node.next;
  }
  Node* pop() noexcept {
    Node* node = first_;
    if (node == nullptr) return nullptr;
    first_ = node->next;
    if (first_ == nullptr) last_ = &first_;
    return node;
  }

 private:
  Node* first_ = nullptr;
  Node** last_ = &first_;
};

constinit List ready;
std::int64_t completed = 0;

// Runs by itself once spawned, and frees its frame at its end.
struct Spawned {
  struct promise_type : Node, Pooled {
    Spawned get_return_object() noexcept {
      handle = std::coroutine_handle<promise_type>::from_promise(*this);
      return Spawned{this};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::abort(); }
  };
  Node* node;
};

void spawn(Spawned spawned) { ready.push(*spawned.node); }

void loop() {
  while (Node* node = ready.pop()) node->handle.resume();
}

struct Wait : Node {
  explicit Wait(List& list) noexcept : list_(list) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) noexcept {
    handle = waiter;
    list_.push(*this);
  }
  void await_resume() const noexcept {}

 private:
  List& list_;
};

// Starts when it is awaited, and goes on with who awaits it.
class Child {
 public:
  struct promise_type : Pooled {
    struct Final {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(
          std::coroutine_handle<promise_type> ended) const noexcept {
        return ended.promise().awaiting;
      }
      void await_resume() const noexcept {}
    };
    Child get_return_object() noexcept {
      return Child(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    Final final_suspend() noexcept { return {}; }
    void return_value(int result) noexcept { value = result; }
    void unhandled_exception() noexcept { std::abort(); }
    std::coroutine_handle<> awaiting;
    int value = 0;
  };

  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { handle_.destroy(); }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) noexcept {
    handle_.promise().awaiting = waiter;
    return handle_;
  }
  int await_resume() const noexcept { return handle_.promise().value; }

 private:
  explicit Child(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

Spawned nothing() {
  ++completed;
  co_return;
}

Spawned spawn_batches() {
  Meter meter("spawn");
  for (int round = 0; round < bench::rounds; ++round) {
    completed = 0;
    meter.start();
    for (int done = 0; done < bench::steps; done += bench::batch) {
      for (int child = 0; child < bench::batch; ++child) spawn(nothing());
      co_await Wait(ready);
    }
    meter.stop(bench::steps);
    if (completed != bench::steps) std::abort();
  }
}

Child answer() { co_return 42; }

Spawned await_children() {
  Meter meter("child");
  for (int round = 0; round < bench::rounds; ++round) {
    int sum = 0;
    meter.start();
    for (int step = 0; step < bench::steps; ++step) sum += co_await answer();
    meter.stop(bench::steps);
    if (sum != 42 * bench::steps) std::abort();
  }
}

Spawned give_way(std::int64_t times) {
  for (std::int64_t time = 0; time < times; ++time) co_await Wait(ready);
  ++completed;
}

void yield_between_two(std::int64_t) {
  Meter meter("yield");
  for (int round = 0; round < bench::rounds; ++round) {
    meter.start();
    spawn(give_way(bench::steps / 2));
    spawn(give_way(bench::steps / 2));
    loop();
    meter.stop(bench::steps);
  }
}

Spawned wait_in(List& list) { co_await Wait(list); }

void weigh_leaves(std::int64_t count) {
  List waiting;
  const std::size_t before = bench::heap_bytes();
  for (std::int64_t child = 0; child < count; ++child) spawn(wait_in(waiting));
  loop();
  const std::size_t after = bench::heap_bytes();
  bench::print_bytes("leaf", static_cast<double>(after - before) / static_cast<double>(count));
  while (Node* node = waiting.pop()) node->handle.resume();
}

Spawned many_tasks(std::int64_t count) {
  Meter spawning("task_spawn", count);
  Meter yielding("task_yield", count);
  for (int round = 0; round < bench::rounds_of(count); ++round) {
    completed = 0;
    spawning.start();
    for (std::int64_t child = 0; child < count; ++child) spawn(nothing());
    while (completed < count) co_await Wait(ready);
    spawning.stop(count);

    completed = 0;
    const std::int64_t turns = bench::turns_of(count);
    for (std::int64_t child = 0; child < count; ++child) spawn(give_way(turns + 1));
    co_await Wait(ready);
    yielding.start();
    while (completed < count) co_await Wait(ready);
    yielding.stop(count * turns);
  }
}

constexpr bench::Measurement measurements[] = {
    {"spawn", [](std::int64_t) { spawn(spawn_batches()), loop(); }, 0},
    {"child", [](std::int64_t) { spawn(await_children()), loop(); }, 0},
    {"yield", &yield_between_two, 0},
    {"leaf", &weigh_leaves, 100'000},
    {"tasks", [](std::int64_t count) { spawn(many_tasks(count)), loop(); }, 1000},
};

}  // namespace

int main(int argc, char** argv) { return bench::run_named(argc, argv, measurements); }
