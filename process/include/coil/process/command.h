// Command: which program a child process runs, and what it finds around it.
#pragma once

#include <coil/runtime/time_point.h>

#include <chrono>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coil {

// The variables of a process, by name.
using Environment = std::map<std::string, std::string>;

// Returns a copy of this process's own variables.
Environment current_environment();

// ChildDescriptor: what one descriptor of a child is connected to.
//
// Example (tests/examples/command_example.cpp, "descriptors"):
//
//   Command command("make");
//   command.set_descriptor(0, ChildDescriptor::null());
//   command.set_descriptor(1, 'r');                     // This side reads what it writes.
//   command.set_descriptor(2, ChildDescriptor::same_as(1));
//   command.set_descriptor(3, 'w');                     // This side writes what it reads.
//   command.set_descriptor(4, log_file);                // A descriptor of this process.
//
// Errors: std::invalid_argument for a letter other than 'r' and 'w', and a number below 0.
// Source: The values of Twisted's childFDs.
class ChildDescriptor {
 public:
  enum class Kind : unsigned char { read, write, duplicate, inherit, null, same };

  // 'r': a pipe that this side reads and the child writes; 'w': the other way round.
  ChildDescriptor(char direction);
  // A duplicate of a descriptor of this process, which stays open here.
  ChildDescriptor(int descriptor);
  // The one that has the same number in this process.
  static ChildDescriptor inherit() noexcept { return ChildDescriptor(Kind::inherit, -1); }
  // Nothing to read, and nobody who reads.
  static ChildDescriptor null() noexcept { return ChildDescriptor(Kind::null, -1); }
  // What another descriptor of the same child is: 2 like 1 is `2>&1`.
  static ChildDescriptor same_as(int descriptor) {
    return ChildDescriptor(Kind::same, ChildDescriptor(descriptor).descriptor());
  }

  Kind kind() const noexcept { return kind_; }
  int descriptor() const noexcept { return descriptor_; }

 private:
  ChildDescriptor(Kind kind, int descriptor) noexcept : kind_(kind), descriptor_(descriptor) {}

  Kind kind_;
  int descriptor_ = -1;
};

// What each descriptor of a child is, by its number there. All others are closed in the child.
using ChildDescriptors = std::map<int, ChildDescriptor>;

// Command: a program with its arguments, and how its process is set up.
//
// Example (tests/examples/command_example.cpp, "command"):
//
//   Command command("git", "log", "--oneline");
//   command.set_directory("/usr/src").set_variable("GIT_PAGER", "cat");
//   Process process = Process::spawn(reactor, command);
//
// Guarantees: A program without '/' in its name is looked for in the PATH of the child. Unless it
//             is said otherwise, the child has this process's variables, directory and user, its
//             descriptors 0, 1 and 2 are pipes to this side, and no other descriptor is open in it.
//             No signal is blocked in it or ignored. On Windows all texts are UTF-8, descriptors
//             are those of the C library, and a child has 0, 1 and 2 only; users are refused, and
//             so are batch files, which read their arguments as commands. Most programs there want
//             the variable SystemRoot.
class Command {
 public:
  template <std::convertible_to<std::string>... A>
  explicit Command(std::string what, A&&... with) : program(std::move(what)) {
    (arguments.emplace_back(std::forward<A>(with)), ...);
  }
  Command(std::string what, std::vector<std::string> with)
      : program(std::move(what)), arguments(std::move(with)) {}

  Command& add_argument(std::string value) {
    arguments.push_back(std::move(value));
    return *this;
  }
  // What the program is told that it is called; by default its name as it stands in the command.
  Command& set_name(std::string value) {
    name = std::move(value);
    return *this;
  }
  // Exactly these variables, instead of this process's own.
  Command& set_environment(Environment variables) {
    environment = std::move(variables);
    return *this;
  }
  // One variable more, or another value for it.
  Command& set_variable(const std::string& variable, std::string value);
  Command& remove_variable(const std::string& variable);
  Command& set_directory(std::string path) {
    directory = std::move(path);
    return *this;
  }
  // The user and group that the child runs as; its further groups are then those of that user.
  Command& set_user(unsigned id) {
    user = id;
    return *this;
  }
  Command& set_group(unsigned id) {
    group = id;
    return *this;
  }
  Command& set_descriptor(int number, ChildDescriptor what);
  // All of them at once, 0 to 2 included.
  Command& set_descriptors(const ChildDescriptors& all);
  Command& set_input(ChildDescriptor what) { return set_descriptor(0, what); }
  Command& set_output(ChildDescriptor what) { return set_descriptor(1, what); }
  Command& set_errors(ChildDescriptor what) { return set_descriptor(2, what); }
  // In a session of its own: it has no terminal, and Ctrl-C does not reach it.
  Command& set_new_session(bool value) {
    new_session = value;
    return *this;
  }
  // In a process group of its own, so that signals can be sent to it and all its children.
  Command& set_new_group(bool value) {
    new_group = value;
    return *this;
  }
  // How long a child that is given up may take to end after SIGTERM, before it is killed.
  Command& set_grace(Duration value) {
    grace = value;
    return *this;
  }

  std::string program;
  std::vector<std::string> arguments;
  std::optional<std::string> name;
  std::optional<Environment> environment;  // Nothing: this process's own.
  std::string directory;                   // Empty: this process's own.
  std::optional<unsigned> user;
  std::optional<unsigned> group;
  ChildDescriptors descriptors = {{0, 'w'}, {1, 'r'}, {2, 'r'}};
  bool new_session = false;
  bool new_group = false;
  Duration grace = std::chrono::seconds(5);
};

}  // namespace coil
