// Everything of coil::net.
#pragma once

#include <coil/net/address.h>
#include <coil/net/byte_stream.h>
#include <coil/net/connection_limits.h>
#include <coil/net/datagram.h>
#include <coil/net/port_watcher.h>
#include <coil/net/ports.h>
#include <coil/net/producer.h>
#include <coil/net/protocol.h>
#include <coil/net/protocol_wrapper.h>
#include <coil/net/serve.h>
#include <coil/net/socket_options.h>
#include <coil/net/stream_algorithms.h>
#include <coil/net/tcp.h>
#include <coil/net/throttling.h>
#include <coil/net/timeout_mixin.h>
#include <coil/net/token_bucket.h>
#include <coil/net/traffic_log.h>
#include <coil/net/transport.h>
