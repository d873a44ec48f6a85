// The extension's own operator new and delete (they are not visible outside it): small objects
// come from support/allocator.h.
#include "support/allocator.h"

#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

void* allocate(size_t size) {
    void* block = pyston::support::allocateSmall(size);
    return block != nullptr ? block : std::malloc(size);
}

void release(void* block) {
    if (!pyston::support::freeSmall(block))
        std::free(block);
}

} // namespace

void* operator new(size_t size) {
    void* block = allocate(size);
    if (block == nullptr) { // nothing here can throw, nor go on without
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
