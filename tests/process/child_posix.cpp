// The child that the process tests run: it does one thing, as its first argument says.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

void put(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(descriptor, text.data(), text.size());
    if (size < 0) std::_Exit(99);
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

void drain(int descriptor) {
  std::array<char, 4096> buffer;
  while (::read(descriptor, buffer.data(), buffer.size()) > 0) {
  }
}

void echo(int from, int to) {
  std::array<char, 65536> buffer;
  ssize_t size = 0;
  while ((size = ::read(from, buffer.data(), buffer.size())) > 0) {
    put(to, std::string_view(buffer.data(), static_cast<std::size_t>(size)));
  }
}

void list_descriptors() {
  std::vector<int> open;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    open.push_back(std::atoi(entry.path().filename().c_str()));
  }
  std::erase_if(open, [](int number) { return ::fcntl(number, F_GETFD) < 0; });
  std::sort(open.begin(), open.end());
  std::string text;
  for (const int number : open) text += std::to_string(number) + " ";
  put(1, text);
}

// The lines of a process's status that tell of its signals.
void list_signals() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("SigBlk:") || line.starts_with("SigIgn:")) put(1, line + "\n");
  }
}

// Writes so many bytes to both outputs, in turns, then ends by code, or by signal below 0.
int make_noise(std::size_t bytes, int code) {
  const std::string chunk(8192, 'x');
  for (std::size_t sent = 0; sent < bytes; sent += chunk.size()) {
    const std::size_t size = std::min(chunk.size(), bytes - sent);
    put(1, std::string_view(chunk).substr(0, size));
    put(2, std::string_view(chunk).substr(0, size));
  }
  if (code >= 0) return code;
  ::raise(-code);
  return 98;
}

// Leaves somebody behind who holds descriptor 1 until descriptor 3 ends.
int leave_grandchild() {
  if (::fork() != 0) return 0;
  ::close(0);
  ::close(2);
  drain(3);
  put(1, "late");
  return 0;
}

int be_stubborn() {
  std::signal(SIGTERM, SIG_IGN);
  put(1, "ready");
  for (;;) ::pause();
}

int answer_terminal() {
  std::string text;
  for (const int number : {0, 1, 2}) text += ::isatty(number) == 1 ? "tty " : "pipe ";
  text += ::open("/dev/tty", O_RDWR) >= 0 ? "controlling\n" : "none\n";
  put(2, text);
  char byte = 0;
  if (::read(0, &byte, 1) == 1) put(1, std::string("got ") + byte + "\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  const std::string what = argc > 1 ? arguments[1] : "";
  const auto number = [&](std::size_t index) { return std::atoi(arguments.at(index).c_str()); };
  if (what == "arguments") {
    for (const std::string& argument : arguments) put(1, "[" + argument + "]");
  } else if (what == "cat") {
    echo(0, 1);
  } else if (what == "copy") {
    echo(number(2), number(3));
  } else if (what == "say") {
    for (std::size_t at = 2; at + 1 < arguments.size(); at += 2) {
      put(number(at), arguments[at + 1]);
    }
  } else if (what == "exit") {
    return number(2);
  } else if (what == "raise") {
    ::raise(number(2));
    return 98;
  } else if (what == "variables") {
    for (char** entry = ::environ; *entry != nullptr; ++entry) put(1, std::string(*entry) + "\n");
  } else if (what == "descriptors") {
    list_descriptors();
  } else if (what == "signals") {
    list_signals();
  } else if (what == "noise") {
    return make_noise(static_cast<std::size_t>(number(2)), number(3));
  } else if (what == "grandchild") {
    return leave_grandchild();
  } else if (what == "stubborn") {
    return be_stubborn();
  } else if (what == "terminal") {
    return answer_terminal();
  } else if (what == "wait") {
    drain(0);
  } else if (what == "close") {
    ::close(number(2));
    drain(number(3));
  } else if (what == "forever") {
    put(1, "ready");
    for (;;) ::pause();
  } else if (what == "flood") {
    for (;;) put(1, std::string(4096, 'y'));
  } else if (what == "place") {
    std::array<char, 4096> path;
    if (::getcwd(path.data(), path.size()) != nullptr) put(1, path.data());
  } else if (what == "identity") {
    std::string text = std::to_string(::getuid()) + " " + std::to_string(::getgid());
    std::array<gid_t, 64> groups;
    const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
    put(1, text + " " + std::to_string(count));
  } else if (what == "session") {
    put(1, ::getsid(0) == ::getpid() ? "leads " : "follows ");
    put(1, ::getpgrp() == ::getpid() ? "leads" : "follows");
  } else {
    return 97;
  }
  return 0;
}
