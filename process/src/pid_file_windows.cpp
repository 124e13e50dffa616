// A locked file with the number of a process, by LockFileEx.
#include <coil/process/pid_file.h>

#include "owned_descriptor.h"
#include "pid_text.h"
#include "pipe_windows.h"
#include "text_windows.h"

#include <fcntl.h>
#include <io.h>

#include <array>
#include <string>
#include <utility>

namespace coil {

namespace {

// Beyond all that the file holds: what is locked cannot be read by others.
OVERLAPPED lock_place() noexcept {
  OVERLAPPED place = {};
  place.OffsetHigh = 0x4000'0000;
  return place;
}

long read_number(HANDLE file) noexcept {
  std::array<char, 32> text;
  OVERLAPPED beginning = {};
  DWORD size = 0;
  if (::ReadFile(file, text.data(), static_cast<DWORD>(text.size()), &size, &beginning) == 0) {
    return 0;
  }
  return detail::number_in({text.data(), size});
}

// Whether a process of that number runs, and has since the file was written last.
bool has_run_since(long process, const FILETIME& moment) noexcept {
  const HANDLE opened = ::OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE,
                                      static_cast<DWORD>(process));
  if (opened == nullptr) return ::GetLastError() == ERROR_ACCESS_DENIED;
  const OwnedHandle owner = detail::owned(opened);
  if (::WaitForSingleObject(opened, 0) == WAIT_OBJECT_0) return false;
  FILETIME begun = {};
  FILETIME other = {};
  if (::GetProcessTimes(opened, &begun, &other, &other, &other) == 0) return true;
  return ::CompareFileTime(&begun, &moment) <= 0;
}

[[noreturn]] void fail(const std::filesystem::path& name, const char* what) {
  detail::throw_last(std::string(what) + " the pid file " + name.string());
}

}  // namespace

// Between the opening and the lock the owner may have removed the file that was opened, and
// somebody else may have made the next: the lock counts only if the name still leads to what it is
// on.
bool PidFile::open_and_lock() {
  const HANDLE file =
      ::CreateFileW(name_.c_str(), GENERIC_READ | GENERIC_WRITE,
                    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_ALWAYS,
                    FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, nullptr);
  if (file == INVALID_HANDLE_VALUE) fail(name_, "cannot open");
  descriptor_ = ::_open_osfhandle(reinterpret_cast<std::intptr_t>(file), _O_BINARY);
  BY_HANDLE_FILE_INFORMATION seen = {};
  if (::GetFileInformationByHandle(file, &seen) == 0) fail(name_, "cannot look at");
  if (::GetFileType(file) != FILE_TYPE_DISK ||
      (seen.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) {
    ::SetLastError(ERROR_INVALID_PARAMETER);
    fail(name_, "no plain file is");
  }
  OVERLAPPED place = lock_place();
  if (::LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &place) ==
      0) {
    if (::GetLastError() != ERROR_LOCK_VIOLATION) fail(name_, "cannot lock");
    detail::refuse_held(name_, read_number(file));
  }
  if (!is_at_its_name()) {
    ::_close(std::exchange(descriptor_, -1));
    return false;
  }
  const long before = read_number(file);
  if (before != 0 && before != owner_ && has_run_since(before, seen.ftLastWriteTime)) {
    detail::refuse_held(name_, before);
  }
  return true;
}

bool PidFile::is_at_its_name() const noexcept {
  const HANDLE named =
      ::CreateFileW(name_.c_str(), 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    nullptr, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT, nullptr);
  if (named == INVALID_HANDLE_VALUE) return false;
  const OwnedHandle owner = detail::owned(named);
  BY_HANDLE_FILE_INFORMATION ours = {};
  BY_HANDLE_FILE_INFORMATION there = {};
  return ::GetFileInformationByHandle(detail::handle_of(descriptor_), &ours) != 0 &&
         ::GetFileInformationByHandle(named, &there) != 0 &&
         ours.dwVolumeSerialNumber == there.dwVolumeSerialNumber &&
         ours.nFileIndexHigh == there.nFileIndexHigh && ours.nFileIndexLow == there.nFileIndexLow;
}

// The number comes before the cut, so that a reader never finds the file empty.
void PidFile::write_number() const {
  const std::string text = std::to_string(owner_) + "\n";
  const HANDLE file = detail::handle_of(descriptor_);
  OVERLAPPED beginning = {};
  DWORD size = 0;
  if (::WriteFile(file, text.data(), static_cast<DWORD>(text.size()), &size, &beginning) == 0) {
    fail(name_, "cannot write");
  }
  if (::_chsize(descriptor_, static_cast<long>(text.size())) != 0) fail(name_, "cannot cut");
}

// Emptied first: where it cannot be removed, it is stale all the same.
void PidFile::release() noexcept {
  if (!held()) return;
  ::_chsize(descriptor_, 0);
  if (is_at_its_name()) ::DeleteFileW(name_.c_str());
  ::_close(std::exchange(descriptor_, -1));
}

}  // namespace coil
