#include "support/address_space.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace pyston::support {
namespace {

constexpr size_t kFairShare = 16; // one of so many parts

// SIZE_MAX: none.
size_t limitOn(__rlimit_resource_t resource) {
    rlimit limit{};
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    return limit.rlim_cur;
}

// In bytes; 0 if that is not known.
struct Used {
    size_t addresses = 0;
    size_t data = 0;
};

// See proc(5): the first and the sixth number of statm, in pages.
Used used() {
    const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return {};
    char text[256] = {};
    const ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    Used pages;
    if (length <= 0 ||
        std::sscanf(text, "%zu %*u %*u %*u %*u %zu", &pages.addresses, &pages.data) != 2)
        return {};
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return {pages.addresses * page, pages.data * page};
}

} // namespace

bool addressSpaceIsLimited() {
    return limitOn(RLIMIT_AS) != SIZE_MAX || limitOn(RLIMIT_DATA) != SIZE_MAX;
}

size_t fairAddressSpace(size_t reserved) {
    if (!addressSpaceIsLimited())
        return SIZE_MAX;
    const Used now = used();
    const auto left = [](size_t limit, size_t used) { return limit - std::min(limit, used); };
    const size_t least =
        std::min(left(limitOn(RLIMIT_AS), now.addresses), left(limitOn(RLIMIT_DATA), now.data));
    const size_t fair = (least + reserved) / kFairShare;
    return fair - std::min(fair, reserved);
}

} // namespace pyston::support
