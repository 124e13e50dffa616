// Protocols that speak in netstrings.
#include <coil/net/string_receiver.h>

namespace coil {

void NetstringReceiver::sendString(ConstBytes text) { transport().write(to_netstring(text)); }

bool NetstringReceiver::deliver_one() {
  if (const std::optional<ConstBytes> text = parser().pop()) {
    stringReceived(*text);
    return true;
  }
  if (broken_peer()) transport().loseConnection();
  return false;
}

}  // namespace coil
