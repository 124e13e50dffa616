# Abseil's headers under the names of its targets.
include(${CMAKE_CURRENT_LIST_DIR}/../../headers/headers.cmake)
coil_link_headers(absl folder)
foreach(part IN ITEMS
    any_invocable cleanup core_headers flat_hash_map flat_hash_set function_ref inlined_vector
    status statusor str_format strings synchronization time)
  if(NOT TARGET absl::${part})
    add_library(absl::${part} INTERFACE IMPORTED)
    target_include_directories(absl::${part} SYSTEM INTERFACE ${folder})
  endif()
endforeach()
