// Spawning on Windows: a command line, a block of variables, and the handles that are inherited.
#include "command_line_windows.h"
#include "native_child_windows.h"
#include "spawn.h"
#include "text_windows.h"

#include <coil/process/exit_status.h>
#include <coil/runtime/detail/windows_error.h>
#include <coil/runtime/error.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coil::detail {

namespace {

constexpr const char* step_directory = "change the directory";
constexpr const char* step_descriptors = "set up the descriptors";
constexpr const char* step_execute = "execute the program";

// A step that failed before there was a child.
struct Failed {
  const char* step;
  DWORD code;
};

std::wstring text_of(const std::string& text, const char* what) {
  if (text.find('\0') != std::string::npos) {
    throw std::invalid_argument(std::string(what) + " of a command contains a zero byte");
  }
  return to_wide(text, what);
}

bool less_than(const std::wstring& one, const std::wstring& other) noexcept {
  return ::CompareStringOrdinal(one.data(), static_cast<int>(one.size()), other.data(),
                                static_cast<int>(other.size()), TRUE) == CSTR_LESS_THAN;
}

// The system wants them in the order of their names, and an empty entry at the end.
std::wstring block_of(const Environment& environment) {
  std::vector<std::pair<std::wstring, std::wstring>> variables;
  for (const auto& [name, value] : environment) {
    if (name.empty() || name.find('=') != std::string::npos) {
      throw std::invalid_argument("'" + name + "' cannot be the name of a variable");
    }
    variables.emplace_back(text_of(name, "a variable"), text_of(value, "a variable"));
  }
  std::sort(variables.begin(), variables.end(),
            [](const auto& one, const auto& other) { return less_than(one.first, other.first); });
  std::wstring block;
  for (std::size_t at = 0; at < variables.size(); ++at) {
    const auto& [name, value] = variables[at];
    if (at != 0 && !less_than(variables[at - 1].first, name)) {
      throw std::invalid_argument("'" + to_utf8(name) + "' is there twice, in another case");
    }
    block += name + L'=' + value + L'\0';
  }
  if (block.empty()) block += L'\0';
  return block + L'\0';
}

bool is_program(const std::filesystem::path& path) {
  const DWORD attributes = ::GetFileAttributesW(path.c_str());
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
}

// A path as it stands, then with the ending that programs have.
std::optional<std::wstring> found_at(const std::filesystem::path& path) {
  for (const wchar_t* ending : {L"", L".exe"}) {
    std::filesystem::path each = path;
    each += ending;
    if (is_program(each)) return each.wstring();
  }
  return std::nullopt;
}

// The folders of the child's PATH, in their order.
std::vector<std::wstring> folders_of(const Environment& environment) {
  std::vector<std::wstring> folders;
  for (const auto& [name, value] : environment) {
    if (less_than(text_of(name, "a variable"), L"PATH") ||
        less_than(L"PATH", text_of(name, "a variable"))) {
      continue;
    }
    const std::wstring path = text_of(value, "a variable");
    for (std::size_t begin = 0; begin <= path.size();) {
      const std::size_t end = std::min(path.find(L';', begin), path.size());
      std::wstring folder = path.substr(begin, end - begin);
      std::erase(folder, L'"');
      if (!folder.empty()) folders.push_back(std::move(folder));
      begin = end + 1;
    }
  }
  return folders;
}

// The system itself would look beside this program and in its own folders first.
std::optional<std::wstring> find_program(const std::wstring& program, const std::wstring& directory,
                                         const Environment& environment) {
  const std::filesystem::path base = std::filesystem::absolute(
      directory.empty() ? std::filesystem::path(L".") : std::filesystem::path(directory));
  if (program.find_first_of(L"/\\:") != std::wstring::npos) return found_at(base / program);
  for (const std::wstring& folder : folders_of(environment)) {
    if (auto found = found_at(base / folder / program)) return found;
  }
  return std::nullopt;
}

// The system would start cmd.exe for it, which reads what is quoted for a program as commands.
void refuse_batch_file(const std::wstring& program) {
  std::wstring name = program;
  while (!name.empty() && (name.back() == L'.' || name.back() == L' ')) name.pop_back();
  const std::wstring ending = std::filesystem::path(name).extension().wstring();
  for (const std::wstring batch : {L".bat", L".cmd"}) {
    if (less_than(ending, batch) || less_than(batch, ending)) continue;
    throw std::invalid_argument("'" + to_utf8(program) +
                                "' is a batch file, which reads its arguments as commands: run "
                                "cmd.exe, and quote for it");
  }
}

// What each of a child's descriptors is.
class ChildHandles {
 public:
  explicit ChildHandles(const ChildDescriptors& wanted) {
    for (const auto& [number, what] : wanted) {
      if (number > 2) {
        refuse("descriptor " + std::to_string(number) +
               " of a command: on Windows a child has 0, 1 and 2 only");
      }
      add(number, what);
    }
    for (const auto& [number, what] : wanted) {
      if (what.kind() == ChildDescriptor::Kind::same) add_same(number, what.descriptor());
    }
  }

