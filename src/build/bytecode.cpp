#include "build/bytecode.h"

#include <algorithm>

namespace pyston::build {

std::string_view name(Op op) {
    static constexpr std::string_view kNames[] = {
#define BYTECODE(name) #name,
#include "build/bytecodes.def"
#undef BYTECODE
    };
    return kNames[static_cast<size_t>(op)];
}

int Bytecode::indexOf(int offset) const {
    auto after = std::upper_bound(instrs.begin(), instrs.end(), offset,
                                  [](int o, const Instr& i) { return o < i.resumeOffset; });
    if (after == instrs.begin()) {
        return -1;
    }
    const Instr& found = *(after - 1);
    return offset <= found.offset ? static_cast<int>(after - instrs.begin()) - 1 : -1;
}

} // namespace pyston::build
