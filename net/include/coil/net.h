// Everything of coil::net.
#pragma once

#include <coil/net/address.h>
#include <coil/net/byte_stream.h>
#include <coil/net/connector.h>
#include <coil/net/datagram.h>
#include <coil/net/endpoint.h>
#include <coil/net/endpoint_strings.h>
#include <coil/net/file_sender.h>
#include <coil/net/frame_parser.h>
#include <coil/net/framed_reads.h>
#include <coil/net/line_parser.h>
#include <coil/net/line_receiver.h>
#include <coil/net/ports.h>
#include <coil/net/producer.h>
#include <coil/net/protocol.h>
#include <coil/net/reconnecting_client_factory.h>
#include <coil/net/serve.h>
#include <coil/net/socket_options.h>
#include <coil/net/stream_algorithms.h>
#include <coil/net/string_receiver.h>
#include <coil/net/tcp.h>
#include <coil/net/transport.h>