  HANDLE of(int number) const noexcept { return standard_[static_cast<std::size_t>(number)]; }
  // Each of them once: the system refuses a list with doubles.
  std::vector<HANDLE> all() const {
    std::vector<HANDLE> handles;
    for (const OwnedHandle& each : owned_) handles.push_back(get(each));
    return handles;
  }
  const std::optional<Failed>& failure() const noexcept { return failure_; }

  std::vector<ParentEnd> ends;

 private:
  using Kind = ChildDescriptor::Kind;

  void add(int number, const ChildDescriptor& what) {
    switch (what.kind()) {
      case Kind::read:
      case Kind::write: {
        const bool reads = what.kind() == Kind::read;
        ChildPipe pipe = open_child_pipe(reads);
        ends.push_back({number, reads, std::move(pipe.ours)});
        add_own(number, std::move(pipe.childs));
        return;
      }
      case Kind::duplicate:
        add_copy(number, what.descriptor());
        return;
      case Kind::inherit:
        add_copy(number, number);
        return;
      case Kind::null:
        add_own(number, open_null());
        return;
      case Kind::same:
        return;  // When the other one is known.
    }
  }
  void add_own(int number, OwnedHandle handle) {
    standard_[static_cast<std::size_t>(number)] = get(handle);
    owned_.push_back(std::move(handle));
  }
  void add_copy(int number, int descriptor) {
    const HANDLE handle = handle_of(descriptor);
    if (handle == INVALID_HANDLE_VALUE) {
      failure_ = {step_descriptors, ERROR_INVALID_HANDLE};
    } else {
      add_own(number, inheritable_copy(handle));
    }
  }
  void add_same(int number, int other) {
    if (other > 2 || of(other) == nullptr) {
      throw std::invalid_argument("descriptor " + std::to_string(number) +
                                  " of a command is to be the same as one that it has not");
    }
    standard_[static_cast<std::size_t>(number)] = of(other);
  }

  std::array<HANDLE, 3> standard_ = {};
  std::vector<OwnedHandle> owned_;  // Closed here when the child has them.
  std::optional<Failed> failure_;
};

// The list of handles that a child inherits, whatever else this process has.
class InheritanceList {
 public:
  explicit InheritanceList(std::vector<HANDLE> handles) : handles_(std::move(handles)) {
    SIZE_T size = 0;
    ::InitializeProcThreadAttributeList(nullptr, 1, 0, &size);
    memory_.resize(size);
    if (::InitializeProcThreadAttributeList(get(), 1, 0, &size) == 0) throw_last("attributes");
    if (handles_.empty()) return;
    if (::UpdateProcThreadAttribute(get(), 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles_.data(),
                                    handles_.size() * sizeof(HANDLE), nullptr, nullptr) == 0) {
      ::DeleteProcThreadAttributeList(get());
      throw_last("attributes");
    }
  }
  InheritanceList(const InheritanceList&) = delete;
  InheritanceList& operator=(const InheritanceList&) = delete;
  ~InheritanceList() { ::DeleteProcThreadAttributeList(get()); }

  LPPROC_THREAD_ATTRIBUTE_LIST get() noexcept {
    return reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(memory_.data());
  }
  BOOL inherits() const noexcept { return handles_.empty() ? FALSE : TRUE; }

 private:
  std::vector<HANDLE> handles_;
  std::vector<unsigned char> memory_;
};

// A job whose processes end when its last handle goes, also by the crash of this process.
OwnedHandle make_job() {
  const HANDLE made = ::CreateJobObjectW(nullptr, nullptr);
  if (made == nullptr) throw_last("job");
  OwnedHandle job = owned(made);
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {};
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
  if (::SetInformationJobObject(made, JobObjectExtendedLimitInformation, &limits, sizeof limits) ==
      0) {
    throw_last("job");
  }
  return job;
}

// A command in the words of the system.
class Preparation {
 public:
  explicit Preparation(const Command& command)
      : environment_(command.environment ? *command.environment : current_environment()),
        program_(text_of(command.program, "the program")),
        directory_(text_of(command.directory, "the directory")),
        block_(block_of(environment_)) {
    if (command.program.empty()) throw std::invalid_argument("a command names no program");
    std::vector<std::wstring> arguments;
    for (const std::string& each : command.arguments) {
      arguments.push_back(text_of(each, "an argument"));
    }
    line_ = command_line(text_of(command.name.value_or(command.program), "an argument"), arguments);
    flags_ = CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT | CREATE_SUSPENDED;
    if (command.new_session) flags_ |= DETACHED_PROCESS;
    if (command.new_session || command.new_group) flags_ |= CREATE_NEW_PROCESS_GROUP;
    leads_group_ = command.new_group && !command.new_session;
  }

