// Spawning on POSIX systems: the parent's side of it.
#include "spawn_posix.h"

#include "child_calls.h"
#include "native_child_posix.h"

#include <coil/process/exit_status.h>
#include <coil/runtime/error.h>

#include "child_script.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace coil::detail {

namespace {

constexpr const char* usual_path = "/bin:/usr/bin";

void require_no_nul(const std::string& text, const char* what) {
  if (text.find('\0') != std::string::npos) {
    throw std::invalid_argument(std::string(what) + " of a command contains a zero byte");
  }
}

std::string joined(std::string first, char between, const std::string& last) {
  first += between;
  first += last;
  return first;
}

std::vector<std::string> variables_of(const Environment& environment) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) {
    if (name.empty() || name.find('=') != std::string::npos) {
      throw std::invalid_argument("'" + name + "' cannot be the name of a variable");
    }
    require_no_nul(name, "a variable");
    require_no_nul(value, "a variable");
    variables.push_back(joined(name, '=', value));
  }
  return variables;
}

// Where a shell would look for the program, in its order.
std::vector<std::string> candidates_of(const std::string& program, const Environment& environment) {
  if (program.find('/') != std::string::npos) return {program};
  const auto given = environment.find("PATH");
  std::string_view path = given == environment.end() ? usual_path : std::string_view(given->second);
  std::vector<std::string> candidates;
  for (;;) {
    const std::size_t end = path.find(':');
    const std::string folder(path.substr(0, end));
    candidates.push_back(folder.empty() ? program : joined(folder, '/', program));
    if (end == std::string_view::npos) return candidates;
    path.remove_prefix(end + 1);
  }
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// All that the script of a child refers to.
class Preparation {
 public:
  Preparation(const Command& command, SpawnFailure failure) {
    const Environment environment =
        command.environment ? *command.environment : current_environment();
    if (command.program.empty()) throw std::invalid_argument("a command names no program");
    require_no_nul(command.program, "the program");
    require_no_nul(command.directory, "the directory");
    candidates_ = candidates_of(command.program, environment);
    arguments_.push_back(command.name.value_or(command.program));
    arguments_.insert(arguments_.end(), command.arguments.begin(), command.arguments.end());
    for (const std::string& argument : arguments_) require_no_nul(argument, "an argument");
    variables_ = variables_of(environment);
    directory_ = command.directory;
    complaint_ = "coil: cannot run '" + command.program + "': ";
    candidate_pointers_ = pointers_to(candidates_);
    argument_pointers_ = pointers_to(arguments_);
    variable_pointers_ = pointers_to(variables_);
    script.candidates = candidate_pointers_.data();
    script.arguments = argument_pointers_.data();
    script.variables = variable_pointers_.data();
    if (!directory_.empty()) script.directory = directory_.c_str();
    script.new_session = command.new_session;
    script.new_group = command.new_group;
    if (failure == SpawnFailure::is_complaint) script.complaint = complaint_.c_str();
    prepare_user(command);
  }
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  void set_moves(std::vector<DescriptorMove> moves) {
    moves_ = std::move(moves);
    std::sort(moves_.begin(), moves_.end(),
              [](const auto& one, const auto& other) { return one.target < other.target; });
    script.moves = moves_.data();
    script.move_count = moves_.size();
  }
  const std::string& complaint() const noexcept { return complaint_; }

  ChildScript script;

 private:
  // The further groups of a user are in a data base, which only the parent can read.
  void prepare_user(const Command& command) {
    if (!command.user && !command.group) return;
    script.switches_user = true;
    script.user = command.user.value_or(::geteuid());
    script.group = command.group.value_or(::getegid());
    groups_ = groups_of(script.user, script.group);
    script.groups = groups_.data();
    script.group_count = groups_.size();
  }
  static std::vector<unsigned> groups_of(unsigned user, unsigned group) {
    std::array<char, 16 * 1024> buffer;
    passwd entry{};
    passwd* found = nullptr;
    ::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found);
    std::vector<unsigned> groups(1, group);
    if (found == nullptr) return groups;
    int count = 64;
    do {
      groups.resize(static_cast<std::size_t>(count));
    } while (list_groups(found->pw_name, group, groups.data(), count) < 0);
    groups.resize(static_cast<std::size_t>(count));
    return groups;
  }

  std::vector<std::string> candidates_;
  std::vector<std::string> arguments_;
  std::vector<std::string> variables_;
  std::string directory_;
  std::string complaint_;
  std::vector<char*> candidate_pointers_;
  std::vector<char*> argument_pointers_;
  std::vector<char*> variable_pointers_;
  std::vector<unsigned> groups_;
  std::vector<DescriptorMove> moves_;
};

