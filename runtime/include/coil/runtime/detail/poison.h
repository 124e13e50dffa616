// What a pool keeps is poisoned under ASan, so that it hides no use after free.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define COIL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COIL_ASAN 1
#endif
#endif
#if defined(COIL_ASAN)
#include <sanitizer/asan_interface.h>
#endif

namespace coil::detail {

#if defined(COIL_ASAN)
inline void poison(void* block, std::size_t size) noexcept {
  __asan_poison_memory_region(block, size);
}
inline void unpoison(void* block, std::size_t size) noexcept {
  __asan_unpoison_memory_region(block, size);
}
#else
inline void poison(void*, std::size_t) noexcept {}
inline void unpoison(void*, std::size_t) noexcept {}
#endif

}  // namespace coil::detail
