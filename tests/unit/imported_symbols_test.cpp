#include "support/imported_symbols.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <string_view>

namespace pyston::support {
namespace {

TEST(ImportedSymbols, OfEachObjectOnce) {
    size_t objects = 0;
    bool someoneAllocates = false;
    const auto look = [&](const std::vector<const char*>& imports) {
        ++objects;
        someoneAllocates |= std::ranges::any_of(
            imports, [](std::string_view name) { return name == "malloc" || name == "_Znwm"; });
        return false;
    };
    EXPECT_FALSE(anyNewObject(look));
    EXPECT_GE(objects, 3u); // this program, the C and the C++ library
    EXPECT_TRUE(someoneAllocates);
    objects = 0;
    EXPECT_FALSE(anyNewObject(look));
    EXPECT_EQ(objects, 0u);
}

} // namespace
} // namespace pyston::support
