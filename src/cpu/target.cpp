#include "cpu/target.h"

namespace pyston::cpu {

const Target& hostTarget() {
#if defined(__aarch64__)
    return aarch64();
#else
    return x86_64();
#endif
}

} // namespace pyston::cpu
