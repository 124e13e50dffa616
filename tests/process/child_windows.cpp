// The child that the process tests run on Windows: it does one thing, as its first argument says.
#include <fcntl.h>
#include <io.h>
#include <windows.h>

#include <shellapi.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

void put(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const int size = ::_write(descriptor, text.data(), static_cast<unsigned>(text.size()));
    if (size <= 0) std::_Exit(99);
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

void echo(int from, int to) {
  std::vector<char> buffer(65536);
  int size = 0;
  while ((size = ::_read(from, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0) {
    put(to, std::string_view(buffer.data(), static_cast<std::size_t>(size)));
  }
}

void drain(int descriptor) {
  std::array<char, 4096> buffer;
  while (::_read(descriptor, buffer.data(), static_cast<unsigned>(buffer.size())) > 0) {
  }
}

std::string utf8(std::wstring_view text) {
  std::string bytes(text.size() * 3, '\0');
  const int size =
      ::WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), bytes.data(),
                            static_cast<int>(bytes.size()), nullptr, nullptr);
  bytes.resize(static_cast<std::size_t>(std::max(size, 0)));
  return bytes;
}

// As any program of Windows gets them.
std::vector<std::string> arguments_of_process() {
  int count = 0;
  wchar_t** const words = ::CommandLineToArgvW(::GetCommandLineW(), &count);
  std::vector<std::string> arguments;
  for (int at = 0; at < count; ++at) arguments.push_back(utf8(words[at]));
  ::LocalFree(words);
  return arguments;
}

// What wine gives every program, whoever starts it.
bool is_of_wine(std::string_view variable) {
  return variable.starts_with("WINE") || variable.starts_with("System");
}

void list_variables() {
  wchar_t* const block = ::GetEnvironmentStringsW();
  for (const wchar_t* entry = block; *entry != 0; entry += std::wcslen(entry) + 1) {
    const std::string variable = utf8(entry);
    if (!variable.starts_with("=") && !is_of_wine(variable)) put(1, variable + "\n");
  }
  ::FreeEnvironmentStringsW(block);
}

// Writes so many bytes to both outputs, in turns, then ends by code.
int make_noise(std::size_t bytes, int code) {
  const std::string chunk(8192, 'x');
  for (std::size_t sent = 0; sent < bytes; sent += chunk.size()) {
    const std::size_t size = std::min(chunk.size(), bytes - sent);
    put(1, std::string_view(chunk).substr(0, size));
    put(2, std::string_view(chunk).substr(0, size));
  }
  return code;
}

std::wstring own_path() {
  std::array<wchar_t, MAX_PATH> path = {};
  ::GetModuleFileNameW(nullptr, path.data(), MAX_PATH);
  return path.data();
}

// Starts somebody who holds descriptor 1 until descriptor 0 ends, and tells his number.
void start_grandchild() {
  STARTUPINFOW start = {};
  start.cb = sizeof start;
  start.dwFlags = STARTF_USESTDHANDLES;
  start.hStdInput = reinterpret_cast<HANDLE>(::_get_osfhandle(0));
  start.hStdOutput = reinterpret_cast<HANDLE>(::_get_osfhandle(1));
  ::SetHandleInformation(reinterpret_cast<HANDLE>(::_get_osfhandle(2)), HANDLE_FLAG_INHERIT, 0);
  std::wstring line = L"child late";
  PROCESS_INFORMATION made = {};
  if (::CreateProcessW(own_path().c_str(), line.data(), nullptr, nullptr, TRUE, 0, nullptr, nullptr,
                       &start, &made) == 0) {
    std::_Exit(96);
  }
  put(2, std::to_string(made.dwProcessId));
}

int stay(std::string_view word) {
  put(1, word);
  ::Sleep(INFINITE);
  return 0;
}

}  // namespace

int main() {
  for (const int number : {0, 1, 2}) ::_setmode(number, _O_BINARY);
  const std::vector<std::string> arguments = arguments_of_process();
  const std::string what = arguments.size() > 1 ? arguments[1] : "";
  const auto number = [&](std::size_t index) { return std::atoi(arguments.at(index).c_str()); };
  if (what == "arguments") {
    for (const std::string& argument : arguments) put(1, "[" + argument + "]");
  } else if (what == "cat") {
    echo(0, 1);
  } else if (what == "say") {
    for (std::size_t at = 2; at + 1 < arguments.size(); at += 2) {
      put(number(at), arguments[at + 1]);
    }
  } else if (what == "exit") {
    return number(2);
  } else if (what == "crash") {
    // As the system ends who reads where nothing is, but without a debugger that looks at it.
    ::TerminateProcess(::GetCurrentProcess(), static_cast<UINT>(EXCEPTION_ACCESS_VIOLATION));
  } else if (what == "variables") {
    list_variables();
  } else if (what == "has handle") {
    DWORD flags = 0;
    const auto handle =
        reinterpret_cast<HANDLE>(std::strtoull(arguments.at(2).c_str(), nullptr, 10));
    return ::GetHandleInformation(handle, &flags) != 0 ? 1 : 0;
  } else if (what == "noise") {
    return make_noise(static_cast<std::size_t>(number(2)), number(3));
  } else if (what == "grandchild") {
    start_grandchild();
  } else if (what == "family") {
    start_grandchild();
    return stay("ready");
  } else if (what == "late") {
    drain(0);
    put(1, "late");
  } else if (what == "wait") {
    drain(0);
  } else if (what == "close") {
    ::_close(number(2));
    return stay("closed");
  } else if (what == "forever" || what == "stubborn") {
    return stay("ready");
  } else if (what == "flood") {
    for (;;) put(1, std::string(4096, 'y'));
  } else if (what == "place") {
    std::array<wchar_t, 4096> path;
    const DWORD size = ::GetCurrentDirectoryW(static_cast<DWORD>(path.size()), path.data());
    put(1, utf8(std::wstring_view(path.data(), size)));
  } else {
    return 97;
  }
  return 0;
}
