# Checks what the folders of the program include:  cmake -D SOURCE_DIR=… -P layering_test.cmake
# Each may include only itself and those before it.
cmake_minimum_required(VERSION 3.22)
set(FOLDERS core system parallel profile formats nn data strategy train measure lab report cli)
set(violations "")

set(allowed "")
foreach(folder IN LISTS FOLDERS)
  list(APPEND allowed ${folder})
  file(GLOB_RECURSE files
    ${SOURCE_DIR}/src/${folder}/*.h
    ${SOURCE_DIR}/src/${folder}/*.cpp)
  foreach(file IN LISTS files)
    file(STRINGS ${file} lines REGEX "^ *# *include")
    foreach(line IN LISTS lines)
      if(line MATCHES "include \"([a-z]+)/" AND NOT CMAKE_MATCH_1 IN_LIST allowed)
        string(APPEND violations "  ${file}: ${line}\n")
      endif()
      # CLI11 is one file's business.
      if(line MATCHES "<CLI/" AND NOT file STREQUAL "${SOURCE_DIR}/src/cli/options.cpp")
        string(APPEND violations "  ${file}: ${line}\n")
      endif()
    endforeach()
  endforeach()
endforeach()

# A folder that is not in the list would not be checked.
file(GLOB entries RELATIVE ${SOURCE_DIR} ${SOURCE_DIR}/src/*)
foreach(entry IN LISTS entries)
  get_filename_component(name ${entry} NAME)
  if(IS_DIRECTORY ${SOURCE_DIR}/${entry} AND NOT name IN_LIST FOLDERS)
    string(APPEND violations "  ${entry}: this folder has no place in the order\n")
  endif()
endforeach()

if(violations)
  message(FATAL_ERROR "A folder includes what comes after it:\n${violations}")
endif()
