# Makes a folder of links to Debian's headers of one library, for a compiler that must not see the
# rest of /usr/include.
function(coil_link_headers name out)
  set(folder ${CMAKE_BINARY_DIR}/headers/${name})
  file(MAKE_DIRECTORY ${folder})
  file(CREATE_LINK /usr/include/${name} ${folder}/${name} SYMBOLIC)
  set(${out} ${folder} PARENT_SCOPE)
endfunction()
