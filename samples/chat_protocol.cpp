// A chat server in Twisted's style: a LineReceiver per member, in a room that they share.
//
// Run it:  coil chat --listen tcp:8007 --style protocol     then talk:  nc 127.0.0.1 8007
// Read chat_server.cpp beside it: the same server, the other face.
#include "common/lines.h"
#include "common/samples.h"
#include "common/serving.h"

#include <coil/net/line_receiver.h>
#include <coil/net/ports.h>

#include <map>

namespace samples {

namespace {

class Member;
using Room = std::map<std::string, Member*, std::less<>>;

class Member : public coil::LineReceiver {
 public:
  Member(Room* room, Counters* counters) : room_(*room), counters_(*counters), open_(*counters) {}

  void connectionMade() override {
    set_delimiter("\n");
    set_max_length(line_length_max);
    // Whoever lets more than this pile up does not read: his connection is reset.
    transport().set_water_marks(coil::WaterMarks().set_cap(100 * line_length_max));
    sendLine("* who are you?");
  }
  void lineReceived(std::string_view line) override {
    line = without_return(line);
    if (nick_.empty()) return enter(line);
    ++counters_.messages;
    counters_.bytes += line.size();
    tell_others(nick_ + ": " + std::string(line));
  }
  void connectionLost(const coil::Failure&) override {
    if (nick_.empty()) return;
    room_.erase(nick_);
    tell_others("* " + nick_ + " has left");
  }

 private:
  void enter(std::string_view nick) {
    if (!is_nick(nick) || !room_.emplace(nick, this).second) return sendLine("* who are you?");
    nick_ = nick;
    sendLine("* welcome, " + nick_);
    tell_others("* " + nick_ + " has joined");
  }
  void tell_others(const std::string& line) {
    for (const auto& [nick, member] : room_) {
      if (member != this) member->sendLine(line);
    }
  }

  Room& room_;
  Counters& counters_;
  OpenConnection open_;
  std::string nick_;
};

}  // namespace

int chat_protocol(coil::Reactor& reactor, const ServerOptions& options) {
  Counters counters;
  Room room;
  const auto factory = coil::Factory::forProtocol<Member>(&room, &counters);
  const coil::ListeningPort port = coil::listenTCP(reactor, options.listen, factory);
  announce(reactor, port.getHost(), "chat, protocol style");
  return run_server(reactor, counters);
}

}  // namespace samples
