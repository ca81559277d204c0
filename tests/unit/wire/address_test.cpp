#include "wire/address.hpp"

#include <gtest/gtest.h>

namespace voipprobe::wire {
namespace {

// RFC 1918, 6598 and 3927; RFC 4193 and 4291: the first and last address of each block, and their neighbours.
TEST(IpAddress, PrivateBlocks) {
    for (const char* inside : {"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255", "100.64.0.0", "100.127.255.255",
                               "169.254.0.0", "169.254.255.255", "fc00::", "fdff::1", "fe80::1", "febf::1"})
        EXPECT_TRUE(IpAddress::parse(inside)->is_private()) << inside;
    for (const char* outside : {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "100.63.255.255", "100.128.0.0",
                                "169.253.255.255", "169.255.0.0", "fbff::", "fe00::", "fe7f::1", "fec0::1", "2001:db8::1"})
        EXPECT_FALSE(IpAddress::parse(outside)->is_private()) << outside;
}

TEST(IpAddress, UnspecifiedAndMulticast) {
    EXPECT_TRUE(IpAddress{}.is_unspecified());
    EXPECT_TRUE(IpAddress::parse("0.0.0.0")->is_unspecified());
    EXPECT_FALSE(IpAddress::parse("0.0.0.1")->is_unspecified());
    for (const char* group : {"224.0.0.0", "239.255.255.255", "ff02::1"}) EXPECT_TRUE(IpAddress::parse(group)->is_multicast()) << group;
    for (const char* host : {"223.255.255.255", "240.0.0.0", "fe80::1"}) EXPECT_FALSE(IpAddress::parse(host)->is_multicast()) << host;
}

}  // namespace
}  // namespace voipprobe::wire
