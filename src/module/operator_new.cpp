// The extension's own operator new and delete (they are not visible outside it): small objects
// come from support/allocator.h, which also says what happens when there is no memory.
#include "support/allocator.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

void* allocate(size_t size) {
    if (pyston::support::refusedBlocks.load(std::memory_order_relaxed) != 0 &&
        pyston::support::isRefused()) [[unlikely]]
        return nullptr;
    void* block = pyston::support::allocateSmall(size);
    if (block == nullptr)
        block = std::malloc(size);
    if (block == nullptr && !pyston::support::mayGiveUp()) [[unlikely]]
        block = pyston::support::allocateFromReserve(size);
    return block;
}

void release(void* block) {
    if (!pyston::support::freeSmall(block) && !pyston::support::freeToReserve(block))
        std::free(block);
}

} // namespace

void* operator new(size_t size) {
    void* block = allocate(size);
    if (block == nullptr) [[unlikely]] {
        if (pyston::support::mayGiveUp())
            throw std::bad_alloc();
        // What is not a compilation cannot be given up in its midst.
        std::fputs("pyston: out of memory\n", stderr);
        std::abort();
    }
    return block;
}
void* operator new[](size_t size) {
    return operator new(size);
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
    return allocate(size);
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
    return allocate(size);
}
void operator delete(void* block) noexcept {
    release(block);
}
void operator delete[](void* block) noexcept {
    release(block);
}
void operator delete(void* block, size_t) noexcept {
    release(block);
}
void operator delete[](void* block, size_t) noexcept {
    release(block);
}
