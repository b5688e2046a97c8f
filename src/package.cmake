# The Debian package, by `cpack -G DEB` in the build folder, for the release that it is built on.
set(package tensor-relu-parallel)
set(changelog "${package} (${PROJECT_VERSION}) stable; urgency=medium

  * README.md says what the program does.

 -- the tensor_relu_parallel developers <developers@tensor-relu-parallel.invalid>  Mon, 23 Nov 2026 00:00:00 +0000
")
file(WRITE ${PROJECT_BINARY_DIR}/changelog "${changelog}")
find_program(TRP_GZIP gzip REQUIRED)
execute_process(COMMAND ${TRP_GZIP} -9nf ${PROJECT_BINARY_DIR}/changelog)
install(FILES ${PROJECT_BINARY_DIR}/changelog.gz DESTINATION share/doc/${package} COMPONENT package)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/copyright DESTINATION share/doc/${package} COMPONENT package)

set(CPACK_PACKAGE_NAME ${package})
set(CPACK_PACKAGE_CONTACT "the tensor_relu_parallel developers <developers@tensor-relu-parallel.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "trainer of small neural networks with the same bits from any thread count")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Trains a small ReLU network on MNIST-style images with all CPUs, and shows
what each kind of parallelism buys. Whatever the strategy and the number of
workers, the trained weights are the same, bit for bit.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
# Without what it takes to compile against the library.
set(CPACK_COMPONENTS_ALL program package)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
include(CPack)