  // Starts it, or tells what failed. Errors: SystemError for what is no fault of the command's.
  std::optional<Failed> start(const ChildHandles& handles, SpawnedChild& child) {
    if (handles.failure()) return handles.failure();
    if (!directory_.empty() && !std::filesystem::is_directory(directory_)) {
      const DWORD attributes = ::GetFileAttributesW(directory_.c_str());
      const bool is_there = attributes != INVALID_FILE_ATTRIBUTES;
      return Failed{step_directory,
                    is_there ? DWORD{ERROR_DIRECTORY} : DWORD{ERROR_PATH_NOT_FOUND}};
    }
    const std::optional<std::wstring> path = find_program(program_, directory_, environment_);
    if (!path) return Failed{step_execute, ERROR_FILE_NOT_FOUND};
    refuse_batch_file(*path);
    return execute(*path, handles, child);
  }

 private:
  std::optional<Failed> execute(const std::wstring& path, const ChildHandles& handles,
                                SpawnedChild& child) {
    InheritanceList list(handles.all());
    STARTUPINFOEXW startup = {};
    startup.StartupInfo.cb = sizeof startup;
    startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    startup.StartupInfo.hStdInput = handles.of(0);
    startup.StartupInfo.hStdOutput = handles.of(1);
    startup.StartupInfo.hStdError = handles.of(2);
    startup.lpAttributeList = list.get();
    OwnedHandle job = make_job();
    PROCESS_INFORMATION made = {};
    if (::CreateProcessW(path.c_str(), line_.data(), nullptr, nullptr, list.inherits(), flags_,
                         block_.data(), directory_.empty() ? nullptr : directory_.c_str(),
                         &startup.StartupInfo, &made) == 0) {
      return Failed{step_execute, ::GetLastError()};
    }
    OwnedHandle process = owned(made.hProcess);
    const OwnedHandle thread = owned(made.hThread);
    // It has not run yet, so that it starts nothing outside of the job.
    if (::AssignProcessToJobObject(get(job), made.hProcess) == 0) {
      const DWORD error = ::GetLastError();
      ::TerminateProcess(made.hProcess, 1);
      return Failed{"put the process into a job", error};
    }
    ::ResumeThread(made.hThread);
    child.native = std::make_unique<WindowsChild>(
        static_cast<int>(made.dwProcessId), std::move(process), std::move(job),
        leads_group_ ? WindowsChild::Console::leads_group : WindowsChild::Console::none);
    return std::nullopt;
  }

  Environment environment_;
  std::wstring program_;
  std::wstring directory_;
  std::wstring block_;
  std::wstring line_;
  DWORD flags_ = 0;
  bool leads_group_ = false;
};

void refuse_user(const Command& command) {
  if (!command.user && !command.group) return;
  refuse("cannot run '" + command.program + "' as another user: Windows has no numbers of users");
}

// In place of the child. A pipe holds more than a sentence, so that this does not wait.
void complain(const ChildHandles& handles, const std::string& sentence) noexcept {
  DWORD size = 0;
  ::WriteFile(handles.of(2), sentence.data(), static_cast<DWORD>(sentence.size()), &size, nullptr);
}

}  // namespace

SpawnedChild spawn_child(const Command& command, SpawnFailure failure) {
  refuse_user(command);
  Preparation prepared(command);
  ChildHandles handles(command.descriptors);
  SpawnedChild child;
  if (const std::optional<Failed> failed = prepared.start(handles, child)) {
    const SystemError error(system_error_code(error_number(failed->code)),
                            "coil: cannot run '" + command.program + "': " + failed->step);
    if (failure == SpawnFailure::is_thrown) throw error;
    if (handles.of(2) != nullptr) complain(handles, std::string(error.what()) + "\n");
    child.native = std::make_unique<FailedChild>();
  }
  child.ends = std::move(handles.ends);
  return child;
}

}  // namespace coil::detail
