# Turns warnings into errors in our own builds. A user's build never sees these flags.

# coil_enable_warnings(target): private to the target.
function(coil_enable_warnings target)
  if(COIL_WARNINGS AND CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(${target} PRIVATE
      -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
      # gcc 12 and 13 see an overlap in every `"text" + std::string` at -O3.
      $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
      # Only clang reads the annotations of locks.
      $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
  endif()
endfunction()
