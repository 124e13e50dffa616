// libuv's echo server: callbacks, one buffer shared by all connections because libuv asks for it
// right before each read, and a write that is tried at once.
#include <uv.h>

#include <vector>

#include "peer_server.h"

namespace {

constexpr std::size_t buffer_size = 64 * 1024;
char shared_buffer[buffer_size];

// What the peer did not take at once, until it has gone out.
struct PendingWrite {
  uv_write_t request{};
  std::vector<char> bytes;
};

void close_connection(uv_handle_t* handle) {
  if (uv_is_closing(handle) != 0) return;
  uv_close(handle, [](uv_handle_t* closed) { delete reinterpret_cast<uv_tcp_t*>(closed); });
}

void lend_buffer(uv_handle_t*, std::size_t, uv_buf_t* buffer) {
  *buffer = uv_buf_init(shared_buffer, buffer_size);
}

void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
  if (size < 0) {
    close_connection(reinterpret_cast<uv_handle_t*>(stream));
    return;
  }
  if (size == 0) return;
  uv_buf_t out = uv_buf_init(buffer->base, static_cast<unsigned>(size));
  int sent = uv_try_write(stream, &out, 1);
  if (sent == size) return;
  if (sent < 0) sent = 0;
  auto* pending = new PendingWrite();
  pending->bytes.assign(buffer->base + sent, buffer->base + size);
  pending->request.data = pending;
  out = uv_buf_init(pending->bytes.data(), static_cast<unsigned>(pending->bytes.size()));
  uv_write(&pending->request, stream, &out, 1,
           [](uv_write_t* request, int) { delete static_cast<PendingWrite*>(request->data); });
}

void on_connection(uv_stream_t* listener, int status) {
  if (status < 0) return;
  auto* connection = new uv_tcp_t();
  uv_tcp_init(listener->loop, connection);
  auto* stream = reinterpret_cast<uv_stream_t*>(connection);
  if (uv_accept(listener, stream) != 0) {
    close_connection(reinterpret_cast<uv_handle_t*>(connection));
    return;
  }
  uv_read_start(stream, &lend_buffer, &on_read);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint16_t port = peer::parse_port(argc, argv, "libuv", uv_version_string());
  uv_loop_t* loop = uv_default_loop();
  uv_signal_t stop;
  uv_signal_init(loop, &stop);
  uv_signal_start(&stop, [](uv_signal_t* signal, int) { uv_stop(signal->loop); }, SIGTERM);
  uv_tcp_t listener;
  uv_tcp_init(loop, &listener);
  uv_tcp_open(&listener, peer::listen_on_loopback(port, SOCK_NONBLOCK));
  uv_listen(reinterpret_cast<uv_stream_t*>(&listener), 4096, &on_connection);
  uv_run(loop, UV_RUN_DEFAULT);
}
