// A chat server in coroutine style: per member one task that listens, and one that tells.
//
// Run it:  coil chat --listen tcp:8007 --style coroutine     then talk:  nc 127.0.0.1 8007
// Read chat_protocol.cpp beside it: the same server, the other face.
#include "common/lines.h"
#include "common/samples.h"
#include "common/serving.h"

#include <coil/net/framed_reads.h>
#include <coil/net/serve.h>
#include <coil/net/stream_algorithms.h>
#include <coil/runtime/queue.h>
#include <coil/runtime/task_group.h>

#include <absl/cleanup/cleanup.h>

#include <map>

namespace samples {

namespace {

struct Member {
  explicit Member(coil::TcpStream connection) : stream(std::move(connection)) {}

  coil::TcpStream stream;
  coil::Queue<std::string> outbox{100};  // Its bound is what a member can cost.
  coil::TaskGroup* visit = nullptr;
};

class Room {
 public:
  // Whoever lets his outbox fill up does not read, and has to go.
  void tell_all_but(const Member* from, const std::string& line) {
    for (const auto& [nick, member] : members_) {
      if (member != from && !member->outbox.try_push(line + "\n")) member->visit->cancel();
    }
  }
  bool enter(const std::string& nick, Member& member) {
    if (!is_nick(nick) || !members_.emplace(nick, &member).second) return false;
    tell_all_but(&member, "* " + nick + " has joined");
    return true;
  }
  void leave(const std::string& nick) {
    members_.erase(nick);
    tell_all_but(nullptr, "* " + nick + " has left");
  }

 private:
  std::map<std::string, Member*> members_;
};

coil::Task<void> tell(Member& member) {
  while (const std::optional<std::string> line = co_await member.outbox.pop()) {
    co_await coil::write_all(member.stream, *line);
  }
}

coil::Task<void> listen(Member& member, Room& room, Counters& counters) {
  coil::LineParser lines("\n", line_length_max);
  std::string nick;
  do {
    co_await member.outbox.push("* who are you?\n");
    const std::optional<std::string> line = co_await coil::read_line(member.stream, lines);
    if (!line) co_return;
    nick = without_return(*line);
  } while (!room.enter(nick, member));
  const absl::Cleanup leave = [&] { room.leave(nick); };  // However the visit ends.
  co_await member.outbox.push("* welcome, " + nick + "\n");
  while (const std::optional<std::string> line = co_await coil::read_line(member.stream, lines)) {
    ++counters.messages;
    counters.bytes += line->size();
    room.tell_all_but(&member, nick + ": " + std::string(without_return(*line)));
  }
}

coil::Task<void> visit(coil::TcpStream stream, Room& room, Counters& counters) {
  const OpenConnection open(counters);
  Member member(std::move(stream));
  auto both = [&](coil::TaskGroup& group) -> coil::Task<void> {
    member.visit = &group;
    group.spawn(&tell, coil::outlives_group(member));
    co_await listen(member, room, counters);
    group.cancel();  // Whoever has left is told nothing more.
  };
  co_await coil::with_task_group(both);
}

}  // namespace

int chat_server(coil::Reactor& reactor, const ServerOptions& options) {
  Counters counters;
  Room room;
  auto handler = [&](coil::TcpStream stream) { return visit(std::move(stream), room, counters); };
  coil::TcpListener listener = coil::TcpListener::bind(reactor, options.listen);
  announce(reactor, listener.local_address(), "chat, coroutine style");
  return run_server(reactor, counters, coil::serve(listener, handler));
}

}  // namespace samples
