// A compilation for which there is no memory, wherever that is, ends with std::bad_alloc, and has
// given everything back.
#include "compile_text.h"
#include "test_inputs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

namespace {

// Of this thread's allocations, how many will be made until one fails; negative: none fails.
thread_local int64_t allocationsLeft = -1;
std::atomic<int64_t> liveBlocks = 0;

} // namespace

// All forms are replaced: a sanitizer has its own of those that are not, which know nothing of
// free().
void* operator new(size_t size, const std::nothrow_t&) noexcept {
    if (allocationsLeft >= 0 && allocationsLeft-- == 0)
        return nullptr;
    void* block = std::malloc(size == 0 ? 1 : size);
    liveBlocks += block != nullptr;
    return block;
}
void* operator new[](size_t size, const std::nothrow_t& nothrow) noexcept {
    return operator new(size, nothrow);
}
void* operator new(size_t size) {
    void* block = operator new(size, std::nothrow);
    if (block == nullptr)
        throw std::bad_alloc();
    return block;
}
void* operator new[](size_t size) {
    return operator new(size);
}
void operator delete(void* block) noexcept {
    liveBlocks -= block != nullptr;
    std::free(block);
}
void operator delete[](void* block) noexcept {
    operator delete(block);
}
void operator delete(void* block, size_t) noexcept {
    operator delete(block);
}
void operator delete[](void* block, size_t) noexcept {
    operator delete(block);
}

namespace pyston::test {
namespace {

bool compilesWith(const std::string& text, int64_t allocations) {
    allocationsLeft = allocations;
    bool hasCompiled = true;
    try {
        EXPECT_NE(compileHirText(text).kind, Verdict::kBroken);
    } catch (const std::bad_alloc&) {
        hasCompiled = false;
    }
    allocationsLeft = -1;
    return hasCompiled;
}

TEST(NoMemory, GivesEverythingBack) {
    const auto stride = static_cast<int64_t>(fromEnvironment("PYSTON_NO_MEMORY_STRIDE", 199));
    size_t given = 0;
    for (const std::string& text : functionsOfIrTests()) {
        compilesWith(text, INT64_MAX); // what is made once
        const int64_t before = liveBlocks;
        // The first ones, and then some.
        for (int64_t n = 0; !compilesWith(text, n); n += n < 200 ? 1 : stride) {
            ++given;
            ASSERT_EQ(liveBlocks, before) << "without memory for allocation " << n << " of\n"
                                          << text;
        }
        ASSERT_EQ(liveBlocks, before);
    }
    EXPECT_GT(given, 1'000u);
}

} // namespace
} // namespace pyston::test
