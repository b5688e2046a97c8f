# ctest learns the test cases of a Catch2 program from their names when it is built, and a name that
# CMake cannot take (one with a lone bracket) makes it lose all that follow, silently. This
# counts them both ways. Usage: cmake -DPROGRAM=... -DCTEST=... -DBUILD=... -P no_test_lost.cmake
execute_process(COMMAND ${PROGRAM} --list-test-names-only  # Catch2 2
                OUTPUT_VARIABLE own OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(own STREQUAL "")
  execute_process(COMMAND ${PROGRAM} --list-tests --verbosity quiet  # Catch2 3
                  OUTPUT_VARIABLE own OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
if(own STREQUAL "")
  message(FATAL_ERROR "${PROGRAM} lists no test")
endif()
execute_process(COMMAND ${CTEST} --test-dir ${BUILD} --show-only OUTPUT_VARIABLE known)
string(REPLACE "[" "(" own "${own}")
string(REPLACE "]" ")" own "${own}")
string(REPLACE ";" "," own "${own}")
string(REPLACE "\n" ";" own "${own}")
foreach(name IN LISTS own)
  string(FIND "${known}" ": ${name}\n" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "ctest does not run \"${name}\" of ${PROGRAM}; rename it without brackets or semicolons")
  endif()
endforeach()
list(LENGTH own count)
message(STATUS "${count} test cases, all known to ctest")
