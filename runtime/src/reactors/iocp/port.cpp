// The completion port.
//
// Windows has no documented call by which a port would tell that a socket is ready. There is one
// underneath: the request that select() makes of the driver of all sockets, which completes like
// any other. The event loops of Node and Rust rest on it too. It serves what has no overlapped call
// of its own here: datagrams, whose next one is then taken by a single call, sockets of somebody
// else, and those that another reactor's port completes, which Windows lets nobody change.
#include "port.h"

#include "../../native_error_windows.h"
#include "../../socket_calls_windows.h"

#include <coil/runtime/owned_handle.h>

#include <windows.h>
#include <winternl.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>

namespace coil::detail {

namespace {

// The driver's names for its request and for what it reports.
constexpr DWORD poll_request = 0x00012024;
constexpr ULONG receive_event = 0x0001;
constexpr ULONG send_event = 0x0004;
constexpr ULONG disconnect_event = 0x0008;
constexpr ULONG abort_event = 0x0010;
constexpr ULONG local_close_event = 0x0020;
constexpr ULONG accept_event = 0x0080;
constexpr ULONG connect_fail_event = 0x0100;
constexpr ULONG read_events = receive_event | disconnect_event | abort_event | local_close_event |
                              accept_event | connect_fail_event;
constexpr ULONG write_events = send_event | abort_event | local_close_event | connect_fail_event;

[[noreturn]] void fail(const char* what) { throw SystemError(last_windows_error(), what); }

[[noreturn]] void fail_with_status(NTSTATUS status, const char* what) {
  const int number = error_number_of_status(static_cast<unsigned long>(status));
  throw SystemError(system_error_code(number), what);
}

HANDLE open_poller() {
  static wchar_t text[] = L"\\Device\\Afd\\coil";
  UNICODE_STRING name = {};
  name.Length = sizeof text - sizeof(wchar_t);
  name.MaximumLength = sizeof text;
  name.Buffer = text;
  OBJECT_ATTRIBUTES attributes = {};
  attributes.Length = sizeof attributes;
  attributes.ObjectName = &name;
  IO_STATUS_BLOCK answer = {};
  HANDLE opened = INVALID_HANDLE_VALUE;
  const NTSTATUS status =
      ::NtCreateFile(&opened, SYNCHRONIZE, &attributes, &answer, nullptr, 0,
                     FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, 0, nullptr, 0);
  if (status < 0) fail_with_status(status, "open \\Device\\Afd");
  return opened;
}

template <class Function>
void find_extension(SOCKET socket, GUID id, Function& function) {
  DWORD size = 0;
  if (::WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof id, &function,
                 sizeof function, &size, nullptr, nullptr) != 0) {
    fail("WSAIoctl: AcceptEx, ConnectEx");
  }
}

Extensions find_extensions() {
  start_winsock();
  const SOCKET socket = ::WSASocketW(AF_INET, SOCK_STREAM, 0, nullptr, 0, WSA_FLAG_OVERLAPPED);
  if (socket == INVALID_SOCKET) fail("socket");
  const OwnedHandle owner(handle_of(socket));
  Extensions found;
  find_extension(socket, WSAID_ACCEPTEX, found.accept);
  find_extension(socket, WSAID_CONNECTEX, found.connect);
  return found;
}

// What the driver knows the socket by: layers above may have given it another name.
SOCKET base_of(SOCKET socket) noexcept {
  SOCKET base = INVALID_SOCKET;
  DWORD size = 0;
  const int status =
      ::WSAIoctl(socket, SIO_BASE_HANDLE, nullptr, 0, &base, sizeof base, &size, nullptr, nullptr);
  return status == 0 ? base : INVALID_SOCKET;
}

// Why a handle cannot be polled. One that is open and no socket is a mistake of the caller's.
std::int64_t refusal(NativeHandle native, int number) noexcept {
  DWORD flags = 0;
  const auto handle = reinterpret_cast<HANDLE>(native.value());
  const bool open = number == EBADF && ::GetHandleInformation(handle, &flags) != 0;
  return open ? outcome::from_errc(Errc::not_supported) : outcome::from_system_error(number);
}

// Requests that succeed at once are done: the port is not told.
bool skip_immediate_success(HANDLE handle) noexcept {
  return ::SetFileCompletionNotificationModes(
             handle, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE) != 0;
}

}  // namespace

