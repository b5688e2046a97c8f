# Installs the program and the library, and builds and runs a program that uses the library:
#   cmake -D BUILD=… -D SOURCE=… -P package_test.cmake
cmake_minimum_required(VERSION 3.22)
set(folder ${BUILD}/package_test)
set(prefix ${folder}/prefix)
file(REMOVE_RECURSE ${folder})

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(failed)
    message(FATAL_ERROR "${ARGV}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
# No data set of the machine may be found before the sample that was installed.
run(${CMAKE_COMMAND} -E env TENSOR_RELU_DATA=${prefix}/share/tensor_relu_parallel/sample
  ${prefix}/bin/tensor_relu_parallel --dry-run --epochs 1)
run(${CMAKE_COMMAND} -S ${SOURCE}/tests/package -B ${folder}/build -DCMAKE_PREFIX_PATH=${prefix})
run(${CMAKE_COMMAND} --build ${folder}/build)
run(${folder}/build/outside ${prefix}/share/tensor_relu_parallel/sample ${folder}/model.safetensors)
# As many bits as the program itself trains with.
string(REGEX MATCH "^xxh128:[0-9a-f]+" digest "${output}")
run(${prefix}/bin/tensor_relu_parallel --data ${prefix}/share/tensor_relu_parallel/sample --epochs 2
  --format json)
if(NOT digest OR NOT output MATCHES "\"weights\": \"${digest}\"")
  message(FATAL_ERROR "The library trained ${digest}, the program\n${output}")
endif()

# The man page and what completes command lines come with the program, and all of it goes again.
foreach(file man/man1/tensor_relu_parallel.1.gz bash-completion/completions/tensor_relu_parallel
    zsh/site-functions/_tensor_relu_parallel fish/vendor_completions.d/tensor_relu_parallel.fish)
  if(NOT EXISTS ${prefix}/share/${file})
    message(FATAL_ERROR "${file} is not installed")
  endif()
endforeach()
file(WRITE ${prefix}/share/zsh/site-functions/_other "")
run(${CMAKE_COMMAND} --build ${BUILD} --target uninstall)
file(GLOB_RECURSE files ${prefix}/*)
if(NOT files STREQUAL "${prefix}/share/zsh/site-functions/_other" OR EXISTS ${prefix}/include/trp)
  message(FATAL_ERROR "After uninstalling there are still ${files}")
endif()
