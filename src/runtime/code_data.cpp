#include "runtime/code_data.h"

#include <algorithm>

namespace pyston::runtime {

const void* CodeBlob::entryAt(int byteOffset) const {
    auto found = std::lower_bound(entries.begin(), entries.end(), byteOffset,
                                  [](const std::pair<int32_t, const void*>& entry, int offset) {
                                      return entry.first < offset;
                                  });
    return found != entries.end() && found->first == byteOffset ? found->second : nullptr;
}

} // namespace pyston::runtime
