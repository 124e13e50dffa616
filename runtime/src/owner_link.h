// A symbolic link that names the process which made it. For deferred_filesystem_lock.cpp only.
#pragma once

#include <filesystem>

namespace coil::detail {

enum class LinkClaim { taken, taken_over, held };

// Makes the link if there is none, or only that of a process which has ended.
//
// Errors: SystemError when it cannot be made, or is something else.
LinkClaim claim_owner_link(const std::filesystem::path& name);
// Removes the link.
//
// Errors: std::logic_error unless this process is its owner.
void remove_owner_link(const std::filesystem::path& name);

}  // namespace coil::detail
