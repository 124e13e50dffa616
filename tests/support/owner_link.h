// What a DeferredFilesystemLock leaves in the file system, as a test makes it and sees it.
#pragma once

#include <filesystem>
#include <string>

namespace coil::testing {

// The link of another owner, whose name is `owner`.
void make_owner_link(const std::filesystem::path& name, const std::string& owner);
// Empty if there is none.
std::string read_owner_link(const std::filesystem::path& name);
// The number of a process that has ended.
std::string dead_process();

}  // namespace coil::testing
