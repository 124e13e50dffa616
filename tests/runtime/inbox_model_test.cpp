// The inbox of a loop, checked by every interleaving of its atomic steps.
//
// Covers runtime/src/inbox.h: each step below names the line of Inbox or Posted that it stands for,
// and whoever changes one changes the other. Two producers push two nodes each, against a loop that
// takes turns and sleeps. What seq_cst promises is one order of all such steps, so that an
// interleaving is a run; what is relaxed may come late, and the model lets it. A violation found is
// a violation of the source, a clean search is a proof for this many threads and nodes.
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace {

constexpr std::size_t producers = 2;
constexpr std::uint8_t nodes_each = 2;
constexpr std::uint8_t nodes = producers * nodes_each;
constexpr std::uint8_t none = nodes;  // In place of nullptr.

enum class Push : std::uint8_t { load, exchange, look, claim, wake };
enum class Loop : std::uint8_t { check, announce, check_again, wait, awake, load, take };

// Faults that the search must find, each one line of the source changed.
enum class Fault {
  nothing,
  look_before_push,       // A producer reads the flag before its node is there.
  no_second_check,        // may_sleep does not look again behind the announcement.
  claim_without_wake,     // Who takes the flag away wakes nobody.
  store_without_compare,  // push replaces the head without a look at what it was.
  deliver_newest_first,   // deliver_all does not turn the stack round.
  load_then_clear,        // deliver_all empties the stack in two steps.
};

struct Producer {
  auto operator<=>(const Producer&) const = default;
  Push step = Push::load;
  std::uint8_t pushed = 0;   // Nodes that are done with.
  std::uint8_t head = none;  // What it read last.
  bool saw_sleep = true;     // In the fault that looks first.
};

struct State {
  auto operator<=>(const State&) const = default;
  // Inbox: head_, and next_ of each node.
  std::uint8_t head = none;
  std::array<std::uint8_t, nodes> next = {none, none, none, none};
  // Posted: sleeping_, and awake()'s relaxed store that others do not see yet.
  bool sleeping = false;
  bool clears_late = false;
  // The descriptor or ring entry that wake() makes ready, until a wait sees it.
  bool woken = false;
  std::array<Producer, producers> producer;
  Loop loop = Loop::check;
  bool may_block = false;     // What may_sleep came to.
  std::uint8_t taken = none;  // Between load and clear, in the fault of that name.
  std::array<std::uint8_t, nodes> delivered = {none, none, none, none};
  std::uint8_t delivered_count = 0;
};

std::uint8_t node_of(std::size_t producer, std::uint8_t number) {
  return static_cast<std::uint8_t>(producer * nodes_each + number);
}

class Search {
 public:
  explicit Search(Fault fault) : fault_(fault) {}

  // Gives what went wrong first; empty if nothing ever does.
  std::string run() {
    std::vector<State> open = {State()};
    seen_.insert(open.back());
    while (!open.empty() && wrong_.empty()) {
      const State state = open.back();
      open.pop_back();
      moves_.clear();
      for (std::size_t which = 0; which < producers; ++which) push(state, which);
      turn(state);
      if (moves_.empty()) at_rest(state);
      for (const State& next : moves_) {
        if (seen_.insert(next).second) open.push_back(next);
      }
    }
    return wrong_;
  }
  std::size_t states() const { return seen_.size(); }

 private:
  // One step of Posted::push, in Inbox::push and behind it.
  void push(State state, std::size_t which) {
    Producer& self = state.producer[which];
    if (self.pushed == nodes_each) return;
    const std::uint8_t node = node_of(which, self.pushed);
    const auto done = [&] {
      ++self.pushed;
      self.step = Push::load;
    };
    switch (self.step) {
      case Push::load:  // head_.load(relaxed): a stale one makes the exchange fail, and no more.
        self.saw_sleep = fault_ != Fault::look_before_push || state.sleeping;
        self.head = state.head;
        self.step = Push::exchange;
        break;
      case Push::exchange:  // head_.compare_exchange_weak(head, &node, seq_cst, relaxed)
        if (state.head != self.head && fault_ != Fault::store_without_compare) {
          self.head = state.head;
          break;
        }
        state.next[node] = self.head;
        state.head = node;
        self.step = Push::look;
        break;
      case Push::look:  // sleeping_.load(seq_cst)
        self.step = Push::claim;
        if (!state.sleeping || !self.saw_sleep) done();
        break;
      case Push::claim:  // sleeping_.exchange(false, seq_cst): true for one of a burst
        self.step = Push::wake;
        if (!state.sleeping) done();
        state.sleeping = false;
        break;
      case Push::wake:  // Reactor::callFromThread: wake()
        state.woken = state.woken || fault_ != Fault::claim_without_wake;
        done();
        break;
    }
    moves_.push_back(state);
  }

  // One step of Reactor::turn, as far as it touches the inbox.
  void turn(State state) {
    if (state.clears_late) {  // The store of awake() arrives by itself, at any moment …
      State arrived = state;
      arrived.clears_late = false;
      arrived.sleeping = false;
      moves_.push_back(arrived);
    }
    switch (state.loop) {
      case Loop::check:  // may_sleep: !inbox_.empty() || more_comes_soon(), which only looks again
        state.may_block = false;
        state.loop = state.head == none ? Loop::announce : Loop::wait;
        break;
      case Loop::announce:          // may_sleep: sleeping_.store(true, seq_cst)
        state.clears_late = false;  // … at the latest before the next store to the flag.
        state.sleeping = true;
        state.loop = Loop::check_again;
        break;
      case Loop::check_again:  // may_sleep: return inbox_.empty()
        state.may_block = state.head == none || fault_ == Fault::no_second_check;
        state.loop = Loop::wait;
        break;
      case Loop::wait:  // wait(limit): blocks until it is woken, or looks and goes on
        if (state.may_block && !state.woken) return;
        if (state.woken && !state.may_block) {  // A look may come too early to see it.
          State early = state;
          early.loop = Loop::awake;
          moves_.push_back(early);
        }
        state.woken = false;
        state.loop = Loop::awake;
        break;
      case Loop::awake:  // awake: sleeping_.store(false, relaxed)
        state.clears_late = state.sleeping;
        state.loop = Loop::load;
        break;
      case Loop::load: {  // deliver_all: head_.load(relaxed) == nullptr, which may be an old value
        State stale = state;
        stale.loop = Loop::check;
        moves_.push_back(stale);
        if (state.head == none) return;
        state.taken = state.head;
        state.loop = Loop::take;
        break;
      }
      case Loop::take:  // deliver_all: head_.exchange(nullptr, acquire)
        if (fault_ != Fault::load_then_clear) state.taken = state.head;
        state.head = none;
        deliver(state);
        state.loop = Loop::check;
        break;
    }
    moves_.push_back(state);
  }

  // The loop's own: it turns the stack round, and delivers.
  void deliver(State& state) {
    std::vector<std::uint8_t> stack;
    for (std::uint8_t node = state.taken; node != none; node = state.next[node]) {
      stack.push_back(node);
      if (stack.size() > nodes) return fail("the stack has become a ring");
    }
    state.taken = none;
    if (fault_ != Fault::deliver_newest_first) stack = {stack.rbegin(), stack.rend()};
    for (const std::uint8_t node : stack) {
      for (std::uint8_t at = 0; at < state.delivered_count; ++at) {
        const std::uint8_t before = state.delivered[at];
        if (before == node) return fail("a node was delivered twice");
        if (before / nodes_each == node / nodes_each && before > node) {
          return fail("a producer's nodes were delivered out of order");
        }
      }
      state.delivered[state.delivered_count++] = node;
    }
  }

  // Nobody can go on: the producers are done, and the loop sleeps.
  void at_rest(const State& state) {
    if (state.delivered_count != nodes) fail("the loop sleeps, and nodes are left");
  }
  void fail(const char* what) {
    if (wrong_.empty()) wrong_ = what;
  }

  Fault fault_;
  std::set<State> seen_;
  std::vector<State> moves_;
  std::string wrong_;
};

TEST_CASE("no interleaving loses a wake or a node, or delivers one twice or out of order") {
  Search search(Fault::nothing);
  CHECK(search.run() == "");
  MESSAGE("states: " << search.states());
  CHECK(search.states() > 1000);
}

TEST_CASE("the search finds faults that were made on purpose") {
  const auto found = [](Fault fault) { return Search(fault).run(); };
  CHECK(found(Fault::look_before_push) == "the loop sleeps, and nodes are left");
  CHECK(found(Fault::no_second_check) == "the loop sleeps, and nodes are left");
  CHECK(found(Fault::claim_without_wake) == "the loop sleeps, and nodes are left");
  CHECK(found(Fault::store_without_compare) != "");
  CHECK(found(Fault::deliver_newest_first) == "a producer's nodes were delivered out of order");
  CHECK(found(Fault::load_then_clear) != "");
}

}  // namespace
