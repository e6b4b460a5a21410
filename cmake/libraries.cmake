# Every library of the program, found once. All are Debian 12 packages (script/bootstrap).
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(OpenSSL 3 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(ICU 72 REQUIRED COMPONENTS uc i18n data)
find_package(SQLite3 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(POPPLER REQUIRED IMPORTED_TARGET poppler-cpp)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
find_package(LibXml2 REQUIRED)
pkg_check_modules(PROMETHEUS REQUIRED IMPORTED_TARGET prometheus-cpp-core)

# A static library: its OpenMP and BLAS come along.
find_library(FAISS_LIBRARY faiss REQUIRED)
find_library(OPENBLAS_LIBRARY openblas REQUIRED)
add_library(parlance_faiss INTERFACE)
target_link_libraries(parlance_faiss INTERFACE ${FAISS_LIBRARY} ${OPENBLAS_LIBRARY} gomp)

# Asio's code is compiled once, in base/async.cc, instead of in every file that includes it.
add_library(parlance_boost INTERFACE)
target_link_libraries(parlance_boost INTERFACE Boost::headers Boost::json Boost::url Threads::Threads OpenSSL::SSL OpenSSL::Crypto)
target_compile_definitions(parlance_boost INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
                           BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_DISABLE_BOOST_COROUTINE)
