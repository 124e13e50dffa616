// The chat server of Twisted's how-to on servers:
//
//   class Chat(LineReceiver):
//       def __init__(self, users):
//           self.users = users
//           self.name = None
//           self.state = "GETNAME"
//       def connectionMade(self):
//           self.sendLine(b"What's your name?")
//       def connectionLost(self, reason):
//           if self.name in self.users:
//               del self.users[self.name]
//       def lineReceived(self, line):
//           if self.state == "GETNAME":
//               self.handle_GETNAME(line)
//           else:
//               self.handle_CHAT(line)
//       def handle_GETNAME(self, name):
//           if name in self.users:
//               self.sendLine(b"Name taken, please choose another.")
//               return
//           self.sendLine(b"Welcome, " + name + b"!")
//           self.name = name
//           self.users[name] = self
//           self.state = "CHAT"
//       def handle_CHAT(self, message):
//           for name, protocol in self.users.items():
//               if protocol != self:
//                   protocol.sendLine(b"<" + self.name + b"> " + message)
//
//   class ChatFactory(Factory):
//       def __init__(self):
//           self.users = {}
//       def buildProtocol(self, addr):
//           return Chat(self.users)
#include <map>
#include <string>
#include <string_view>

#include "support/contract.h"
#include "visitor.h"

using namespace coil;
using namespace coil::testing;

namespace {

class Chat;
using Users = std::map<std::string, Chat*>;

class Chat : public LineReceiver {
 public:
  explicit Chat(std::shared_ptr<Users> users) : users_(std::move(users)) {}

  void connectionMade() override { sendLine("What's your name?"); }
  void connectionLost(const Failure&) override { users_->erase(name_); }
  void lineReceived(std::string_view line) override {
    if (name_.empty()) {
      get_name(std::string(line));
    } else {
      chat(std::string(line));
    }
  }

 private:
  void get_name(const std::string& name) {
    if (users_->contains(name)) return sendLine("Name taken, please choose another.");
    sendLine("Welcome, " + name + "!");
    name_ = name;
    users_->emplace(name, this);
  }
  void chat(const std::string& message) {
    for (const auto& [name, protocol] : *users_) {
      if (protocol != this) protocol->sendLine("<" + name_ + "> " + message);
    }
  }

  std::shared_ptr<Users> users_;
  std::string name_;
};

class ChatFactory : public Factory {
 public:
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    return std::make_shared<Chat>(users_);
  }

 private:
  std::shared_ptr<Users> users_ = std::make_shared<Users>();
};

Task<Visitor> arrive(Reactor& reactor, Address server, std::string name) {
  Visitor visitor = co_await visit(reactor, server);
  std::string heard = co_await visitor.hear();
  CHECK(heard == "What's your name?");
  co_await visitor.say(name);
  heard = co_await visitor.hear();
  CHECK(heard == "Welcome, " + name + "!");
  co_return visitor;
}

TEST_CASE("the others hear a message, under a name that nobody else has") {
  COIL_CONTRACT(reactor);
  auto program = [&]() -> Task<void> {
    ListeningPort port = listenTCP(*reactor, Address::loopback(0), std::make_shared<ChatFactory>());
    Visitor ada = co_await arrive(*reactor, port.getHost(), "Ada");
    Visitor bob = co_await visit(*reactor, port.getHost());
    co_await bob.say("Ada");
    co_await bob.say("Bob");
    std::string heard = co_await bob.hear();
    CHECK(heard == "What's your name?");
    heard = co_await bob.hear();
    CHECK(heard == "Name taken, please choose another.");
    heard = co_await bob.hear();
    CHECK(heard == "Welcome, Bob!");
    co_await bob.say("hello, all");
    heard = co_await ada.hear();
    CHECK(heard == "<Bob> hello, all");
    co_await ada.say("hello, Bob");
    heard = co_await bob.hear();  // Its own message did not come back.
    CHECK(heard == "<Ada> hello, Bob");
    ada.leave();
    while (port.connections() != 1) co_await yield();
    Visitor again = co_await arrive(*reactor, port.getHost(), "Ada");  // The name is free again.
    again.leave();
    bob.leave();
    co_await close_down(port);
  };
  run(*reactor, program());
}

}  // namespace
