// Everything of coil::net.
#pragma once

#include <coil/net/address.h>
#include <coil/net/byte_stream.h>
#include <coil/net/datagram.h>
#include <coil/net/datagram_port.h>
#include <coil/net/ports.h>
#include <coil/net/producer.h>
#include <coil/net/protocol.h>
#include <coil/net/serve.h>
#include <coil/net/socket_options.h>
#include <coil/net/stream_algorithms.h>
#include <coil/net/tcp.h>
#include <coil/net/transport.h>
