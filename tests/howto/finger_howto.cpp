// The steps of Twisted's finger tutorial in one: a protocol, a service that knows the users, and
// two ports, one to ask and one to set.
//
//   class FingerProtocol(LineReceiver):
//       def lineReceived(self, user):
//           d = self.factory.getUser(user)
//           d.addErrback(lambda failure: b"Internal error in server")
//           def writeValue(value):
//               self.transport.write(value + b"\r\n")
//               self.transport.loseConnection()
//           d.addCallback(writeValue)
//
//   class FingerSetterProtocol(LineReceiver):
//       def connectionMade(self):
//           self.lines = []
//       def lineReceived(self, line):
//           self.lines.append(line)
//       def connectionLost(self, reason):
//           self.factory.setUser(*self.lines[:2])
//
//   class FingerService(Service):
//       def __init__(self, filename): ...
//       def startService(self): ...       # Reads the file, again and again.
//       def getUser(self, user):
//           return defer.succeed(self.users.get(user, b"No such user"))
//       def setUser(self, user, status):
//           self.users[user] = status
//
//   application = Application("finger")
//   f = FingerService("/etc/users")
//   collection = IServiceCollection(application)
//   f.setServiceParent(collection)
//   strports.service("tcp:79", f.getFingerFactory()).setServiceParent(collection)
//   strports.service("tcp:1079", f.getFingerSetterFactory()).setServiceParent(collection)
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/contract.h"
#include "visitor.h"

using namespace coil;
using namespace coil::testing;

namespace {

using Users = std::map<std::string, std::string>;

class FingerService : public Service {
 public:
  explicit FingerService(std::function<Users()> read) : read_(std::move(read)) {}
  Task<void> startService() override {
    co_await Service::startService();
    users_ = read_();
  }
  Deferred<std::string> get_user(const std::string& user) {
    if (user.empty()) return fail<std::string>(Failure(std::runtime_error("nobody was named")));
    const auto found = users_.find(user);
    return succeed(found == users_.end() ? std::string("No such user") : found->second);
  }
  void set_user(const std::string& user, const std::string& status) { users_[user] = status; }

 private:
  std::function<Users()> read_;
  Users users_;
};

class FingerProtocol : public LineReceiver, public std::enable_shared_from_this<FingerProtocol> {
 public:
  explicit FingerProtocol(std::shared_ptr<FingerService> service) : service_(std::move(service)) {}

  void lineReceived(std::string_view user) override {
    Deferred<std::string> d = service_->get_user(std::string(user));
    d.addErrback([](const Failure&) { return std::string("Internal error in server"); });
    d.addCallback([self = shared_from_this()](const std::string& value) { self->answer(value); });
  }

 private:
  void answer(const std::string& value) {
    if (!connected()) return;  // It has gone while we were looking.
    transport().write(value + "\r\n");
    transport().loseConnection();
  }

  std::shared_ptr<FingerService> service_;
};

class FingerSetterProtocol : public LineReceiver {
 public:
  explicit FingerSetterProtocol(std::shared_ptr<FingerService> service)
      : service_(std::move(service)) {}

  void lineReceived(std::string_view line) override { lines_.emplace_back(line); }
  void connectionLost(const Failure&) override {
    if (lines_.size() >= 2) service_->set_user(lines_[0], lines_[1]);
  }

 private:
  std::shared_ptr<FingerService> service_;
  std::vector<std::string> lines_;
};

class Finger {
 public:
  explicit Finger(Reactor& reactor) {
    auto users = std::make_shared<FingerService>([] { return Users{{"ada", "Happy and well"}}; });
    users->setServiceParent(application);
    ask = serve(reactor, Factory::forProtocol<FingerProtocol>(users));
    set = serve(reactor, Factory::forProtocol<FingerSetterProtocol>(users));
  }
  MultiService application;
  std::shared_ptr<StreamServerEndpointService> ask;
  std::shared_ptr<StreamServerEndpointService> set;

 private:
  std::shared_ptr<StreamServerEndpointService> serve(Reactor& reactor,
                                                     std::shared_ptr<Factory> factory) {
    auto service = std::make_shared<StreamServerEndpointService>(
        reactor, serverFromString(reactor, "tcp:0:interface=127.0.0.1"), std::move(factory));
    service->setServiceParent(application);
    return service;
  }
};

Task<std::string> finger(Reactor& reactor, const ListeningPort& port, std::string user) {
  Visitor visitor = co_await visit(reactor, port.getHost());
  co_await visitor.say(user);
  co_return co_await visitor.hear_all();
}

TEST_CASE("finger tells what it knows of a user, and what it was told by the other port") {
  COIL_CONTRACT(reactor);
  auto program = [&]() -> Task<void> {
    Finger server(*reactor);
    co_await server.application.privilegedStartService();
    co_await server.application.startService();
    const ListeningPort ask = *server.ask->port();
    const ListeningPort set = *server.set->port();
    std::string answer = co_await finger(*reactor, ask, "ada");
    CHECK(answer == "Happy and well\r\n");
    answer = co_await finger(*reactor, ask, "bob");
    CHECK(answer == "No such user\r\n");
    answer = co_await finger(*reactor, ask, "");
    CHECK(answer == "Internal error in server\r\n");

    Visitor setter = co_await visit(*reactor, set.getHost());
    co_await setter.say("bob");
    co_await setter.say("Out for lunch");
    setter.leave();
    while (answer != "Out for lunch\r\n") answer = co_await finger(*reactor, ask, "bob");

    co_await server.application.stopService();
    const auto refused = co_await as_result(TcpStream::connect(*reactor, ask.getHost()));
    CHECK(refused.error().failure().check<ConnectionRefusedError>());
  };
  run(*reactor, program());
}

}  // namespace