Port::Port() : extensions_(find_extensions()) {
  port_ = ::CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1);
  if (port_ == nullptr) fail("CreateIoCompletionPort");
  try {
    poller_ = open_poller();
    if (::CreateIoCompletionPort(poller_, port_, 0, 0) == nullptr) fail("CreateIoCompletionPort");
  } catch (...) {
    if (poller_ != INVALID_HANDLE_VALUE) ::CloseHandle(poller_);
    ::CloseHandle(port_);
    throw;
  }
}

Port::~Port() {
  ::CloseHandle(poller_);
  ::CloseHandle(port_);
}

HandleNote Port::adopt(NativeHandle native, HandleKind kind) noexcept {
  HandleNote note = {0, Service::polled, false, false};
  if (kind == HandleKind::foreign) return note;
  const auto handle = reinterpret_cast<HANDLE>(native.value());
  if (kind == HandleKind::pipe) {
    const bool ours = ::CreateIoCompletionPort(handle, port_, 0, 0) != nullptr;
    // Not if its calls block, or another port has it already.
    note.service = ours && skip_immediate_success(handle) ? Service::overlapped : Service::blocking;
    return note;
  }
  // A call that was not to wait must not, whoever made the socket.
  make_nonblocking(socket_of(native));
  WSAPROTOCOL_INFOW info = {};
  int size = sizeof info;
  if (::getsockopt(socket_of(native), SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info),
                   &size) != 0) {
    return note;
  }
  note.local = info.iAddressFamily == AF_UNIX;
  note.version_6 = info.iAddressFamily == AF_INET6;
  // A provider that only wraps another's sockets reports some successes twice.
  const bool plain = (info.dwServiceFlags1 & XP1_IFS_HANDLES) != 0;
  if (!plain || note.local || info.iSocketType != SOCK_STREAM) return note;
  const bool ours = ::CreateIoCompletionPort(handle, port_, 0, 0) != nullptr;
  if (ours && skip_immediate_success(handle)) note.service = Service::overlapped;
  return note;
}

Attempt Port::poll(HandleSlot& slot, Direction side, Request& request) noexcept {
  const SOCKET base = base_of(socket_of(slot.native()));
  if (base == INVALID_SOCKET) return refusal(slot.native(), EBADF);
  request.waiting = Waiting::ready;
  Polling& polling = request.polling;
  polling = {};
  polling.timeout.QuadPart = std::numeric_limits<std::int64_t>::max();
  polling.count = 1;
  polling.socket = reinterpret_cast<HANDLE>(base);
  polling.events = side == Direction::read ? read_events : write_events;
  if (::DeviceIoControl(poller_, poll_request, &polling, sizeof polling, &polling, sizeof polling,
                        nullptr, &request) != 0) {
    return std::nullopt;  // The port tells that too.
  }
  const DWORD error = ::GetLastError();
  if (error == ERROR_IO_PENDING) return std::nullopt;
  return refusal(slot.native(), error_number(error));
}

bool Port::was_closed(const Request& request) noexcept {
  return request.polling.count != 0 && (request.polling.events & local_close_event) != 0;
}

// It may have ended meanwhile, and its packet be on the way: then there is nothing to cancel.
void Port::cancel(HandleSlot& slot, Request& request) noexcept {
  const auto own = reinterpret_cast<HANDLE>(slot.native().value());
  ::CancelIoEx(request.waiting == Waiting::ready ? poller_ : own, &request);
}

void Port::wait(std::optional<Duration> at_most) noexcept {
  if (taken_ != count_) return;
  DWORD limit = INFINITE;
  if (at_most) {
    // Rounded up: waking before the time would only make the loop turn in vain until it comes.
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(*at_most).count();
    limit = static_cast<DWORD>(std::clamp<std::int64_t>(whole, 0, INFINITE - 1));
  }
  taken_ = count_ = 0;
  ULONG count = 0;
  if (::GetQueuedCompletionStatusEx(port_, came_.data(), batch, &count, limit, FALSE) != 0) {
    count_ = count;
  }
}

bool Port::next(Packet& packet) noexcept {
  if (taken_ == count_) return false;
  const OVERLAPPED_ENTRY& entry = came_[taken_++];
  packet.request = static_cast<Request*>(entry.lpOverlapped);
  packet.status =
      packet.request == nullptr ? 0 : static_cast<unsigned long>(packet.request->Internal);
  packet.bytes = entry.dwNumberOfBytesTransferred;
  return true;
}

void Port::post(Request& request) noexcept { ::PostQueuedCompletionStatus(port_, 0, 0, &request); }

void Port::wake() noexcept { ::PostQueuedCompletionStatus(port_, 0, 0, nullptr); }

}  // namespace coil::detail
