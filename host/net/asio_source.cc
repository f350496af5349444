// SPDX-License-Identifier: Apache-2.0
//
// Boost.Asio's own source, compiled once for the whole host (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/impl/src.hpp>
