# What a program that links to the library needs: find_package(tensor_relu_parallel) and the target
# tensor_relu_parallel::trp.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(Eigen3)
find_dependency(fmt)
find_dependency(hwy)
find_dependency(PNG)
find_dependency(ZLIB)
find_dependency(PkgConfig)
pkg_check_modules(xxhash REQUIRED QUIET IMPORTED_TARGET libxxhash)
include(${CMAKE_CURRENT_LIST_DIR}/tensor_relu_parallel-targets.cmake)
