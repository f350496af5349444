# SPDX-License-Identifier: Apache-2.0
#
# meshhost_add_module(NAME
#   SOURCES FILE...              C or C++ sources
#   [PROTOS FILE...]             .proto files, relative to a PROTO_PATH
#   [PROTO_PATH DIR...]          where they and their imports are (default: this directory)
#   [LIBRARIES TARGET...]        what else to link; private dependencies should be static
#   [DIRECTORY DIR])             where NAME.so goes (default: ${CMAKE_BINARY_DIR}/modules)
#
# Makes NAME.so, fit to be loaded, upgraded and unloaded by the host:
#   - one exported symbol (version script); nothing undefined, everything bound at load
#   - C++ runtime linked statically, so that modules of different compilers live together
#   - destructors of statics on the module's own list (module/exit_handlers.c)
#   - PROTOS compiled for the LITE runtime, because two modules that register the same file in one
#     full protobuf runtime abort the process; and their descriptors with all imports embedded
#     (<meshhost/descriptors.h>), from which the host serves reflection and checks methods.
#     A module without C++ sources gets only the descriptors.
#
# With MESHHOST_SANITIZE (as for -fsanitize=) the sanitizer's runtime and the C++ runtime are the
# process's shared ones, since two copies in one process do not work.

set(MESHHOST_MODULE_FILES ${CMAKE_CURRENT_LIST_DIR}/module CACHE INTERNAL
  "folder of the files that every module is linked with")

function(meshhost_add_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DIRECTORY" "SOURCES;PROTOS;PROTO_PATH;LIBRARIES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "meshhost_add_module(${name}): unknown ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_DIRECTORY)
    set(arg_DIRECTORY ${CMAKE_BINARY_DIR}/modules)
  endif()
  set(languages ${arg_SOURCES})
  list(FILTER languages INCLUDE REGEX "\\.(cc|cpp|cxx|C)$")

  add_library(${name} MODULE ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so"
    LIBRARY_OUTPUT_DIRECTORY ${arg_DIRECTORY}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    LINK_DEPENDS ${MESHHOST_MODULE_FILES}/module.map)
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} meshhost::sdk)
  target_link_options(${name} PRIVATE
    -Wl,--version-script=${MESHHOST_MODULE_FILES}/module.map -Wl,-z,now -Wl,-z,relro)
  meshhost_module_runtime(${name})
  if(languages)
    target_compile_features(${name} PRIVATE cxx_std_20)
  endif()
  if(arg_PROTOS)
    if(NOT arg_PROTO_PATH)
      set(arg_PROTO_PATH ${CMAKE_CURRENT_SOURCE_DIR})
    endif()
    meshhost_module_protos(${name} "${arg_PROTOS}" "${arg_PROTO_PATH}" "${languages}")
  endif()
endfunction()

# Sanitizer or static runtime: the one or the other.
function(meshhost_module_runtime name)
  if(MESHHOST_SANITIZE)
    target_compile_options(${name} PRIVATE
      -fsanitize=${MESHHOST_SANITIZE} -fno-sanitize=vptr -fno-omit-frame-pointer
      -fno-sanitize-recover=all
      $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-tsan>
      $<$<COMPILE_LANG_AND_ID:C,GNU>:-Wno-maybe-uninitialized -Wno-stringop-overflow>)
    target_link_options(${name} PRIVATE -fsanitize=${MESHHOST_SANITIZE})
    return()  # no exit_handlers.c: the sanitizers follow glibc's own list
  endif()
  target_sources(${name} PRIVATE ${MESHHOST_MODULE_FILES}/exit_handlers.c)
  target_link_options(${name} PRIVATE
    -Wl,-z,defs -static-libgcc $<$<LINK_LANGUAGE:CXX>:-static-libstdc++>)
  target_compile_definitions(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:MH_STATIC_RUNTIME=1>)
endfunction()

# The file of a PROTO_PATH that `proto` names.
function(meshhost_find_proto proto paths out)
  foreach(path IN LISTS paths)
    if(EXISTS ${path}/${proto})
      set(${out} ${path}/${proto} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "meshhost_add_module: ${proto} is in none of ${paths}")
endfunction()

function(meshhost_module_protos name protos paths languages)
  find_package(Protobuf REQUIRED)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${name}_protos)
  file(MAKE_DIRECTORY ${generated})
  set(outputs)
  set(inputs)
  set(options)
  foreach(path IN LISTS paths)
    list(APPEND options -I ${path})
  endforeach()
  foreach(proto IN LISTS protos)
    meshhost_find_proto(${proto} "${paths}" input)
    list(APPEND inputs ${input})
    string(REGEX REPLACE "\\.proto$" "" base ${proto})
    list(APPEND outputs ${generated}/${base}.pb.cc)
    list(APPEND headers ${generated}/${base}.pb.h)
  endforeach()

  if(languages)
    add_custom_command(OUTPUT ${outputs} ${headers}
      COMMAND protobuf::protoc --cpp_out=lite:${generated} ${options} ${protos}
      DEPENDS ${inputs} VERBATIM COMMENT "protoc (lite) for module ${name}")
    # Generated code is not ours to keep free of warnings.
    set_source_files_properties(${outputs} PROPERTIES COMPILE_OPTIONS -w)
    target_sources(${name} PRIVATE ${outputs} ${headers})
    target_include_directories(${name} SYSTEM PRIVATE ${generated})
    target_link_libraries(${name} PRIVATE protobuf::libprotobuf-lite)
  endif()

  add_custom_command(OUTPUT ${generated}/descriptors.c
    COMMAND protobuf::protoc --descriptor_set_out=${generated}/descriptors.binpb
            --include_imports ${options} ${protos}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${generated}/descriptors.binpb
            -DOUTPUT=${generated}/descriptors.c
            -P ${MESHHOST_MODULE_FILES}/embed_descriptors.cmake
    DEPENDS ${inputs} ${MESHHOST_MODULE_FILES}/embed_descriptors.cmake
    VERBATIM COMMENT "descriptors of module ${name}")
  target_sources(${name} PRIVATE ${generated}/descriptors.c)
endfunction()