// The descriptors of a child: this side's ends, its own ends, and what goes where.
class Descriptors {
 public:
  explicit Descriptors(const ChildDescriptors& wanted) {
    for (const auto& [number, what] : wanted) add(number, what);
    for (const auto& [number, what] : wanted) {
      if (what.kind() == ChildDescriptor::Kind::same) add_same(number, what.descriptor());
    }
  }

  std::vector<DescriptorMove> moves;
  std::vector<ParentEnd> ends;

 private:
  using Kind = ChildDescriptor::Kind;

  void add(int number, const ChildDescriptor& what) {
    switch (what.kind()) {
      case Kind::read:
      case Kind::write:
        add_pipe(number, what.kind() == Kind::read);
        return;
      case Kind::duplicate:
        moves.push_back({what.descriptor(), number});
        return;
      case Kind::inherit:
        moves.push_back({number, number});
        return;
      case Kind::null:
        add_own(number, OwnedDescriptor(::open("/dev/null", O_RDWR | O_CLOEXEC)));
        return;
      case Kind::same:
        return;  // When the other one is known.
    }
  }
  void add_pipe(int number, bool reads) {
    PipeEnds pipe = open_pipe();
    OwnedDescriptor& mine = reads ? pipe.reading : pipe.writing;
    set_non_blocking(mine.get());
    ends.push_back({number, reads, OwnedHandle(NativeHandle(mine.release()))});
    add_own(number, std::move(reads ? pipe.writing : pipe.reading));
  }
  void add_own(int number, OwnedDescriptor own) {
    if (!own.valid()) throw SystemError(system_error_code(errno), "/dev/null");
    moves.push_back({own.get(), number});
    owned_.push_back(std::move(own));
  }
  void add_same(int number, int other) {
    for (const DescriptorMove& move : moves) {
      if (move.target != other) continue;
      moves.push_back({move.source, number});
      return;
    }
    throw std::invalid_argument("descriptor " + std::to_string(number) +
                                " of a command is to be the same as one that it has not");
  }

  std::vector<OwnedDescriptor> owned_;  // The child's ends: closed here when it has them.
};

struct Report {
  SpawnStep step;
  int error;
};

// The child has executed its program, and so closed the pipe, or has failed: nothing blocks.
std::optional<Report> read_report(PipeEnds& pipe) {
  pipe.writing.close();
  set_non_blocking(pipe.reading.get());
  Report report{};
  if (::read(pipe.reading.get(), &report, sizeof report) != sizeof report) return std::nullopt;
  return report;
}

void reap_failed(int pid) noexcept {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

// Whether descriptors of processes are to be used at all.
bool uses_pidfd() noexcept {
  const char* const wish = std::getenv("COIL_CHILD_WATCHER");
  return wish == nullptr || std::string_view(wish) != "sigchld";
}

SpawnedChild run_script(Preparation& prepared) {
  std::optional<PipeEnds> pipe;
  if (prepared.script.complaint == nullptr) {
    pipe = open_pipe();
    prepared.script.report = pipe->writing.get();
  }
  const Started started = start_child(prepared.script, uses_pidfd());
  if (started.pid < 0) {
    throw SystemError(system_error_code(started.error),
                      prepared.complaint() + spawn_step_text(SpawnStep::start));
  }
  OwnedDescriptor pidfd(started.pidfd);
  SpawnedChild child;
  child.native = std::make_unique<PosixChild>(started.pid, std::move(pidfd));
  if (!pipe) return child;
  if (const std::optional<Report> report = read_report(*pipe)) {
    reap_failed(started.pid);
    throw SystemError(system_error_code(report->error),
                      prepared.complaint() + spawn_step_text(report->step));
  }
  return child;
}

}  // namespace

const char* spawn_step_text(SpawnStep step) noexcept {
  switch (step) {
    case SpawnStep::start:
      return "start a process";
    case SpawnStep::session:
      return "make a session or a process group";
    case SpawnStep::descriptors:
      return "set up the descriptors";
    case SpawnStep::terminal:
      return "take the terminal";
    case SpawnStep::directory:
      return "change the directory";
    case SpawnStep::user:
      return "change the user";
    case SpawnStep::execute:
      return "execute the program";
  }
  return "";
}

SpawnedChild spawn_child(const Command& command, SpawnFailure failure) {
  Preparation prepared(command, failure);
  Descriptors descriptors(command.descriptors);
  prepared.set_moves(std::move(descriptors.moves));
  SpawnedChild child = run_script(prepared);
  child.ends = std::move(descriptors.ends);
  return child;
}

SpawnedChild spawn_on_terminal(const Command& command, SpawnFailure failure, int slave) {
  Preparation prepared(command, failure);
  prepared.set_moves({{slave, 0}, {slave, 1}, {slave, 2}});
  prepared.script.new_session = true;
  prepared.script.takes_terminal = true;
  return run_script(prepared);
}

}  // namespace coil::detail
